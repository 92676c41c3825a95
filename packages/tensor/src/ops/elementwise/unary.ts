/** Functions of one tensor. Every gradient is made of ops, so it can be differentiated again. */
import { record } from '../../autograd.ts';
import { isFloat } from '../../dtype.ts';
import { VoxelgradError } from '../../errors.ts';
import { Tensor } from '../../tensor.ts';
import { output } from '../operands.ts';
import type { UnaryOp } from './elementwise.kernels.ts';
import { add, greater, greaterEqual, lessEqual, mul, where } from './elementwise.ts';

const ALSO_INTEGER: readonly UnaryOp[] = ['neg', 'abs', 'square', 'scale', 'shift'];

function apply(op: UnaryOp, x: Tensor, p = 0): Tensor {
  if (!isFloat(x.dtype) && !(x.dtype === 'i32' && ALSO_INTEGER.includes(op)))
    throw new VoxelgradError('dtype', { what: op, expected: 'f32 or f16', got: String(x), help: 'cast it first' });
  if (x.dtype === 'i32') checkWhole(op, x, p);
  const out = output(x, x.shape);
  x.device.kernels.unary(op, x, out, p);
  return out;
}

/** What is computed in i32 has no place for a fraction, which must not get lost in silence. */
export function checkWhole(op: string, x: Tensor, value: number): void {
  if (!Number.isInteger(value) || value < -(2 ** 31) || value >= 2 ** 31)
    throw new VoxelgradError('dtype', {
      what: `${op} of ${x} and a number`,
      expected: 'a whole number from −2³¹ to 2³¹ − 1',
      got: String(value),
      help: 'cast the tensor to f32 first',
    });
}

/** An op whose derivative is written with its input x. */
const fromInput = (op: UnaryOp, x: Tensor, derivative: (x: Tensor) => Tensor, p = 0): Tensor =>
  record(op, [x], apply(op, x, p), [x], (g, [x]) => [mul(g, derivative(x))]);

/** An op whose derivative is written with its output y. */
function fromOutput(op: UnaryOp, x: Tensor, derivative: (y: Tensor) => Tensor): Tensor {
  const y = apply(op, x);
  return record(op, [x], y, [y], (g, [y]) => [mul(g, derivative(y))]);
}

/** A step function: its derivative is 0. */
function flat(op: UnaryOp, x: Tensor): Tensor {
  return record(op, [x], apply(op, x), [], (g) => [zerosLike(g)]);
}

/** An op that passes the gradient where x says so, and else 0, also of an infinite one. */
const passing = (op: UnaryOp, x: Tensor, passes: (x: Tensor) => Tensor, p = 0): Tensor =>
  record(op, [x], apply(op, x, p), [x], (g, [x]) => [where(passes(x), g, constant(g, 0))]);

const positive = (x: Tensor): Tensor => greater(x, constant(x, 0));

function zerosLike(x: Tensor): Tensor {
  const zeros = output(x, x.shape);
  x.device.kernels.fill(zeros, 0);
  return zeros;
}

/** A number as a tensor that broadcasts, in the dtype of `like`. */
export function constant(like: Tensor, value: number): Tensor {
  const tensor = Tensor.empty(like.device, like.dtype, []);
  like.device.kernels.fill(tensor, value);
  return tensor;
}

/** `−x`. */
export const neg = (x: Tensor): Tensor => record('neg', [x], apply('neg', x), [], (g) => [neg(g)]);
/** `x · factor`. */
export const scale = (x: Tensor, factor: number): Tensor =>
  record('scale', [x], apply('scale', x, factor), [], (g) => [scale(g, factor)]);
/** `x + offset`. */
export const shift = (x: Tensor, offset: number): Tensor =>
  record('shift', [x], apply('shift', x, offset), [], (g) => [g]);

