/**
 * Elementwise ops on two tensors, or a tensor and a number, with NumPy's broadcasting. All gradients are made of ops. Where one is 0 it is chosen, not
 * multiplied: with loss scaling what comes from above may be infinite, and 0 · ∞ is no number.
 */
import { record } from '../../autograd.ts';
import { VoxelgradError } from '../../errors.ts';
import { tidy } from '../../scope.ts';
import { broadcastShape } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { checkDevice, checkDType, output } from '../operands.ts';
import { sumTo } from '../reduce/reduce.ts';
import type { ArithmeticOp, ComparisonOp, LogicalOp } from './elementwise.kernels.ts';
import { checkWhole, constant, exp, log, neg, powScalar, reciprocal, scale, shift } from './unary.ts';

type BinaryOp = ArithmeticOp | ComparisonOp | LogicalOp;

const LOGICAL: readonly BinaryOp[] = ['and', 'or', 'xor'];

/** What an op takes; comparisons take anything. */
function checkOperandType(op: BinaryOp, a: Tensor, boolean: boolean): void {
  if (LOGICAL.includes(op)) checkDType(op, a, ['bool']);
  else if (!boolean) checkDType(op, a, ['f32', 'f16', 'i32']);
}

function binary(op: BinaryOp, a: Tensor, b: Tensor, boolean: boolean, p = 0): Tensor {
  checkDevice(op, a, b);
  if (a.dtype !== b.dtype)
    throw new VoxelgradError('dtype', {
      what: op,
      expected: 'tensors of one dtype',
      got: `${a} and ${b}`,
      help: 'cast one of them',
    });
  checkOperandType(op, a, boolean);
  const out = output(a, broadcastShape(a.shape, b.shape, op), boolean ? 'bool' : a.dtype);
  a.device.kernels.binary(op, a, b, out, p);
  return out;
}

/** `a + b`. */
export function add(a: Tensor, b: Tensor | number): Tensor {
  if (typeof b === 'number') return shift(a, b);
  const [left, right] = [a.shape, b.shape];
  return record('add', [a, b], binary('add', a, b, false), [], (g) => [sumTo(g, left), sumTo(g, right)]);
}

/** `a − b`. */
export function sub(a: Tensor, b: Tensor | number): Tensor {
  if (typeof b === 'number') return shift(a, -b);
  const [left, right] = [a.shape, b.shape];
  return record('sub', [a, b], binary('sub', a, b, false), [], (g) => [sumTo(g, left), sumTo(neg(g), right)]);
}

/** `a · b`. */
export function mul(a: Tensor, b: Tensor | number): Tensor {
  if (typeof b === 'number') return scale(a, b);
  return record('mul', [a, b], binary('mul', a, b, false), [a, b], (g, [a, b]) => [
    a.requiresGradient ? sumTo(mul(g, b), a.shape) : undefined,
    b.requiresGradient ? sumTo(mul(g, a), b.shape) : undefined,
  ]);
}

/** `a / b`. Of i32 the part left of the point, as between tensors. */
export function div(a: Tensor, b: Tensor | number): Tensor {
  if (typeof b === 'number') return a.dtype === 'i32' ? divideWhole(a, b) : scale(a, 1 / b);
  return record('div', [a, b], binary('div', a, b, false), [a, b], (g, [a, b]) => [
    a.requiresGradient ? sumTo(div(g, b), a.shape) : undefined,
    b.requiresGradient ? sumTo(neg(div(mul(g, a), mul(b, b))), b.shape) : undefined,
  ]);
}

function divideWhole(a: Tensor, b: number): Tensor {
  checkWhole('div', a, b);
  return tidy(() => div(a, constant(a, b)));
}

/** `aᵇ`. With a number as exponent negative bases are allowed where the exponent is whole. */
export function pow(a: Tensor, b: Tensor | number): Tensor {
  if (typeof b === 'number') return powScalar(a, b);
  return record('pow', [a, b], binary('pow', a, b, false), [a, b], (g, [a, b]) => [
    a.requiresGradient ? sumTo(powBaseGradient(g, a, b), a.shape) : undefined,
    b.requiresGradient ? sumTo(powExponentGradient(g, a, b), b.shape) : undefined,
  ]);
}

