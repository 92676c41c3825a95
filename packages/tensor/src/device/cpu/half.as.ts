/**
 * IEEE half precision in software, four values at a time, rounding to nearest even. Both directions let the float unit do the work for
 * subnormals (after Fabian Giesen's float↔half conversions).
 */

/** Four halves (the low 16 bits of each lane) to floats. */
@inline
export function floatsFromHalves(halves: v128): v128 {
  const magnitude = i32x4.shl(v128.and(halves, i32x4.splat(0x7fff)), 13);
  const sign = i32x4.shl(v128.and(halves, i32x4.splat(0x8000)), 16);
  // The exponent's bias is 15 in the half and 127 in the float: multiplying by 2¹¹² moves it and normalises subnormals.
  const scaled = f32x4.mul(magnitude, f32x4.splat(5.192296858534828e33));
  const special = i32x4.gt_s(magnitude, i32x4.splat(0x0f7fffff));
  const infinite = v128.or(magnitude, i32x4.splat(0x7f800000));
  return v128.or(v128.bitselect(infinite, scaled, special), sign);
}

/** Four floats to halves in the low 16 bits of each lane. */
@inline
export function halvesFromFloats(x: v128): v128 {
  const sign = v128.and(x, i32x4.splat(0x80000000));
  const magnitude = v128.xor(x, sign);
  const nan = i32x4.gt_s(magnitude, i32x4.splat(0x7f800000));
  const overflow = i32x4.gt_s(magnitude, i32x4.splat(0x477fefff));
  const subnormal = i32x4.lt_s(magnitude, i32x4.splat(0x38800000));
  // Adding ½ puts a subnormal's bits, rounded, at the bottom of the fraction.
  const small = i32x4.sub(f32x4.add(magnitude, f32x4.splat(0.5)), i32x4.splat(0x3f000000));
  const odd = v128.and(i32x4.shr_u(magnitude, 13), i32x4.splat(1));
  const normal = i32x4.shr_u(i32x4.add(i32x4.add(magnitude, i32x4.splat(0xfff - 0x38000000)), odd), 13);
  const finite = v128.bitselect(small, normal, subnormal);
  const large = v128.bitselect(i32x4.splat(0x7e00), i32x4.splat(0x7c00), nan);
  return v128.or(v128.bitselect(large, finite, v128.or(overflow, nan)), i32x4.shr_u(sign, 16));
}

/** Stores the low 16 bits of four lanes as 8 bytes. */
@inline
export function packHalves(halves: v128): v128 {
  return i8x16.shuffle(halves, halves, 0, 1, 4, 5, 8, 9, 12, 13, 0, 1, 4, 5, 8, 9, 12, 13);
}
