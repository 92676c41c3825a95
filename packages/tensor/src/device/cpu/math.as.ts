/**
 * Elementary functions of four floats, accurate to about 2 units in the last place. Written with separate multiplications and additions, so
 * that they give the same bits with and without fused multiply-add, and without branches, so that they can be inlined into loops that keep their
 * constants. Polynomials for exp, log, tanh, sin and cos are those of Moshier's Cephes.
 */
import { highDoubles, floatsFromDoubles, lowDoubles } from './simd.as';

@inline
function constant(value: f32): v128 {
  return f32x4.splat(value);
}

/** a · b + c in two roundings. */
@inline
function mulAdd(a: v128, b: v128, c: v128): v128 {
  return f32x4.add(f32x4.mul(a, b), c);
}

/** (exp(r) − 1 − r) / r² for |r| ≤ ln(2) / 2. */
@inline
function exponentialTail(r: v128): v128 {
  let y = constant(1.987569150e-4);
  y = mulAdd(y, r, constant(1.3981999507e-3));
  y = mulAdd(y, r, constant(8.3334519073e-3));
  y = mulAdd(y, r, constant(4.1665795894e-2));
  y = mulAdd(y, r, constant(1.6666665459e-1));
  return mulAdd(y, r, constant(5.0000001201e-1));
}

/** Added to a float below 2²², it leaves the nearest whole number at the bottom of the fraction: cheaper than a conversion. */
@inline
function rounder(): v128 {
  return constant(12582912);
}

/** eˣ; 0 below −104, infinite above 88.7. */
@inline
export function exp(x: v128): v128 {
  // pmin and pmax are one instruction each, and pass on NaN in their first operand.
  const bounded = f32x4.pmin(f32x4.pmax(x, constant(-105)), constant(90));
  const shifted = f32x4.add(f32x4.mul(bounded, constant(1.44269504)), rounder());
  const n = f32x4.sub(shifted, rounder());
  let r = f32x4.sub(bounded, f32x4.mul(n, constant(0.693359375)));
  r = f32x4.sub(r, f32x4.mul(n, constant(-2.12194440e-4)));
  const value = f32x4.add(mulAdd(exponentialTail(r), f32x4.mul(r, r), r), constant(1));
  // 2ⁿ in two factors, since 2ⁿ itself may be subnormal or too large.
  const exponent = i32x4.sub(shifted, rounder());
  const half = i32x4.shr_s(exponent, 1);
  const one = constant(1);
  const first = i32x4.add(i32x4.shl(half, 23), one);
  const second = i32x4.add(i32x4.shl(i32x4.sub(exponent, half), 23), one);
  return f32x4.mul(f32x4.mul(value, first), second);
}

/** eˣ − 1 without cancellation near 0. */
@inline
export function expm1(x: v128): v128 {
  const near = mulAdd(exponentialTail(x), f32x4.mul(x, x), x);
  const far = f32x4.sub(exp(x), constant(1));
  return v128.bitselect(near, far, f32x4.lt(f32x4.abs(x), constant(0.3465)));
}

/** The natural logarithm of positive, finite, normal numbers, plus `bias` whole powers of two. */
@inline
function logOfNormal(x: v128, bias: v128): v128 {
  // x = 2ᵉ · m with m in [√½, √2).
  const shifted = i32x4.sub(x, i32x4.splat(0x3f3504f3));
  const exponent = i32x4.shr_s(shifted, 23);
  const m = f32x4.sub(i32x4.sub(x, i32x4.shl(exponent, 23)), constant(1));
  const e = f32x4.add(f32x4.convert_i32x4_s(exponent), bias);
  const square = f32x4.mul(m, m);
  let y = constant(7.0376836292e-2);
  y = mulAdd(y, m, constant(-1.1514610310e-1));
  y = mulAdd(y, m, constant(1.1676998740e-1));
  y = mulAdd(y, m, constant(-1.2420140846e-1));
  y = mulAdd(y, m, constant(1.4249322787e-1));
  y = mulAdd(y, m, constant(-1.6668057665e-1));
  y = mulAdd(y, m, constant(2.0000714765e-1));
  y = mulAdd(y, m, constant(-2.4999993993e-1));
  y = mulAdd(y, m, constant(3.3333331174e-1));
  y = f32x4.mul(f32x4.mul(y, m), square);
  y = mulAdd(e, constant(-2.12194440e-4), y);
  y = mulAdd(square, constant(-0.5), y);
  return mulAdd(e, constant(0.693359375), f32x4.add(m, y));
}

