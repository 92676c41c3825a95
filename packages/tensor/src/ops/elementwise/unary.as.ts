/** Elementwise functions of one f32 tensor: one kernel each, with the function inlined into the loop. */
import { erf, exp, expm1, cos, log, log1p, sin, tanh } from '../../device/cpu/math.as';
import { pow } from '../../device/cpu/power.as';
import { chunkEnd, storeLanes32 } from '../../device/cpu/simd.as';

const enum Op {
  Neg, Abs, Sign, Square, Sqrt, Rsqrt, Exp, Log, Log1p, Sin, Cos, Erf, Floor, Ceil, Round, Sigmoid, Tanh, Softplus,
  Scale, Shift, Power, Reciprocal, Relu, LeakyRelu, Elu, Gelu, GeluTanh, Silu, ClampMin, ClampMax, IsFinite, IntNeg,
  IntAbs, IntSquare, IntScale, IntShift,
}

@unmanaged
class Unary {
  x: usize;
  out: usize;
  size: i32;
  chunk: i32;
  /** The constant: the bits of a float, or an integer for the integer ops. */
  p: i32;
}

@inline
function sign(x: v128): v128 {
  const one = f32x4.splat(1);
  const zero = f32x4.splat(0);
  return f32x4.sub(v128.and(f32x4.gt(x, zero), one), v128.and(f32x4.lt(x, zero), one));
}

@inline
function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp(f32x4.neg(x))));
}

/** x · Φ(x), with Φ the normal distribution. */
@inline
function gelu(x: v128): v128 {
  const distribution = f32x4.add(f32x4.splat(1), erf(f32x4.mul(x, f32x4.splat(0.70710678))));
  return f32x4.mul(f32x4.mul(x, f32x4.splat(0.5)), distribution);
}

@inline
function geluTanh(x: v128): v128 {
  const cube = f32x4.mul(f32x4.mul(x, x), x);
  const inner = f32x4.mul(f32x4.add(x, f32x4.mul(cube, f32x4.splat(0.044715))), f32x4.splat(0.79788456));
  return f32x4.mul(f32x4.mul(x, f32x4.splat(0.5)), f32x4.add(f32x4.splat(1), tanh(inner)));
}

@inline
function apply(op: Op, x: v128, p: v128): v128 {
  const zero = f32x4.splat(0);
  const one = f32x4.splat(1);
  if (op == Op.Neg) return f32x4.neg(x);
  if (op == Op.Abs) return f32x4.abs(x);
  if (op == Op.Sign) return sign(x);
  if (op == Op.Square) return f32x4.mul(x, x);
  if (op == Op.Sqrt) return f32x4.sqrt(x);
  if (op == Op.Rsqrt) return f32x4.div(one, f32x4.sqrt(x));
  if (op == Op.Exp) return exp(x);
  if (op == Op.Log) return log(x);
  if (op == Op.Log1p) return log1p(x);
  if (op == Op.Sin) return sin(x);
  if (op == Op.Cos) return cos(x);
  if (op == Op.Erf) return erf(x);
  if (op == Op.Floor) return f32x4.floor(x);
  if (op == Op.Ceil) return f32x4.ceil(x);
  if (op == Op.Round) return f32x4.nearest(x);
  if (op == Op.Sigmoid) return sigmoid(x);
  if (op == Op.Tanh) return tanh(x);
  if (op == Op.Softplus) return f32x4.add(f32x4.max(x, zero), log1p(exp(f32x4.neg(f32x4.abs(x)))));
  if (op == Op.Scale) return f32x4.mul(x, p);
  if (op == Op.Shift) return f32x4.add(x, p);
  if (op == Op.Power) return pow(x, p);
  if (op == Op.Reciprocal) return f32x4.div(one, x);
  if (op == Op.Relu) return f32x4.max(x, zero);
  if (op == Op.LeakyRelu) return v128.bitselect(x, f32x4.mul(x, p), f32x4.gt(x, zero));
  if (op == Op.Elu) return v128.bitselect(x, f32x4.mul(p, expm1(x)), f32x4.gt(x, zero));
  if (op == Op.Gelu) return gelu(x);
  if (op == Op.GeluTanh) return geluTanh(x);
  if (op == Op.Silu) return f32x4.mul(x, sigmoid(x));
  if (op == Op.ClampMin) return f32x4.max(x, p);
  if (op == Op.ClampMax) return f32x4.min(x, p);
  if (op == Op.IsFinite) return v128.and(f32x4.eq(f32x4.sub(x, x), zero), one);
  if (op == Op.IntNeg) return i32x4.neg(x);
  if (op == Op.IntAbs) return i32x4.abs(x);
  if (op == Op.IntSquare) return i32x4.mul(x, x);
  if (op == Op.IntScale) return i32x4.mul(x, p);
  if (op == Op.IntShift) return i32x4.add(x, p);
  return unreachable();
}

