/** Sums, means, extrema and what follows from them, over any axes. */
import { record } from '../../autograd.ts';
import { full } from '../../create.ts';
import { VoxelgradError } from '../../errors.ts';
import { tidy } from '../../scope.ts';
import { normalizeAxes, type Shape, sameShape, showShape, sizeOf } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { cast } from '../copy/cast.ts';
import { broadcastTo, permute, reshape } from '../copy/copy.ts';
import { add, div, equal, sub, where } from '../elementwise/elementwise.ts';
import { constant, exp, finite, log, scale, sqrt, square } from '../elementwise/unary.ts';
import { checkDType, output, seenAs } from '../operands.ts';
import { widened } from '../widened.ts';
import type { ReduceOp } from './reduce.kernels.ts';

/** Which axes go. */
export interface ReduceOptions {
  /** Reduced axes; all by default. Negative ones count from the end. */
  readonly axes?: number | readonly number[] | undefined;
  /** Leaves reduced axes with extent 1. */
  readonly keepAxes?: boolean | undefined;
}

/** What no values reduce to, as in NumPy. */
const OF_NOTHING: Readonly<Record<ReduceOp, number>> = {
  sum: 0,
  sumOfSquares: 0,
  mean: Number.NaN,
  max: Number.NEGATIVE_INFINITY,
  min: Number.POSITIVE_INFINITY,
};

/** Reduces the axes one run of neighbours at a time, from the last to the first. */
function reduceAxes(op: ReduceOp, x: Tensor, axes: readonly number[]): Tensor {
  // Kernels have nothing to walk over, and would leave what the memory held.
  if (axes.some((axis) => x.shape[axis] === 0)) {
    const shape = x.shape.map((extent, axis) => (axes.includes(axis) ? 1 : extent));
    return full(OF_NOTHING[op], shape, { device: x.device, dtype: x.dtype });
  }
  let result = x;
  let end = axes.length;
  while (end > 0) {
    let start = end - 1;
    while (start > 0 && axes[start - 1] === axes[start]! - 1) start--;
    const first = axes[start]!;
    const last = axes[end - 1]!;
    const outer = sizeOf(result.shape.slice(0, first));
    const reduced = sizeOf(result.shape.slice(first, last + 1));
    const inner = sizeOf(result.shape.slice(last + 1));
    const shape = result.shape.map((extent, axis) => (axis >= first && axis <= last ? 1 : extent));
    const out = output(x, shape);
    x.device.kernels.reduce(
      op,
      seenAs(result, [outer, reduced, inner]),
      seenAs(out, [outer, inner]),
      outer,
      reduced,
      inner,
    );
    if (result !== x) result.dispose();
    result = out;
    end = start;
  }
  return result === x ? x.view(x.shape) : result;
}

const withoutAxes = (shape: Shape, axes: readonly number[]): number[] =>
  shape.filter((_, axis) => !axes.includes(axis));

function finish(reduced: Tensor, shape: Shape, axes: readonly number[], keepAxes: boolean | undefined): Tensor {
  if (keepAxes === true) return reduced;
  const result = reshape(reduced, withoutAxes(shape, axes));
  reduced.dispose();
  return result;
}

/** The sum over `axes`. f32, f16 (summed in f32) or i32. */
export function sum(x: Tensor, { axes, keepAxes }: ReduceOptions = {}): Tensor {
  checkDType('sum', x, ['f32', 'f16', 'i32']);
  const list = normalizeAxes(axes, x.rank, 'sum');
  const shape = x.shape;
  const reduced = record('sum', [x], reduceAxes('sum', x, list), [], (g) => [broadcastTo(g, shape)]);
  return finish(reduced, shape, list, keepAxes);
}

/** The mean over `axes`. f32 or f16 (summed in f32). */
export function mean(x: Tensor, { axes, keepAxes }: ReduceOptions = {}): Tensor {
  checkDType('mean', x, ['f32', 'f16']);
  const list = normalizeAxes(axes, x.rank, 'mean');
  const shape = x.shape;
  const factor = 1 / sizeOf(list.map((axis) => shape[axis]!));
  const reduced = record('mean', [x], reduceAxes('mean', x, list), [], (g) => [broadcastTo(scale(g, factor), shape)]);
  return finish(reduced, shape, list, keepAxes);
}

/** The largest value over `axes`; several equal ones share the gradient evenly (PyTorch's amax). */
export const max = (x: Tensor, options: ReduceOptions = {}): Tensor => extremum('max', x, options);
/** The smallest value over `axes`; several equal ones share the gradient evenly (PyTorch's amin). */
export const min = (x: Tensor, options: ReduceOptions = {}): Tensor => extremum('min', x, options);

function extremum(op: 'max' | 'min', x: Tensor, { axes, keepAxes }: ReduceOptions): Tensor {
  checkDType(op, x, ['f32', 'f16', 'i32']);
  const list = normalizeAxes(axes, x.rank, op);
  checkNotEmpty(op, x, list);
  const out = reduceAxes(op, x, list);
  const reduced = record(op, [x], out, [x, out], (g, [x, out]) => {
    const chosen = equal(x, out);
    const count = sum(cast(chosen, g.dtype), { axes: list, keepAxes: true });
    return [where(chosen, div(g, count), constant(g, 0))];
  });
  return finish(reduced, x.shape, list, keepAxes);
}