/** `value` where 0 < x < ∞; else what the logarithm is there: −∞ at 0, ∞ at ∞, else NaN. */
@inline
function logarithmOrSpecial(x: v128, value: v128): v128 {
  const infinite = constant(Infinity);
  const regular = v128.and(f32x4.gt(x, constant(0)), f32x4.lt(x, infinite));
  // The square root happens to be right at ∞, for negative numbers and for NaN.
  const special = v128.bitselect(constant(-Infinity), f32x4.sqrt(x), f32x4.eq(x, constant(0)));
  return v128.bitselect(value, special, regular);
}

/** The natural logarithm. */
@inline
export function log(x: v128): v128 {
  const tiny = f32x4.lt(x, constant(1.17549435e-38));
  const scaled = v128.bitselect(f32x4.mul(x, constant(8388608)), x, tiny);
  return logarithmOrSpecial(x, logOfNormal(scaled, v128.and(tiny, constant(-23))));
}

/** ln(1 + x) for x in [0, 1]: ln of the rounded sum, plus what the rounding lost. */
@inline
export function log1pOfUnit(x: v128): v128 {
  const u = f32x4.add(x, constant(1));
  return f32x4.add(logOfNormal(u, constant(0)), f32x4.div(f32x4.sub(x, f32x4.sub(u, constant(1))), u));
}

/** ln(1 + x) without cancellation near 0. */
@inline
export function log1p(x: v128): v128 {
  const u = f32x4.add(x, constant(1));
  const lost = f32x4.div(f32x4.sub(x, f32x4.sub(u, constant(1))), u);
  const value = logarithmOrSpecial(u, f32x4.add(logOfNormal(u, constant(0)), lost));
  // For the smallest x the sum is 1: then ln(1 + x) = x, and −0 keeps its sign.
  return v128.bitselect(x, value, f32x4.eq(u, constant(1)));
}

@inline
export function tanh(x: v128): v128 {
  const z = f32x4.mul(x, x);
  let near = constant(-5.70498872745e-3);
  near = mulAdd(near, z, constant(2.06390887954e-2));
  near = mulAdd(near, z, constant(-5.37397155531e-2));
  near = mulAdd(near, z, constant(1.33314422036e-1));
  near = mulAdd(near, z, constant(-3.33332819422e-1));
  near = mulAdd(f32x4.mul(near, z), x, x);
  const magnitude = f32x4.abs(x);
  const far = f32x4.sub(constant(1), f32x4.div(constant(2), f32x4.add(exp(f32x4.add(magnitude, magnitude)), constant(1))));
  const signed = v128.or(far, v128.and(x, constant(-0.0)));
  return v128.bitselect(near, signed, f32x4.lt(magnitude, constant(0.625)));
}

