/** Functions of 16 bytes of two operands: each is a class without fields, so that a loop can be instantiated for it. `p` holds a constant. */
import { pow } from '../../device/cpu/power.as';

@inline
function square(x: v128): v128 {
  return f32x4.mul(x, x);
}

@inline
function intSquare(x: v128): v128 {
  return i32x4.mul(x, x);
}

/** As WGSL: x / 0 = x, and the one overflow (the least integer by −1) gives the least integer. */
function divide(a: i32, b: i32): i32 {
  if (b == 0) return a;
  return b == -1 ? -a : a / b;
}

/** Whole powers; of a negative exponent the part left of the point. */
function power(base: i32, exponent: i32): i32 {
  if (exponent < 0) {
    if (base == 1) return 1;
    return base == -1 ? (exponent & 1 ? -1 : 1) : 0;
  }
  let result = 1;
  for (; exponent > 0; exponent >>= 1) {
    if (exponent & 1) result *= base;
    base *= base;
  }
  return result;
}

function divideLanes(a: v128, b: v128): v128 {
  let result = i32x4.splat(divide(i32x4.extract_lane(a, 0), i32x4.extract_lane(b, 0)));
  result = i32x4.replace_lane(result, 1, divide(i32x4.extract_lane(a, 1), i32x4.extract_lane(b, 1)));
  result = i32x4.replace_lane(result, 2, divide(i32x4.extract_lane(a, 2), i32x4.extract_lane(b, 2)));
  return i32x4.replace_lane(result, 3, divide(i32x4.extract_lane(a, 3), i32x4.extract_lane(b, 3)));
}

function powerLanes(a: v128, b: v128): v128 {
  let result = i32x4.splat(power(i32x4.extract_lane(a, 0), i32x4.extract_lane(b, 0)));
  result = i32x4.replace_lane(result, 1, power(i32x4.extract_lane(a, 1), i32x4.extract_lane(b, 1)));
  result = i32x4.replace_lane(result, 2, power(i32x4.extract_lane(a, 2), i32x4.extract_lane(b, 2)));
  return i32x4.replace_lane(result, 3, power(i32x4.extract_lane(a, 3), i32x4.extract_lane(b, 3)));
}

// f32
@unmanaged export class Add { @inline of(a: v128, b: v128, p: v128): v128 { return f32x4.add(a, b); } }
@unmanaged export class Sub { @inline of(a: v128, b: v128, p: v128): v128 { return f32x4.sub(a, b); } }
@unmanaged export class Mul { @inline of(a: v128, b: v128, p: v128): v128 { return f32x4.mul(a, b); } }
@unmanaged export class Div { @inline of(a: v128, b: v128, p: v128): v128 { return f32x4.div(a, b); } }
@unmanaged export class Pow { @inline of(a: v128, b: v128, p: v128): v128 { return pow(a, b); } }
@unmanaged export class Max { @inline of(a: v128, b: v128, p: v128): v128 { return f32x4.max(a, b); } }
@unmanaged export class Min { @inline of(a: v128, b: v128, p: v128): v128 { return f32x4.min(a, b); } }
@unmanaged export class LeakyReluGradient {
  @inline of(a: v128, b: v128, p: v128): v128 {
    return v128.bitselect(a, f32x4.mul(a, p), f32x4.gt(b, f32x4.splat(0)));
  }
}
@unmanaged export class SquaredDifference { @inline of(a: v128, b: v128, p: v128): v128 { return square(f32x4.sub(a, b)); } }

