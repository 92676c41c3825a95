// Double precision in integers, for numbers that are not negative and far from the ends of the range: sums and products have the bits that IEEE 754 gives them
// (53 bits, to nearest, ties to even).

// (high · 2³² + low) · 2^(exponent − 63): the first bit of high is 1, the last 11 of low are 0. Zero: high is 0.
struct Double {
  high: u32,
  low: u32,
  exponent: i32,
}

// `sticky`: whether there were ones behind the last bit of low.
fn rounded(high: u32, low: u32, sticky: bool, exponent: i32) -> Double {
  let kept = low & 0xfffff800u;
  if ((low & 0x400u) == 0u || ((low & 0xbffu) == 0u && !sticky)) {
    return Double(high, kept, exponent);
  }
  let next = kept + 0x800u;
  let top = high + select(0u, 1u, next == 0u);
  if (top == 0u) {
    return Double(0x80000000u, 0u, exponent + 1);
  }
  return Double(top, next, exponent);
}

// Both words of a product, the higher first.
fn wide_product(a: u32, b: u32) -> vec2<u32> {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let middle = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let other = (a & 0xffffu) * (b >> 16u) + (middle & 0xffffu);
  return vec2<u32>((a >> 16u) * (b >> 16u) + (middle >> 16u) + (other >> 16u), (other << 16u) | (low & 0xffffu));
}

// Sum and carry.
fn wide_sum(a: u32, b: u32) -> vec2<u32> {
  let total = a + b;
  return vec2<u32>(total, select(0u, 1u, total < a));
}

fn product(a: Double, b: Double) -> Double {
  if (a.high == 0u || b.high == 0u) {
    return Double(0u, 0u, 0);
  }
  let lows = wide_product(a.low, b.low);
  let left = wide_product(a.high, b.low);
  let right = wide_product(a.low, b.high);
  let highs = wide_product(a.high, b.high);
  let middle = wide_sum(left.y, right.y);
  let second = wide_sum(middle.x, lows.x);
  let upper = wide_sum(left.x, right.x);
  let carried = wide_sum(upper.x, middle.y + second.y);
  let third = wide_sum(carried.x, highs.y);
  let fourth = highs.x + upper.y + carried.y + third.y;
  if (fourth >= 0x80000000u) {
    return rounded(fourth, third.x, (second.x | lows.y) != 0u, a.exponent + b.exponent + 1);
  }
  let high = (fourth << 1u) | (third.x >> 31u);
  let low = (third.x << 1u) | (second.x >> 31u);
  return rounded(high, low, ((second.x << 1u) | lows.y) != 0u, a.exponent + b.exponent);
}

fn total(a: Double, b: Double) -> Double {
  if (a.high == 0u) {
    return b;
  }
  if (b.high == 0u) {
    return a;
  }
  let a_leads = a.exponent >= b.exponent;
  let exponent = max(a.exponent, b.exponent);
  let large = vec2<u32>(select(b.high, a.high, a_leads), select(b.low, a.low, a_leads));
  var high = select(a.high, b.high, a_leads);
  var low = select(a.low, b.low, a_leads);
  let shift = u32(exponent - min(a.exponent, b.exponent));
  var sticky = false;
  if (shift >= 64u) {
    sticky = true;
    high = 0u;
    low = 0u;
  } else if (shift >= 32u) {
    let by = shift - 32u;
    sticky = low != 0u || (high & ((1u << by) - 1u)) != 0u;
    low = high >> by;
    high = 0u;
  } else if (shift > 0u) {
    sticky = (low & ((1u << shift) - 1u)) != 0u;
    low = (low >> shift) | (high << (32u - shift));
    high >>= shift;
  }
  let lower = wide_sum(large.y, low);
  let upper = wide_sum(large.x, high);
  let carried = wide_sum(upper.x, lower.y);
  if ((upper.y | carried.y) == 0u) {
    return rounded(carried.x, lower.x, sticky, exponent);
  }
  let halved = (lower.x >> 1u) | (carried.x << 31u);
  return rounded((carried.x >> 1u) | 0x80000000u, halved, sticky || (lower.x & 1u) != 0u, exponent + 1);
}
