/** Small pieces that every SIMD kernel uses: multiply-add, partial stores, sums over lanes and work ranges. */

/** a · b + c: fused (one rounding) where the engine has relaxed SIMD, else two roundings. */
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** c − a · b, rounded as `madd`. */
@inline
export function nmadd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_nmadd(a, b, c);
  return f32x4.sub(c, f32x4.mul(a, b));
}

/** Stores the first `count` (1–4) of four 32-bit lanes. */
export function storeLanes32(to: usize, value: v128, count: i32): void {
  v128.store32_lane(to, value, 0);
  if (count > 1) v128.store32_lane(to, value, 1, 4);
  if (count > 2) v128.store32_lane(to, value, 2, 8);
  if (count > 3) v128.store32_lane(to, value, 3, 12);
}

/** Stores the first `count` (1–15) of sixteen bytes. */
export function storeBytes(to: usize, value: v128, count: i32): void {
  let rest = value;
  if (count & 8) {
    v128.store64_lane(to, rest, 0);
    to += 8;
    rest = i8x16.shuffle(rest, rest, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7);
  }
  if (count & 4) {
    v128.store32_lane(to, rest, 0);
    to += 4;
    rest = i64x2.shr_u(rest, 32);
  }
  if (count & 2) {
    v128.store16_lane(to, rest, 0);
    to += 2;
    rest = i64x2.shr_u(rest, 16);
  }
  if (count & 1) v128.store8_lane(to, rest, 0);
}

/** The sum of four f32 lanes, as (0 + 2) + (1 + 3). */
@inline
export function sumLanes(x: v128): f32 {
  const pairs = f32x4.add(x, i8x16.shuffle(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
  return f32x4.extract_lane(pairs, 0) + f32x4.extract_lane(pairs, 1);
}

/** Lanes 0 and 1 of four floats as two doubles. */
@inline
export function lowDoubles(x: v128): v128 {
  return f64x2.promote_low_f32x4(x);
}

/** Lanes 2 and 3 of four floats as two doubles. */
@inline
export function highDoubles(x: v128): v128 {
  return f64x2.promote_low_f32x4(i8x16.shuffle(x, x, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
}

/** Four floats from two pairs of doubles. */
@inline
export function floatsFromDoubles(low: v128, high: v128): v128 {
  return i8x16.shuffle(
    f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high),
    0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23,
  );
}

/** Where item `item` of chunks of `chunk` out of `size` ends. */
@inline
export function chunkEnd(item: i32, chunk: i32, size: i32): i32 {
  const start = item * chunk;
  return size - start < chunk ? size : start + chunk;
}
