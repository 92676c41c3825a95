/** Functions of one value, four lanes at a time: each is a class without fields, so that a loop can be instantiated for it. */
import { erf, exp, expm1, cos, log, log1p, log1pOfUnit, sin, tanh } from '../../device/cpu/math.as';
import { pow } from '../../device/cpu/power.as';

@inline
function zero(): v128 {
  return f32x4.splat(0);
}

@inline
function one(): v128 {
  return f32x4.splat(1);
}

@inline
function sigmoid(x: v128): v128 {
  return f32x4.div(one(), f32x4.add(one(), exp(f32x4.neg(x))));
}

/** x · Φ(x), with Φ the normal distribution. */
@inline
function gelu(x: v128): v128 {
  const distribution = f32x4.add(one(), erf(f32x4.mul(x, f32x4.splat(0.70710678))));
  return f32x4.mul(f32x4.mul(x, f32x4.splat(0.5)), distribution);
}

@inline
function geluTanh(x: v128): v128 {
  const cube = f32x4.mul(f32x4.mul(x, x), x);
  const inner = f32x4.mul(f32x4.add(x, f32x4.mul(cube, f32x4.splat(0.044715))), f32x4.splat(0.79788456));
  return f32x4.mul(f32x4.mul(x, f32x4.splat(0.5)), f32x4.add(one(), tanh(inner)));
}

@unmanaged export class Neg { @inline of(x: v128, p: v128): v128 { return f32x4.neg(x); } }
@unmanaged export class Abs { @inline of(x: v128, p: v128): v128 { return f32x4.abs(x); } }
@unmanaged export class Sign {
  @inline of(x: v128, p: v128): v128 {
    return f32x4.sub(v128.and(f32x4.gt(x, zero()), one()), v128.and(f32x4.lt(x, zero()), one()));
  }
}
@unmanaged export class Square { @inline of(x: v128, p: v128): v128 { return f32x4.mul(x, x); } }
@unmanaged export class Sqrt { @inline of(x: v128, p: v128): v128 { return f32x4.sqrt(x); } }
@unmanaged export class Rsqrt { @inline of(x: v128, p: v128): v128 { return f32x4.div(one(), f32x4.sqrt(x)); } }
@unmanaged export class Exp { @inline of(x: v128, p: v128): v128 { return exp(x); } }
@unmanaged export class Log { @inline of(x: v128, p: v128): v128 { return log(x); } }
@unmanaged export class Log1p { @inline of(x: v128, p: v128): v128 { return log1p(x); } }
@unmanaged export class Sin { @inline of(x: v128, p: v128): v128 { return sin(x); } }
@unmanaged export class Cos { @inline of(x: v128, p: v128): v128 { return cos(x); } }
@unmanaged export class Erf { @inline of(x: v128, p: v128): v128 { return erf(x); } }
@unmanaged export class Floor { @inline of(x: v128, p: v128): v128 { return f32x4.floor(x); } }
@unmanaged export class Ceil { @inline of(x: v128, p: v128): v128 { return f32x4.ceil(x); } }
@unmanaged export class Round { @inline of(x: v128, p: v128): v128 { return f32x4.nearest(x); } }
@unmanaged export class Sigmoid { @inline of(x: v128, p: v128): v128 { return sigmoid(x); } }
@unmanaged export class Tanh { @inline of(x: v128, p: v128): v128 { return tanh(x); } }
@unmanaged export class Softplus {
  @inline of(x: v128, p: v128): v128 {
    return f32x4.add(f32x4.max(x, zero()), log1pOfUnit(exp(f32x4.neg(f32x4.abs(x)))));
  }
}
@unmanaged export class Scale { @inline of(x: v128, p: v128): v128 { return f32x4.mul(x, p); } }
@unmanaged export class Shift { @inline of(x: v128, p: v128): v128 { return f32x4.add(x, p); } }
@unmanaged export class Power { @inline of(x: v128, p: v128): v128 { return pow(x, p); } }
@unmanaged export class Reciprocal { @inline of(x: v128, p: v128): v128 { return f32x4.div(one(), x); } }
@unmanaged export class Relu { @inline of(x: v128, p: v128): v128 { return f32x4.max(x, zero()); } }
@unmanaged export class LeakyRelu {
  @inline of(x: v128, p: v128): v128 {
    return v128.bitselect(x, f32x4.mul(x, p), f32x4.gt(x, zero()));
  }
}
@unmanaged export class Elu {
  @inline of(x: v128, p: v128): v128 {
    return v128.bitselect(x, f32x4.mul(p, expm1(x)), f32x4.gt(x, zero()));
  }
}
@unmanaged export class Gelu { @inline of(x: v128, p: v128): v128 { return gelu(x); } }
@unmanaged export class GeluTanh { @inline of(x: v128, p: v128): v128 { return geluTanh(x); } }
@unmanaged export class Silu { @inline of(x: v128, p: v128): v128 { return f32x4.mul(x, sigmoid(x)); } }
@unmanaged export class ClampMin { @inline of(x: v128, p: v128): v128 { return f32x4.max(x, p); } }
@unmanaged export class ClampMax { @inline of(x: v128, p: v128): v128 { return f32x4.min(x, p); } }
@unmanaged export class IsFinite { @inline of(x: v128, p: v128): v128 { return v128.and(f32x4.eq(f32x4.sub(x, x), zero()), one()); } }
@unmanaged export class IntNeg { @inline of(x: v128, p: v128): v128 { return i32x4.neg(x); } }
@unmanaged export class IntAbs { @inline of(x: v128, p: v128): v128 { return i32x4.abs(x); } }
@unmanaged export class IntSquare { @inline of(x: v128, p: v128): v128 { return i32x4.mul(x, x); } }
@unmanaged export class IntScale { @inline of(x: v128, p: v128): v128 { return i32x4.mul(x, p); } }
@unmanaged export class IntShift { @inline of(x: v128, p: v128): v128 { return i32x4.add(x, p); } }