// i32
@unmanaged export class IntAdd { @inline of(a: v128, b: v128, p: v128): v128 { return i32x4.add(a, b); } }
@unmanaged export class IntSub { @inline of(a: v128, b: v128, p: v128): v128 { return i32x4.sub(a, b); } }
@unmanaged export class IntMul { @inline of(a: v128, b: v128, p: v128): v128 { return i32x4.mul(a, b); } }
@unmanaged export class IntDiv { @inline of(a: v128, b: v128, p: v128): v128 { return divideLanes(a, b); } }
@unmanaged export class IntPow { @inline of(a: v128, b: v128, p: v128): v128 { return powerLanes(a, b); } }
@unmanaged export class IntMax { @inline of(a: v128, b: v128, p: v128): v128 { return i32x4.max_s(a, b); } }
@unmanaged export class IntMin { @inline of(a: v128, b: v128, p: v128): v128 { return i32x4.min_s(a, b); } }
@unmanaged export class IntLeakyReluGradient {
  @inline of(a: v128, b: v128, p: v128): v128 {
    return v128.bitselect(a, i32x4.mul(a, p), i32x4.gt_s(b, i32x4.splat(0)));
  }
}
@unmanaged export class IntSquaredDifference { @inline of(a: v128, b: v128, p: v128): v128 { return intSquare(i32x4.sub(a, b)); } }

// Comparisons give masks.
@unmanaged export class Equal { @inline of(a: v128, b: v128, p: v128): v128 { return f32x4.eq(a, b); } }
@unmanaged export class NotEqual { @inline of(a: v128, b: v128, p: v128): v128 { return f32x4.ne(a, b); } }
@unmanaged export class Less { @inline of(a: v128, b: v128, p: v128): v128 { return f32x4.lt(a, b); } }
@unmanaged export class LessEqual { @inline of(a: v128, b: v128, p: v128): v128 { return f32x4.le(a, b); } }
@unmanaged export class Greater { @inline of(a: v128, b: v128, p: v128): v128 { return f32x4.gt(a, b); } }
@unmanaged export class GreaterEqual { @inline of(a: v128, b: v128, p: v128): v128 { return f32x4.ge(a, b); } }
@unmanaged export class IntEqual { @inline of(a: v128, b: v128, p: v128): v128 { return i32x4.eq(a, b); } }
@unmanaged export class IntNotEqual { @inline of(a: v128, b: v128, p: v128): v128 { return i32x4.ne(a, b); } }
@unmanaged export class IntLess { @inline of(a: v128, b: v128, p: v128): v128 { return i32x4.lt_s(a, b); } }
@unmanaged export class IntLessEqual { @inline of(a: v128, b: v128, p: v128): v128 { return i32x4.le_s(a, b); } }
@unmanaged export class IntGreater { @inline of(a: v128, b: v128, p: v128): v128 { return i32x4.gt_s(a, b); } }
@unmanaged export class IntGreaterEqual { @inline of(a: v128, b: v128, p: v128): v128 { return i32x4.ge_s(a, b); } }
@unmanaged export class ByteEqual { @inline of(a: v128, b: v128, p: v128): v128 { return i8x16.eq(a, b); } }
@unmanaged export class ByteNotEqual { @inline of(a: v128, b: v128, p: v128): v128 { return i8x16.ne(a, b); } }
@unmanaged export class ByteLess { @inline of(a: v128, b: v128, p: v128): v128 { return i8x16.lt_u(a, b); } }
@unmanaged export class ByteLessEqual { @inline of(a: v128, b: v128, p: v128): v128 { return i8x16.le_u(a, b); } }
@unmanaged export class ByteGreater { @inline of(a: v128, b: v128, p: v128): v128 { return i8x16.gt_u(a, b); } }
@unmanaged export class ByteGreaterEqual { @inline of(a: v128, b: v128, p: v128): v128 { return i8x16.ge_u(a, b); } }

// Of bytes that are 0 or 1.
@unmanaged export class And { @inline of(a: v128, b: v128, p: v128): v128 { return v128.and(a, b); } }
@unmanaged export class Or { @inline of(a: v128, b: v128, p: v128): v128 { return v128.or(a, b); } }
@unmanaged export class Xor { @inline of(a: v128, b: v128, p: v128): v128 { return v128.xor(a, b); } }
