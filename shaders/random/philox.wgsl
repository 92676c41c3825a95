// Philox 4×32-10 (Salmon et al., SC11): four random words from a counter and a key.

// The low and the high word of a · b.
fn wide_product(a: u32, b: u32) -> vec2<u32> {
  let a_low = a & 0xffffu;
  let a_high = a >> 16u;
  let b_low = b & 0xffffu;
  let b_high = b >> 16u;
  let low_high = a_low * b_high;
  let high_low = a_high * b_low;
  let middle = ((a_low * b_low) >> 16u) + (low_high & 0xffffu) + (high_low & 0xffffu);
  return vec2<u32>(a * b, a_high * b_high + (low_high >> 16u) + (high_low >> 16u) + (middle >> 16u));
}

fn philox(start: vec4<u32>, start_key: vec2<u32>) -> vec4<u32> {
  var counter = start;
  var key = start_key;
  for (var round = 0u; round < 10u; round++) {
    let first = wide_product(0xd2511f53u, counter.x);
    let second = wide_product(0xcd9e8d57u, counter.z);
    counter = vec4<u32>(second.y ^ counter.y ^ key.x, second.x, first.y ^ counter.w ^ key.y, first.x);
    key += vec2<u32>(0x9e3779b9u, 0xbb67ae85u);
  }
  return counter;
}