/** 0 for the exponent 0, whatever the base. */
function powBaseGradient(g: Tensor, a: Tensor, b: Tensor): Tensor {
  const zero = constant(g, 0);
  return where(equal(b, zero), zero, mul(mul(g, b), pow(a, shift(b, -1))));
}

/** aᵇ · ln a, which is 0 where a is: there 1 stands for a, whose logarithm is 0 and has a gradient. */
function powExponentGradient(g: Tensor, a: Tensor, b: Tensor): Tensor {
  const zero = constant(g, 0);
  const vanishes = logicalAnd(equal(a, zero), greaterEqual(b, zero));
  const logarithm = log(where(vanishes, constant(a, 1), a));
  return where(vanishes, zero, mul(mul(g, exp(mul(b, logarithm))), logarithm));
}

/** The larger of two; where they are equal each gets half of the gradient, as in PyTorch. */
export const maximum = (a: Tensor, b: Tensor): Tensor => extremum('max', a, b);
/** The smaller of two; where they are equal each gets half of the gradient, as in PyTorch. */
export const minimum = (a: Tensor, b: Tensor): Tensor => extremum('min', a, b);

function extremum(op: 'max' | 'min', a: Tensor, b: Tensor): Tensor {
  return record(op, [a, b], binary(op, a, b, false), [a, b], (g, [a, b]) => {
    const [zero, shared] = [constant(g, 0), equal(a, b)];
    const half = scale(g, 0.5);
    const toFirst = where(op === 'max' ? less(a, b) : greater(a, b), zero, where(shared, half, g));
    const toSecond = where(op === 'max' ? greater(a, b) : less(a, b), zero, where(shared, half, g));
    return [sumTo(toFirst, a.shape), sumTo(toSecond, b.shape)];
  });
}

/** `a = b`, as bool. Comparisons broadcast, take tensors of one dtype and have no gradient; NaN equals nothing. */
export const equal = (a: Tensor, b: Tensor): Tensor => binary('equal', a, b, true);
/** `a ≠ b`, as bool. */
export const notEqual = (a: Tensor, b: Tensor): Tensor => binary('notEqual', a, b, true);
/** `a < b`, as bool. */
export const less = (a: Tensor, b: Tensor): Tensor => binary('less', a, b, true);
/** `a ≤ b`, as bool. */
export const lessEqual = (a: Tensor, b: Tensor): Tensor => binary('lessEqual', a, b, true);
/** `a > b`, as bool. */
export const greater = (a: Tensor, b: Tensor): Tensor => binary('greater', a, b, true);
/** `a ≥ b`, as bool. */
export const greaterEqual = (a: Tensor, b: Tensor): Tensor => binary('greaterEqual', a, b, true);

/** Whether both are true: bools in, bools out. */
export const logicalAnd = (a: Tensor, b: Tensor): Tensor => binary('and', a, b, true);
/** Whether one of the two is true. */
export const logicalOr = (a: Tensor, b: Tensor): Tensor => binary('or', a, b, true);
/** Whether exactly one of the two is true. */
export const logicalXor = (a: Tensor, b: Tensor): Tensor => binary('xor', a, b, true);

/** `condition ? a : b`, element by element; all three broadcast. `condition` is bool. */
export function where(condition: Tensor, a: Tensor, b: Tensor): Tensor {
  checkDevice('where', condition, a, b);
  if (a.dtype !== b.dtype || condition.dtype !== 'bool')
    throw new VoxelgradError('dtype', {
      what: 'where',
      expected: 'a bool condition and two tensors of one dtype',
      got: `${condition}, ${a} and ${b}`,
    });
  const out = output(a, broadcastShape(condition.shape, broadcastShape(a.shape, b.shape, 'where'), 'where'));
  a.device.kernels.where(condition, a, b, out);
  const [left, right] = [a.shape, b.shape];
  return record('where', [a, b], out, [condition], (g, [condition]) => {
    const zero = constant(g, 0);
    return [sumTo(where(condition, g, zero), left), sumTo(where(condition, zero, g), right)];
  });
}

export { reciprocal };
