/**
 * The normal distribution's quantile of a random word, in operations that round the same everywhere (shaders/random/normal.wgsl is the same text for
 * GPUs): f32 additions and multiplications, never fused. No device's own logarithm, root or division takes part.
 */

@inline
function c(value: f32): v128 {
  return f32x4.splat(value);
}

/** a · b + c with two roundings. */
@inline
function step(a: v128, b: v128, c: v128): v128 {
  return f32x4.add(f32x4.mul(a, b), c);
}

/** log₂(1 + r) / r for 1 + r from √½ to √2, within 9·10⁻⁸. */
@inline
function logarithmRatio(r: v128): v128 {
  let sum = step(c(-0.146384701), r, c(0.234471127));
  sum = step(sum, r, c(-0.248868838));
  sum = step(sum, r, c(0.287047982));
  sum = step(sum, r, c(-0.360236406));
  sum = step(sum, r, c(0.480924785));
  sum = step(sum, r, c(-0.721352875));
  return step(sum, r, c(1.4426949));
}

/** z / x as a function of w = −log₂(1 − x²), x the probability of [−z, z]: one polynomial for w below 8 (|z| below 2.9), one for the tails up to w = 32. */
@inline
function quantileRatio(w: v128): v128 {
  const central = f32x4.lt(w, c(8));
  const s = f32x4.mul(
    f32x4.sub(w, v128.bitselect(c(4), c(20), central)),
    v128.bitselect(c(0.25), c(0.0833333358), central),
  );
  let sum = v128.bitselect(c(-9.57915399e-05), c(-0.00143153837), central);
  sum = step(sum, s, v128.bitselect(c(3.07186201e-05), c(0.00167524477), central));
  sum = step(sum, s, v128.bitselect(c(0.000841369154), c(0.00216836762), central));
  sum = step(sum, s, v128.bitselect(c(-0.0016635108), c(-0.0050154496), central));
  sum = step(sum, s, v128.bitselect(c(-0.00227016141), c(0.00852317456), central));
  sum = step(sum, s, v128.bitselect(c(0.0174017046), c(-0.0233291984), central));
  sum = step(sum, s, v128.bitselect(c(-0.0307383128), c(0.0679987967), central));
  sum = step(sum, s, v128.bitselect(c(-0.0555088781), c(-0.23525247), central));
  sum = step(sum, s, v128.bitselect(c(0.957128704), c(1.59318614), central));
  return step(sum, s, v128.bitselect(c(2.21791983), c(5.03540993), central));
}

/** The z beyond which the word's lower 31 bits leave a probability of (2 · bits + 1) · 2⁻³³; the top bit is z's sign. */
@inline
export function quantile(word: v128): v128 {
  // Twice that probability is odd · 2⁻³²: its upper 24 bits, or, where it is small, all of it.
  const odd = v128.or(i32x4.shl(word, 1), i32x4.splat(1));
  const small = i32x4.eq(i32x4.shr_u(odd, 24), i32x4.splat(0));
  const digits = v128.bitselect(odd, i32x4.shr_u(odd, 8), small);
  const both = f32x4.mul(
    f32x4.convert_i32x4_s(digits),
    v128.bitselect(c(2.3283064365386963e-10), c(5.9604644775390625e-8), small),
  );
  const x = f32x4.mul(f32x4.convert_i32x4_s(i32x4.shr_u(i32x4.neg(odd), 8)), c(5.9604644775390625e-8));
  // 1 − x² = (1 − x) · (1 + x), as a power of two times 1 + r.
  const rest = f32x4.mul(both, f32x4.add(x, c(1)));
  const root = i32x4.splat(0x3f3504f3);
  const shifted = i32x4.sub(rest, root);
  const r = f32x4.sub(i32x4.add(v128.and(shifted, i32x4.splat(0x007fffff)), root), c(1));
  const power = f32x4.convert_i32x4_s(i32x4.shr_s(shifted, 23));
  const w = f32x4.neg(step(logarithmRatio(r), r, power));
  const z = f32x4.mul(quantileRatio(w), x);
  return v128.xor(z, v128.and(word, i32x4.splat(0x80000000)));
}
