/** Sums, means, extrema and what follows from them, over any axes. */
import { record } from '../../autograd.ts';
import { normalizeAxes, type Shape, sameShape, sizeOf } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { cast } from '../copy/cast.ts';
import { broadcastTo, reshape } from '../copy/copy.ts';
import { div, equal, mul, sub } from '../elementwise/elementwise.ts';
import { exp, log, neg, scale, sqrt, square } from '../elementwise/unary.ts';
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

/** Reduces the axes one run of neighbours at a time, from the last to the first. */
function reduceAxes(op: ReduceOp, x: Tensor, axes: readonly number[]): Tensor {
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
  const out = reduceAxes(op, x, list);
  const reduced = record(op, [x], out, [x, out], (g, [x, out]) => {
    const chosen = cast(equal(x, out), g.dtype);
    return [mul(chosen, div(g, sum(chosen, { axes: list, keepAxes: true })))];
  });
  return finish(reduced, x.shape, list, keepAxes);
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
  return scale(sum(square(centred), { axes: list, keepAxes }), 1 / (count - correction));
}

/** The root of the variance over `axes`. */
export const standardDeviation = (x: Tensor, options: ReduceOptions & { readonly correction?: number } = {}): Tensor =>
  widened(x, (x) => sqrt(variance(x, options)));

/** `ln Σ eˣ` without overflow. */
export function logSumExp(x: Tensor, { axes, keepAxes }: ReduceOptions = {}): Tensor {
  const list = normalizeAxes(axes, x.rank, 'logSumExp');
  const largest = max(x, { axes: list, keepAxes: true }).detach();
  const total = log(sum(exp(sub(x, largest)), { axes: list, keepAxes: true }));
  const result = sub(total, neg(largest));
  return keepAxes === true ? result : reshape(result, withoutAxes(x.shape, list));
}

/** The index (i32) of the first largest value along one axis. */
export const argMax = (x: Tensor, axis: number): Tensor => argExtremum('max', x, axis);
/** The index (i32) of the first smallest value along one axis. */
export const argMin = (x: Tensor, axis: number): Tensor => argExtremum('min', x, axis);

function argExtremum(op: 'max' | 'min', x: Tensor, axis: number): Tensor {
  checkDType(op === 'max' ? 'argMax' : 'argMin', x, ['f32', 'f16', 'i32']);
  const along = normalizeAxes(axis, x.rank, op)[0]!;
  const out = output(x, withoutAxes(x.shape, [along]), 'i32');
  const [outer, inner] = [sizeOf(x.shape.slice(0, along)), sizeOf(x.shape.slice(along + 1))];
  x.device.kernels.argReduce(op, x, out, outer, x.shape[along]!, inner);
  return out;
}

/** Running sums along one axis (f32). */
export function cumulativeSum(x: Tensor, axis: number, reverse = false): Tensor {
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
