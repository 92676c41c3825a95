/** What the two-operand kernels compute of 16 bytes of each operand, chosen at compile time by a code. */
import { pow } from '../../device/cpu/power.as';

/** The plain names are the f32 functions. Integer codes follow in the order of the float codes, then comparisons, logic and selection. */
export const enum Op {
  Add, Sub, Mul, Div, Pow, Max, Min, LeakyReluGradient, SquaredDifference,
  IntAdd, IntSub, IntMul, IntDiv, IntPow, IntMax, IntMin, IntLeakyReluGradient, IntSquaredDifference,
  Equal, NotEqual, Less, LessEqual, Greater, GreaterEqual,
  IntEqual, IntNotEqual, IntLess, IntLessEqual, IntGreater, IntGreaterEqual,
  ByteEqual, ByteNotEqual, ByteLess, ByteLessEqual, ByteGreater, ByteGreaterEqual,
  And, Or, Xor,
  WhereByte, WhereHalf, WhereWord,
}

/** Bytes of an element of a and b. */
@inline
export function inputBytes(op: Op): i32 {
  if (op == Op.WhereHalf) return 2;
  return op >= Op.ByteEqual && op <= Op.WhereByte ? 1 : 4;
}

/** Bytes of an element of the result. */
@inline
export function outputBytes(op: Op): i32 {
  return op >= Op.Equal && op <= Op.IntGreaterEqual ? 1 : inputBytes(op);
}

/** As WGSL: x / 0 = x, and the one overflow (the least integer by −1) gives the least integer. */
function divide(a: i32, b: i32): i32 {
  if (b == 0) return a;
  return b == -1 ? -a : a / b;
}

/** Whole powers; negative exponents give the whole part. */
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

@inline
function eachLane(op: Op, a: v128, b: v128, lane: u8): i32 {
  const left = lane == 0 ? i32x4.extract_lane(a, 0) : lane == 1 ? i32x4.extract_lane(a, 1) : lane == 2 ? i32x4.extract_lane(a, 2) : i32x4.extract_lane(a, 3);
  const right = lane == 0 ? i32x4.extract_lane(b, 0) : lane == 1 ? i32x4.extract_lane(b, 1) : lane == 2 ? i32x4.extract_lane(b, 2) : i32x4.extract_lane(b, 3);
  return op == Op.IntDiv ? divide(left, right) : power(left, right);
}

@inline
function laneByLane(op: Op, a: v128, b: v128): v128 {
  let result = i32x4.splat(eachLane(op, a, b, 0));
  result = i32x4.replace_lane(result, 1, eachLane(op, a, b, 1));
  result = i32x4.replace_lane(result, 2, eachLane(op, a, b, 2));
  return i32x4.replace_lane(result, 3, eachLane(op, a, b, 3));
}

/** `p` holds the constant in every lane. Comparisons and logic give a mask or the bits of 0 and 1. */
@inline
export function apply(op: Op, a: v128, b: v128, p: v128): v128 {
  if (op == Op.Add) return f32x4.add(a, b);
  if (op == Op.Sub) return f32x4.sub(a, b);
  if (op == Op.Mul) return f32x4.mul(a, b);
  if (op == Op.Div) return f32x4.div(a, b);
  if (op == Op.Pow) return pow(a, b);
  if (op == Op.Max) return f32x4.max(a, b);
  if (op == Op.Min) return f32x4.min(a, b);
  if (op == Op.LeakyReluGradient) return v128.bitselect(a, f32x4.mul(a, p), f32x4.gt(b, f32x4.splat(0)));
  if (op == Op.SquaredDifference) return f32x4.mul(f32x4.sub(a, b), f32x4.sub(a, b));
  if (op == Op.IntAdd) return i32x4.add(a, b);
  if (op == Op.IntSub) return i32x4.sub(a, b);
  if (op == Op.IntMul) return i32x4.mul(a, b);
  if (op == Op.IntDiv || op == Op.IntPow) return laneByLane(op, a, b);
  if (op == Op.IntMax) return i32x4.max_s(a, b);
  if (op == Op.IntMin) return i32x4.min_s(a, b);
  if (op == Op.IntLeakyReluGradient) return v128.bitselect(a, i32x4.mul(a, p), i32x4.gt_s(b, i32x4.splat(0)));
  if (op == Op.IntSquaredDifference) return i32x4.mul(i32x4.sub(a, b), i32x4.sub(a, b));
  if (op == Op.Equal) return f32x4.eq(a, b);
  if (op == Op.NotEqual) return f32x4.ne(a, b);
  if (op == Op.Less) return f32x4.lt(a, b);
  if (op == Op.LessEqual) return f32x4.le(a, b);
  if (op == Op.Greater) return f32x4.gt(a, b);
  if (op == Op.GreaterEqual) return f32x4.ge(a, b);
  if (op == Op.IntEqual) return i32x4.eq(a, b);
  if (op == Op.IntNotEqual) return i32x4.ne(a, b);
  if (op == Op.IntLess) return i32x4.lt_s(a, b);
  if (op == Op.IntLessEqual) return i32x4.le_s(a, b);
  if (op == Op.IntGreater) return i32x4.gt_s(a, b);
  if (op == Op.IntGreaterEqual) return i32x4.ge_s(a, b);
  const one = i8x16.splat(1);
  if (op == Op.ByteEqual) return v128.and(i8x16.eq(a, b), one);
  if (op == Op.ByteNotEqual) return v128.and(i8x16.ne(a, b), one);
  if (op == Op.ByteLess) return v128.and(i8x16.lt_u(a, b), one);
  if (op == Op.ByteLessEqual) return v128.and(i8x16.le_u(a, b), one);
  if (op == Op.ByteGreater) return v128.and(i8x16.gt_u(a, b), one);
  if (op == Op.ByteGreaterEqual) return v128.and(i8x16.ge_u(a, b), one);
  if (op == Op.And) return v128.and(a, b);
  if (op == Op.Or) return v128.or(a, b);
  if (op == Op.Xor) return v128.xor(a, b);
  return unreachable();
}