/** Nothing has a sum, but no largest or smallest value. */
function checkNotEmpty(op: string, x: Tensor, axes: readonly number[]): void {
  if (axes.some((axis) => x.shape[axis] === 0))
    throw new VoxelgradError('shape', {
      what: op,
      expected: 'at least one value along each axis',
      got: showShape(x.shape),
    });
}

/**
 * The variance over `axes`, by two passes; divided by the count less `correction` (1: unbiased, 0: of the population). f32, or f16 squared and summed
 * in f32.
 */
export function variance(x: Tensor, options: ReduceOptions & { readonly correction?: number } = {}): Tensor {
  if (x.dtype === 'f16') return widened(x, (x) => variance(x, options));
  const { axes, keepAxes, correction = 1 } = options;
  const list = normalizeAxes(axes, x.rank, 'variance');
  const count = sizeOf(list.map((axis) => x.shape[axis]!));
  const centred = sub(x, mean(x, { axes: list, keepAxes: true }));
  return scale(sum(square(centred), { axes: list, keepAxes }), 1 / Math.max(0, count - correction));
}

/** The root of the variance over `axes`. */
export const standardDeviation = (x: Tensor, options: ReduceOptions & { readonly correction?: number } = {}): Tensor =>
  widened(x, (x) => sqrt(variance(x, options)));

/** `ln Σ eˣ` without overflow. */
export function logSumExp(x: Tensor, { axes, keepAxes }: ReduceOptions = {}): Tensor {
  checkDType('logSumExp', x, ['f32', 'f16']);
  const list = normalizeAxes(axes, x.rank, 'logSumExp');
  return tidy(() => {
    const largest = reduceAxes('max', x.detach(), list);
    const [zero, one] = [constant(x, 0), constant(x, 1)];
    // An infinite value less itself is no number; where all are −∞, so is the logarithm, and no value has a gradient.
    const offset = where(cast(finite(largest), 'bool'), largest, zero);
    const total = sum(exp(sub(x, offset)), { axes: list, keepAxes: true });
    const nothing = equal(total, zero);
    const logarithm = log(where(nothing, one, total));
    const result = add(logarithm, where(nothing, constant(x, Number.NEGATIVE_INFINITY), offset));
    return keepAxes === true ? result : reshape(result, withoutAxes(x.shape, list));
  });
}

/**
 * The index (i32) of the first largest value along one axis. Over several axes, or by default all, it is the index within these axes flattened, the last
 * one fastest; all axes together are NumPy's and PyTorch's argmax without an axis.
 */
export const argMax = (x: Tensor, axes?: number | readonly number[]): Tensor => argExtremum('max', x, axes);
/** The index (i32) of the first smallest value; axes as of argMax. */
export const argMin = (x: Tensor, axes?: number | readonly number[]): Tensor => argExtremum('min', x, axes);

function argExtremum(op: 'max' | 'min', x: Tensor, axes: number | readonly number[] | undefined): Tensor {
  const name = op === 'max' ? 'argMax' : 'argMin';
  checkDType(name, x, ['f32', 'f16', 'i32']);
  const list = normalizeAxes(axes, x.rank, name);
  checkNotEmpty(name, x, list);
  const out = output(x, withoutAxes(x.shape, list), 'i32');
  const first = list[0] ?? x.rank;
  const outer = sizeOf(x.shape.slice(0, first));
  const reduced = sizeOf(list.map((axis) => x.shape[axis]!));
  const inner = sizeOf(out.shape.slice(first));
  tidy(() => x.device.kernels.argReduce(op, together(x.detach(), list), out, outer, reduced, inner));
  return out;
}

/** With the given axes next to each other, at the place of the first. */
function together(x: Tensor, axes: readonly number[]): Tensor {
  const first = axes[0] ?? x.rank;
  if (axes.every((axis, i) => axis === first + i)) return x;
  const others = x.shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  return permute(x, [...others.slice(0, first), ...axes, ...others.slice(first)]);
}

/** Running sums along one axis; of f16 they are summed in f32. */
export function cumulativeSum(x: Tensor, axis: number, reverse = false): Tensor {
  if (x.dtype === 'f16') return widened(x, (x) => cumulativeSum(x, axis, reverse));
  checkDType('cumulativeSum', x, ['f32']);
  const along = normalizeAxes(axis, x.rank, 'cumulativeSum')[0]!;
  const out = output(x, x.shape);
  const [outer, inner] = [sizeOf(x.shape.slice(0, along)), sizeOf(x.shape.slice(along + 1))];
  x.device.kernels.cumulativeSum(x, out, outer, x.shape[along]!, inner, reverse);
  return record('cumulativeSum', [x], out, [], (g) => [cumulativeSum(g, along, !reverse)]);
}

/** Sums what was broadcast: from the shape of a result back to that of an input. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const missing = x.rank - shape.length;
  const axes = x.shape.flatMap((extent, axis) =>
    axis < missing || (shape[axis - missing] === 1 && extent !== 1) ? [axis] : [],
  );
  return reshape(axes.length === 0 ? x : sum(x, { axes, keepAxes: true }), shape);
}
