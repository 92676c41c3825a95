/**
 * xʸ of four floats, computed as 2^(y · log₂|x|) in double precision, since an error in the exponent grows by up to 128. Special cases are
 * those of C's pow: negative x only with whole y, pow(x, 0) = pow(1, y) = 1.
 */
import { floatsFromDoubles, highDoubles, lowDoubles } from './simd.as';

@inline
function mulAdd(a: v128, b: v128, c: f64): v128 {
  return f64x2.add(f64x2.mul(a, b), f64x2.splat(c));
}

/** log₂ of two doubles that came from floats ≥ 0, to about 10⁻¹²; subnormal floats are normal as doubles. */
@inline
function log2(x: v128): v128 {
  // x = 2ᵉ · m with m in [√½, √2), and log m = 2 · artanh(s) with s = (m − 1) / (m + 1).
  const shifted = i64x2.sub(x, i64x2.splat(0x3fe6a09e667f3bcd));
  const exponent = i64x2.shr_s(shifted, 52);
  const m = i64x2.sub(x, i64x2.shl(exponent, 52));
  const one = f64x2.splat(1);
  const s = f64x2.div(f64x2.sub(m, one), f64x2.add(m, one));
  const z = f64x2.mul(s, s);
  let y = f64x2.splat(1.0 / 13);
  y = mulAdd(y, z, 1.0 / 11);
  y = mulAdd(y, z, 1.0 / 9);
  y = mulAdd(y, z, 1.0 / 7);
  y = mulAdd(y, z, 1.0 / 5);
  y = mulAdd(y, z, 1.0 / 3);
  y = mulAdd(y, z, 1);
  const fraction = f64x2.mul(f64x2.mul(y, s), f64x2.splat(2.885390081777927));
  // The exponent lies between −150 and 128: its low 32 bits are all of it.
  const e = f64x2.convert_low_i32x4_s(i8x16.shuffle(exponent, exponent, 0, 1, 2, 3, 8, 9, 10, 11, 0, 1, 2, 3, 8, 9, 10, 11));
  let value = f64x2.add(e, fraction);
  value = v128.bitselect(f64x2.splat(-Infinity), value, f64x2.eq(x, f64x2.splat(0)));
  const regular = f64x2.lt(x, f64x2.splat(Infinity));
  return v128.bitselect(value, x, regular);
}

/** 2ˣ of two doubles, to about 10⁻¹¹, saturating far outside what a float holds. */
@inline
function exp2(x: v128): v128 {
  const bounded = f64x2.pmin(f64x2.pmax(x, f64x2.splat(-500)), f64x2.splat(500));
  // The whole number nearest to a double below 2⁵¹ appears at the bottom of its sum with 1.5 · 2⁵².
  const rounder = f64x2.splat(6755399441055744);
  const shifted = f64x2.add(bounded, rounder);
  const n = f64x2.sub(shifted, rounder);
  const r = f64x2.mul(f64x2.sub(bounded, n), f64x2.splat(0.6931471805599453));
  let y = f64x2.splat(1.0 / 362880);
  y = mulAdd(y, r, 1.0 / 40320);
  y = mulAdd(y, r, 1.0 / 5040);
  y = mulAdd(y, r, 1.0 / 720);
  y = mulAdd(y, r, 1.0 / 120);
  y = mulAdd(y, r, 1.0 / 24);
  y = mulAdd(y, r, 1.0 / 6);
  y = mulAdd(y, r, 0.5);
  y = mulAdd(y, r, 1);
  y = mulAdd(y, r, 1);
  return f64x2.mul(y, i64x2.add(i64x2.shl(shifted, 52), f64x2.splat(1)));
}

@inline
export function pow(x: v128, y: v128): v128 {
  const magnitude = f32x4.abs(x);
  const low = exp2(f64x2.mul(log2(lowDoubles(magnitude)), lowDoubles(y)));
  const high = exp2(f64x2.mul(log2(highDoubles(magnitude)), highDoubles(y)));
  const positive = floatsFromDoubles(low, high);
  const whole = f32x4.eq(f32x4.nearest(y), y);
  const halved = f32x4.mul(y, f32x4.splat(0.5));
  const odd = v128.andnot(whole, f32x4.eq(f32x4.nearest(halved), halved));
  // The sign bit of x survives an odd power; other powers of a negative finite number do not exist.
  const signed = v128.or(positive, v128.and(v128.and(x, odd), f32x4.splat(-0.0)));
  const negative = v128.and(f32x4.lt(x, f32x4.splat(0)), f32x4.gt(x, f32x4.splat(-Infinity)));
  const missing = v128.andnot(negative, whole);
  const value = v128.bitselect(f32x4.splat(NaN), signed, missing);
  const one = v128.or(f32x4.eq(y, f32x4.splat(0)), f32x4.eq(x, f32x4.splat(1)));
  const minusOne = v128.and(f32x4.eq(x, f32x4.splat(-1)), f32x4.eq(f32x4.abs(y), f32x4.splat(Infinity)));
  return v128.bitselect(f32x4.splat(1), value, v128.or(one, minusOne));
}