/** The error function, after N. Juffa's minimax polynomials: odd in x near 0, 1 − exp(p(|x|)) elsewhere. */
@inline
export function erf(x: v128): v128 {
  const t = f32x4.pmin(f32x4.abs(x), constant(4));
  const s = f32x4.mul(x, x);
  let near = constant(-5.96761703e-4);
  near = mulAdd(near, s, constant(4.99119423e-3));
  near = mulAdd(near, s, constant(-2.67681349e-2));
  near = mulAdd(near, s, constant(1.12819925e-1));
  near = mulAdd(near, s, constant(-3.76125336e-1));
  near = mulAdd(near, s, constant(1.28379166e-1));
  near = mulAdd(near, x, x);
  const upper = mulAdd(constant(-1.72853470e-5), t, constant(3.83197126e-4));
  const lower = mulAdd(constant(-3.88396438e-3), t, constant(2.42546219e-2));
  let far = mulAdd(upper, f32x4.mul(t, t), lower);
  far = mulAdd(far, t, constant(-1.06777877e-1));
  far = mulAdd(far, t, constant(-6.34846687e-1));
  far = mulAdd(far, t, constant(-1.28717512e-1));
  far = f32x4.sub(f32x4.mul(far, t), t);
  far = f32x4.sub(constant(1), exp(far));
  far = v128.or(far, v128.and(x, constant(-0.0)));
  return v128.bitselect(near, far, f32x4.lt(f32x4.abs(x), constant(0.92773437)));
}

/** sin(r) for |r| ≤ π / 4. */
@inline
function sineOfReduced(r: v128): v128 {
  const z = f32x4.mul(r, r);
  let y = constant(-1.9515295891e-4);
  y = mulAdd(y, z, constant(8.3321608736e-3));
  y = mulAdd(y, z, constant(-1.6666654611e-1));
  return mulAdd(f32x4.mul(y, z), r, r);
}

/** cos(r) for |r| ≤ π / 4. */
@inline
function cosineOfReduced(r: v128): v128 {
  const z = f32x4.mul(r, r);
  let y = constant(2.443315711809948e-5);
  y = mulAdd(y, z, constant(-1.388731625493765e-3));
  y = mulAdd(y, z, constant(4.166664568298827e-2));
  return f32x4.add(mulAdd(f32x4.mul(y, z), z, f32x4.mul(z, constant(-0.5))), constant(1));
}

/** sin(r + quadrant · π / 2). */
@inline
function sineInQuadrant(r: v128, quadrant: v128): v128 {
  const one = i32x4.splat(1);
  const useCosine = i32x4.eq(v128.and(quadrant, one), one);
  const sign = i32x4.shl(v128.and(quadrant, i32x4.splat(2)), 30);
  return v128.xor(v128.bitselect(cosineOfReduced(r), sineOfReduced(r), useCosine), sign);
}

/** Two doubles less the nearest multiple of π / 2, which is given in two parts (33 bits and the rest): good to about 10⁶. */
@inline
function lessQuarterTurns(x: v128, turns: v128): v128 {
  const rest = f64x2.sub(x, f64x2.mul(turns, f64x2.splat(1.57079632673412561417)));
  return f64x2.sub(rest, f64x2.mul(turns, f64x2.splat(6.07710050650619224932e-11)));
}

@inline
function sineWithShift(x: v128, shift: i32): v128 {
  const low = lowDoubles(x);
  const high = highDoubles(x);
  const quarters = f64x2.splat(0.6366197723675814);
  // The whole number nearest to a double below 2⁵¹ appears at the bottom of its sum with 1.5 · 2⁵².
  const rounder = f64x2.splat(6755399441055744);
  const lowShifted = f64x2.add(f64x2.mul(low, quarters), rounder);
  const highShifted = f64x2.add(f64x2.mul(high, quarters), rounder);
  const lowTurns = f64x2.sub(lowShifted, rounder);
  const highTurns = f64x2.sub(highShifted, rounder);
  const r = floatsFromDoubles(lessQuarterTurns(low, lowTurns), lessQuarterTurns(high, highTurns));
  const quadrant = i8x16.shuffle(
    lowShifted, highShifted,
    0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27,
  );
  return sineInQuadrant(r, i32x4.add(quadrant, i32x4.splat(shift)));
}

@inline
export function sin(x: v128): v128 {
  return sineWithShift(x, 0);
}

@inline
export function cos(x: v128): v128 {
  return sineWithShift(x, 1);
}