/** `|x|`; its gradient at 0 is 0. */
export const abs = (x: Tensor): Tensor => fromInput('abs', x, sign);
/** −1, 0 or 1; its gradient is 0. */
export const sign = (x: Tensor): Tensor => flat('sign', x);
/** The largest whole number ≤ x; its gradient is 0. */
export const floor = (x: Tensor): Tensor => flat('floor', x);
/** The smallest whole number ≥ x; its gradient is 0. */
export const ceil = (x: Tensor): Tensor => flat('ceil', x);
/** To the nearest whole number, halves to even. */
export const round = (x: Tensor): Tensor => flat('round', x);
/** `x²`. */
export const square = (x: Tensor): Tensor => fromInput('square', x, (x) => scale(x, 2));
/** `√x`; NaN below 0. */
export const sqrt = (x: Tensor): Tensor => fromOutput('sqrt', x, (y) => scale(reciprocal(y), 0.5));
/** `1 / √x`. */
export const rsqrt = (x: Tensor): Tensor => fromOutput('rsqrt', x, (y) => scale(mul(y, mul(y, y)), -0.5));
/** `1 / x`. */
export const reciprocal = (x: Tensor): Tensor => fromOutput('reciprocal', x, (y) => neg(mul(y, y)));
/** `eˣ`. */
export const exp = (x: Tensor): Tensor => fromOutput('exp', x, (y) => y);
/** The natural logarithm. */
export const log = (x: Tensor): Tensor => fromInput('log', x, reciprocal);
/** `ln(1 + x)`. */
export const log1p = (x: Tensor): Tensor => fromInput('log1p', x, (x) => reciprocal(shift(x, 1)));
/** Of x in radians. */
export const sin = (x: Tensor): Tensor => fromInput('sin', x, cos);
/** Of x in radians. */
export const cos = (x: Tensor): Tensor => fromInput('cos', x, (x) => neg(sin(x)));
/** The error function, `2 / √π ∫₀ˣ e^(−t²) dt`. */
export const erf = (x: Tensor): Tensor =>
  fromInput('erf', x, (x) => scale(exp(neg(square(x))), 2 / Math.sqrt(Math.PI)));

/** `1 / (1 + e⁻ˣ)`. */
export const sigmoid = (x: Tensor): Tensor => fromOutput('sigmoid', x, (y) => mul(y, shift(neg(y), 1)));
/** The hyperbolic tangent. */
export const tanh = (x: Tensor): Tensor => fromOutput('tanh', x, (y) => shift(neg(square(y)), 1));
/** `ln(1 + eˣ)`. */
export const softplus = (x: Tensor): Tensor => fromInput('softplus', x, sigmoid);
/** `max(x, 0)`; its gradient at 0 is 0. */
export const relu = (x: Tensor): Tensor => passing('relu', x, positive);
/** `x` where positive, else `slope · x`. */
export const leakyRelu = (x: Tensor, slope = 0.01): Tensor =>
  fromInput('leakyRelu', x, (x) => where(positive(x), constant(x, 1), constant(x, slope)), slope);
/** `x` where positive, else `alpha · (eˣ − 1)`. */
export const elu = (x: Tensor, alpha = 1): Tensor =>
  fromInput(
    'elu',
    x,
    // Where x is large its exponential is infinite, which must not meet the zero gradient of what was not chosen.
    (x) => where(positive(x), constant(x, 1), scale(exp(clamp(x, undefined, 0)), alpha)),
    alpha,
  );
/** `x · sigmoid(x)`. */
export const silu = (x: Tensor): Tensor =>
  fromInput('silu', x, (x) => {
    const gate = sigmoid(x);
    return mul(gate, shift(mul(x, shift(neg(gate), 1)), 1));
  });
/** `x · Φ(x)` with the exact normal distribution. */
export const gelu = (x: Tensor): Tensor =>
  fromInput('gelu', x, (x) => {
    const distribution = shift(scale(erf(scale(x, Math.SQRT1_2)), 0.5), 0.5);
    const density = scale(exp(scale(square(x), -0.5)), 1 / Math.sqrt(2 * Math.PI));
    return add(distribution, mul(x, density));
  });
/** GELU by its approximation with tanh. */
export const geluTanh = (x: Tensor): Tensor =>
  fromInput('geluTanh', x, (x) => {
    const root = Math.sqrt(2 / Math.PI);
    const cubic = 0.044715;
    const t = tanh(scale(add(x, scale(mul(x, square(x)), cubic)), root));
    const inner = scale(shift(scale(square(x), 3 * cubic), 1), root);
    return add(shift(scale(t, 0.5), 0.5), scale(mul(mul(x, shift(neg(square(t)), 1)), inner), 0.5));
  });

/** Bounds the values; outside, and only there, the gradient is 0 (as PyTorch, the bounds themselves pass it). */
export function clamp(x: Tensor, low: number | undefined, high: number | undefined): Tensor {
  const lower = low === undefined ? x : bounded('clampMin', x, low);
  return high === undefined ? lower : bounded('clampMax', lower, high);
}

function bounded(op: 'clampMin' | 'clampMax', x: Tensor, bound: number): Tensor {
  const inside = op === 'clampMin' ? greaterEqual : lessEqual;
  return passing(op, x, (x) => inside(x, constant(x, bound)), bound);
}

export const powScalar = (x: Tensor, exponent: number): Tensor =>
  exponent === 0
    ? record('power', [x], apply('power', x, 0), [], (g) => [zerosLike(g)])
    : fromInput('power', x, (x) => scale(powScalar(x, exponent - 1), exponent), exponent);

/** 1 where a value is neither infinite nor NaN, else 0, in the dtype of x. */
export const finite = (x: Tensor): Tensor => apply('isFinite', x);
