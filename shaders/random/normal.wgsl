// The normal distribution's quantile of a random word, in operations that round the same everywhere (ops/random/normal.as.ts is the same text
// for the CPU). What multiplies and adds goes through `rounded`, or a compiler would be free to fuse or to rearrange it. The including shader has
// `parameters.zero`, which is 0.

// x, with its rounding: no compiler knows that the bits stay as they are.
fn rounded(x: vec4<f32>) -> vec4<f32> {
  return bitcast<vec4<f32>>(bitcast<vec4<u32>>(x) ^ vec4<u32>(parameters.zero));
}

// a · b + c with two roundings.
fn rounded_step(a: vec4<f32>, b: vec4<f32>, c: vec4<f32>) -> vec4<f32> {
  return rounded(rounded(a * b) + c);
}

// log₂(1 + r) / r for 1 + r from √½ to √2, within 9·10⁻⁸.
fn logarithm_ratio(r: vec4<f32>) -> vec4<f32> {
  var sum = rounded_step(vec4<f32>(-0.146384701), r, vec4<f32>(0.234471127));
  sum = rounded_step(sum, r, vec4<f32>(-0.248868838));
  sum = rounded_step(sum, r, vec4<f32>(0.287047982));
  sum = rounded_step(sum, r, vec4<f32>(-0.360236406));
  sum = rounded_step(sum, r, vec4<f32>(0.480924785));
  sum = rounded_step(sum, r, vec4<f32>(-0.721352875));
  return rounded_step(sum, r, vec4<f32>(1.4426949));
}

fn choose(tail: f32, central: f32, is_central: vec4<bool>) -> vec4<f32> {
  return select(vec4<f32>(tail), vec4<f32>(central), is_central);
}

// z / x as a function of w = −log₂(1 − x²), x the probability of [−z, z]: one polynomial for w below 8 (|z| below 2.9), one for the tails up to
// w = 32.
fn quantile_ratio(w: vec4<f32>) -> vec4<f32> {
  let central = w < vec4<f32>(8.0);
  let s = rounded(rounded(w - choose(20.0, 4.0, central)) * choose(0.0833333358, 0.25, central));
  var sum = choose(-0.00143153837, -9.57915399e-05, central);
  sum = rounded_step(sum, s, choose(0.00167524477, 3.07186201e-05, central));
  sum = rounded_step(sum, s, choose(0.00216836762, 0.000841369154, central));
  sum = rounded_step(sum, s, choose(-0.0050154496, -0.0016635108, central));
  sum = rounded_step(sum, s, choose(0.00852317456, -0.00227016141, central));
  sum = rounded_step(sum, s, choose(-0.0233291984, 0.0174017046, central));
  sum = rounded_step(sum, s, choose(0.0679987967, -0.0307383128, central));
  sum = rounded_step(sum, s, choose(-0.23525247, -0.0555088781, central));
  sum = rounded_step(sum, s, choose(1.59318614, 0.957128704, central));
  return rounded_step(sum, s, choose(5.03540993, 2.21791983, central));
}

// The z beyond which the word's lower 31 bits leave a probability of (2 · bits + 1) · 2⁻³³; the top bit is z's sign.
fn quantile(words: vec4<u32>) -> vec4<f32> {
  // Twice that probability is odd · 2⁻³²: its upper 24 bits, or, where it is small, all of it.
  let odd = (words << vec4<u32>(1u)) | vec4<u32>(1u);
  let small = odd < vec4<u32>(1u << 24u);
  let digits = select(odd >> vec4<u32>(8u), odd, small);
  let both = rounded(vec4<f32>(digits) * choose(5.9604644775390625e-8, 2.3283064365386963e-10, small));
  let x = rounded(vec4<f32>((~odd + vec4<u32>(1u)) >> vec4<u32>(8u)) * 5.9604644775390625e-8);
  // 1 − x² = (1 − x) · (1 + x), as a power of two times 1 + r.
  let rest = bitcast<vec4<i32>>(rounded(both * rounded(x + 1.0)));
  let root = vec4<i32>(0x3f3504f3);
  let shifted = rest - root;
  let r = rounded(bitcast<vec4<f32>>((shifted & vec4<i32>(0x007fffff)) + root) - 1.0);
  let power = vec4<f32>(shifted >> vec4<u32>(23u));
  let w = -rounded_step(logarithm_ratio(r), r, power);
  let z = rounded(quantile_ratio(w) * x);
  return bitcast<vec4<f32>>(bitcast<vec4<u32>>(z) ^ (words & vec4<u32>(0x80000000u)));
}