@inline
function run(op: Op, q: Unary, item: i32): void {
  const start = item * q.chunk;
  let count = chunkEnd(item, q.chunk, q.size) - start;
  let from = q.x + (<usize>start << 2);
  let to = q.out + (<usize>start << 2);
  const p = i32x4.splat(q.p);
  for (; count >= 4; count -= 4) {
    v128.store(to, apply(op, v128.load(from), p));
    from += 16;
    to += 16;
  }
  if (count > 0) storeLanes32(to, apply(op, v128.load(from), p), count);
}

export function unaryNeg(q: Unary, item: i32, thread: i32): void {
  run(Op.Neg, q, item);
}

export function unaryAbs(q: Unary, item: i32, thread: i32): void {
  run(Op.Abs, q, item);
}

export function unarySign(q: Unary, item: i32, thread: i32): void {
  run(Op.Sign, q, item);
}

export function unarySquare(q: Unary, item: i32, thread: i32): void {
  run(Op.Square, q, item);
}

export function unarySqrt(q: Unary, item: i32, thread: i32): void {
  run(Op.Sqrt, q, item);
}

export function unaryRsqrt(q: Unary, item: i32, thread: i32): void {
  run(Op.Rsqrt, q, item);
}

export function unaryExp(q: Unary, item: i32, thread: i32): void {
  run(Op.Exp, q, item);
}

export function unaryLog(q: Unary, item: i32, thread: i32): void {
  run(Op.Log, q, item);
}

export function unaryLog1p(q: Unary, item: i32, thread: i32): void {
  run(Op.Log1p, q, item);
}

export function unarySin(q: Unary, item: i32, thread: i32): void {
  run(Op.Sin, q, item);
}

export function unaryCos(q: Unary, item: i32, thread: i32): void {
  run(Op.Cos, q, item);
}

export function unaryErf(q: Unary, item: i32, thread: i32): void {
  run(Op.Erf, q, item);
}

export function unaryFloor(q: Unary, item: i32, thread: i32): void {
  run(Op.Floor, q, item);
}

export function unaryCeil(q: Unary, item: i32, thread: i32): void {
  run(Op.Ceil, q, item);
}

export function unaryRound(q: Unary, item: i32, thread: i32): void {
  run(Op.Round, q, item);
}

export function unarySigmoid(q: Unary, item: i32, thread: i32): void {
  run(Op.Sigmoid, q, item);
}

export function unaryTanh(q: Unary, item: i32, thread: i32): void {
  run(Op.Tanh, q, item);
}

export function unarySoftplus(q: Unary, item: i32, thread: i32): void {
  run(Op.Softplus, q, item);
}

export function unaryScale(q: Unary, item: i32, thread: i32): void {
  run(Op.Scale, q, item);
}

export function unaryShift(q: Unary, item: i32, thread: i32): void {
  run(Op.Shift, q, item);
}

export function unaryPower(q: Unary, item: i32, thread: i32): void {
  run(Op.Power, q, item);
}

export function unaryReciprocal(q: Unary, item: i32, thread: i32): void {
  run(Op.Reciprocal, q, item);
}

export function unaryRelu(q: Unary, item: i32, thread: i32): void {
  run(Op.Relu, q, item);
}

export function unaryLeakyRelu(q: Unary, item: i32, thread: i32): void {
  run(Op.LeakyRelu, q, item);
}

export function unaryElu(q: Unary, item: i32, thread: i32): void {
  run(Op.Elu, q, item);
}

export function unaryGelu(q: Unary, item: i32, thread: i32): void {
  run(Op.Gelu, q, item);
}

export function unaryGeluTanh(q: Unary, item: i32, thread: i32): void {
  run(Op.GeluTanh, q, item);
}

export function unarySilu(q: Unary, item: i32, thread: i32): void {
  run(Op.Silu, q, item);
}

export function unaryClampMin(q: Unary, item: i32, thread: i32): void {
  run(Op.ClampMin, q, item);
}

export function unaryClampMax(q: Unary, item: i32, thread: i32): void {
  run(Op.ClampMax, q, item);
}

export function unaryIsFinite(q: Unary, item: i32, thread: i32): void {
  run(Op.IsFinite, q, item);
}

export function unaryIntNeg(q: Unary, item: i32, thread: i32): void {
  run(Op.IntNeg, q, item);
}

export function unaryIntAbs(q: Unary, item: i32, thread: i32): void {
  run(Op.IntAbs, q, item);
}

export function unaryIntSquare(q: Unary, item: i32, thread: i32): void {
  run(Op.IntSquare, q, item);
}

export function unaryIntScale(q: Unary, item: i32, thread: i32): void {
  run(Op.IntScale, q, item);
}

export function unaryIntShift(q: Unary, item: i32, thread: i32): void {
  run(Op.IntShift, q, item);
}
