/**
 * Ops that only move values: reshape, permute, slice, flip, pad, concat, broadcast, stack, gather. Each is one strided copy over a box, and so is its
 * gradient. Padding by repeating or mirroring goes through gather.
 */
import { record } from '../../autograd.ts';
import { fromArray, full } from '../../create.ts';
import type { Operand } from '../../device/device.ts';
import { VoxelgradError } from '../../errors.ts';
import { remember } from '../../recompute.ts';
import { tidy } from '../../scope.ts';
import { broadcastShape, normalizeAxes, type Shape, sameShape, showShape, sizeOf, stridesOf } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { checkDevice, checkDType, checkShapeIs, output, seenAs } from '../operands.ts';
import { sumTo } from '../reduce/reduce.ts';
import { cast } from './cast.ts';

/** The same values in memory order under another shape; one extent may be −1. Shares the memory. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  const known = shape.reduce((product, extent) => (extent === -1 ? product : product * extent), 1);
  const target = shape.map((extent) => (extent === -1 ? x.size / known : extent));
  const fits = sizeOf(target) === x.size && target.every((extent) => Number.isInteger(extent) && extent >= 0);
  if (!fits || shape.filter((extent) => extent === -1).length > 1)
    throw new VoxelgradError('shape', {
      what: `reshape of ${showShape(x.shape)}`,
      expected: `a shape of ${x.size} elements, with at most one −1`,
      got: showShape(shape),
    });
  const from = x.shape;
  return record('reshape', [x], x.view(target), [], (g) => [reshape(g, from)]);
}

/** Reorders the axes: output axis i is input axis `axes[i]`, of which negative ones count from the end. */
export function permute(x: Tensor, axes: readonly number[]): Tensor {
  if (normalizeAxes(axes, x.rank, 'permute').length !== x.rank)
    throw new VoxelgradError('shape', {
      what: `permute of ${showShape(x.shape)}`,
      expected: `all ${x.rank} axes`,
      got: showShape(axes),
    });
  const order = axes.map((axis) => (axis < 0 ? axis + x.rank : axis));
  const shape = order.map((axis) => x.shape[axis]!);
  const strides = stridesOf(x.shape);
  const out = output(x, shape);
  copyBox(
    x,
    out,
    shape,
    0,
    order.map((axis) => strides[axis]!),
    0,
    stridesOf(shape),
  );
  const inverse = order.map((_, axis) => order.indexOf(axis));
  return record('permute', [x], out, [], (g) => [permute(g, inverse)]);
}

/**
 * Entries `start`, `start + step`, … before `end` on every axis: NumPy's `x[start:end:step]`. Negative bounds count from the end of their axis; steps are 1 by
 * default. Throws 'shape' for bounds outside of x, 'option' for steps below 1.
 */
export function slice(
  x: Tensor,
  start: readonly number[],
  end: readonly number[],
  step: readonly number[] = x.shape.map(() => 1),
): Tensor {
  if (!step.every((entries) => Number.isInteger(entries) && entries >= 1))
    throw new VoxelgradError('option', {
      what: `slice of ${showShape(x.shape)}: step`,
      expected: 'whole numbers ≥ 1',
      got: showShape(step),
      help: 'flip the axis first to go backwards along it',
    });
  const fromEnd = (bound: number, axis: number): number => (bound < 0 ? bound + x.shape[axis]! : bound);
  const [low, high] = [start.map(fromEnd), end.map(fromEnd)];
  const inside = x.shape.every((extent, i) => low[i]! >= 0 && low[i]! <= high[i]! && high[i]! <= extent);
  const whole = [...low, ...high].every(Number.isInteger);
  if (!inside || !whole || [start, end, step].some(({ length }) => length !== x.rank))
    throw new VoxelgradError('shape', {
      what: 'slice',
      expected: `${x.rank} whole bounds within ${showShape(x.shape)}, ends behind starts`,
      got: `${showShape(start)} to ${showShape(end)} by ${showShape(step)}`,
    });
  const shape = x.shape.map((_, i) => Math.ceil((high[i]! - low[i]!) / step[i]!));
  const strides = stridesOf(x.shape);
  const out = output(x, shape);
  copyBox(x, out, shape, offsetOf(low, strides), stepped(strides, step), 0, stridesOf(shape));
  const before = x.shape;
  return record('slice', [x], out, [], (g) => [place('slice', g, before, low, step, 0)]);
}

const stepped = (strides: readonly number[], step: readonly number[]): number[] =>
  strides.map((stride, i) => stride * step[i]!);

/** A tensor of `value` with x in it, from `start` on and `step` apart: what slice takes out. */
function place(
  op: string,
  x: Tensor,
  shape: Shape,
  start: readonly number[],
  step: readonly number[],
  value: number,
): Tensor {
  const strides = stridesOf(shape);
  const out = full(value, shape, { device: x.device, dtype: x.dtype });
  copyBox(x, out, x.shape, 0, stridesOf(x.shape), offsetOf(start, strides), stepped(strides, step));
  const end = x.shape.map((extent, i) => (extent === 0 ? start[i]! : start[i]! + (extent - 1) * step[i]! + 1));
  return record(op, [x], out, [], (g) => [slice(g, start, end, step)]);
}

/** `length` entries of one axis from `start` on; a negative start counts from the end. */
export function narrow(x: Tensor, axis: number, start: number, length: number): Tensor {
  const [along] = normalizeAxes(axis, x.rank, 'narrow');
  const low = start < 0 ? start + x.shape[along!]! : start;
  return slice(
    x,
    x.shape.map((_, i) => (i === along ? low : 0)),
    x.shape.map((extent, i) => (i === along ? low + length : extent)),
  );
}

/** Reverses the given axes. */
export function flip(x: Tensor, axes: number | readonly number[]): Tensor {
  const reversed = normalizeAxes(axes, x.rank, 'flip');
  const strides = stridesOf(x.shape);
  const start = x.shape.map((extent, i) => (reversed.includes(i) ? extent - 1 : 0));
  const out = output(x, x.shape);
  copyBox(
    x,
    out,
    x.shape,
    offsetOf(start, strides),
    strides.map((stride, i) => (reversed.includes(i) ? -stride : stride)),
    0,
    strides,
  );
  return record('flip', [x], out, [], (g) => [flip(g, reversed)]);
}

/** Adds `[before, after]` entries of `value` around every axis. */
export function pad(x: Tensor, amounts: readonly (readonly [number, number])[], value = 0): Tensor {
  const shape = x.shape.map((extent, i) => extent + (amounts[i]?.[0] ?? 0) + (amounts[i]?.[1] ?? 0));
  if (amounts.length !== x.rank || amounts.some(([before, after]) => before < 0 || after < 0))
    throw new VoxelgradError('shape', { what: 'pad', expected: `${x.rank} pairs ≥ 0`, got: JSON.stringify(amounts) });
  const before = amounts.map(([low]) => low);
  const apart = amounts.map(() => 1);
  return place('pad', x, shape, before, apart, value);
}

/** Pads by repeating the edge, or by mirroring about it without repeating it (torch's 'reflect'). */
export function padBorder(x: Tensor, amounts: readonly (readonly [number, number])[], mode: 'edge' | 'mirror'): Tensor {
  const whole = amounts.flat().every((amount) => Number.isInteger(amount) && amount >= 0);
  if (amounts.length !== x.rank || !whole || x.size === 0)
    throw new VoxelgradError('shape', {
      what: 'padBorder',
      expected: 'values to repeat, and a pair of whole numbers ≥ 0 for each of their axes',
      got: `${showShape(x.shape)} with ${JSON.stringify(amounts)}`,
    });
  return amounts.reduce((result, [before, after], axis) => {
    if (before === 0 && after === 0) return result;
    const extent = x.shape[axis]!;
    const index = Array.from({ length: before + extent + after }, (_, i) => borderIndex(i - before, extent, mode));
    return gather(result, fromArray(Int32Array.from(index), [index.length], { device: x.device }), axis);
  }, x);
}

/** Which entry of an axis with `extent` entries stands at position i, which may lie outside. */
export function borderIndex(i: number, extent: number, mode: 'edge' | 'mirror'): number {
  if (mode === 'edge' || extent === 1) return Math.min(Math.max(i, 0), extent - 1);
  const period = 2 * (extent - 1);
  const folded = ((i % period) + period) % period;
  return folded < extent ? folded : period - folded;
}

/** Joins tensors along one axis. */
export function concat(tensors: readonly Tensor[], axis: number): Tensor {
  const first = tensors[0];
  if (first === undefined)
    throw new VoxelgradError('shape', { what: 'concat', expected: 'at least one tensor', got: 'none' });
  const along = normalizeAxes(axis, first.rank, 'concat')[0]!;
  checkDevice('concat', ...tensors);
  for (const tensor of tensors) {
    if (tensor.rank !== first.rank || tensor.shape.some((extent, i) => i !== along && extent !== first.shape[i]))
      throw new VoxelgradError('shape', {
        what: `concat along axis ${along}`,
        expected: `shapes like ${showShape(first.shape)} but for that axis`,
        got: showShape(tensor.shape),
      });
    checkDType('concat', tensor, [first.dtype]);
  }
  const lengths = tensors.map((tensor) => tensor.shape[along]!);
  const shape = first.shape.map((extent, i) =>
    i === along ? lengths.reduce((sum, length) => sum + length, 0) : extent,
  );
  const strides = stridesOf(shape);
  const out = output(first, shape);
  const starts: number[] = [];
  let start = 0;
  for (const tensor of tensors) {
    copyBox(tensor, out, tensor.shape, 0, stridesOf(tensor.shape), start * strides[along]!, strides);
    starts.push(start);
    start += tensor.shape[along]!;
  }
  const result = record('concat', tensors, out, [], (g) =>
    lengths.map((length, i) => narrow(g, along, starts[i]!, length)),
  );
  // What is made of tensors that are all kept is no cheaper to make again.
  if (tensors.some(({ recipe }) => recipe !== undefined)) remember(result, tensors, (parts) => concat(parts, along));
  return result;
}

/** Joins tensors of one shape along a new axis, which has this index in the result. */
export function stack(tensors: readonly Tensor[], axis: number): Tensor {
  const along = normalizeAxes(axis, (tensors[0]?.rank ?? 0) + 1, 'stack')[0]!;
  return concat(
    tensors.map((tensor) => reshape(tensor, tensor.shape.toSpliced(along, 0, 1))),
    along,
  );
}

/** Stretches axes of extent 1, and new ones in front, to `shape`. */
export function broadcastTo(x: Tensor, shape: Shape): Tensor {
  if (!sameShape(broadcastShape(x.shape, shape, 'broadcastTo'), shape))
    throw new VoxelgradError('shape', {
      what: 'broadcastTo',
      expected: `a shape that stretches to ${showShape(shape)}`,
      got: showShape(x.shape),
    });
  const strides = stridesOf(x.shape);
  const missing = shape.length - x.rank;
  const out = output(x, shape);
  const from = shape.map((extent, i) => (i < missing || x.shape[i - missing] !== extent ? 0 : strides[i - missing]!));
  copyBox(x, out, shape, 0, from, 0, stridesOf(shape));
  const before = x.shape;
  return record('broadcastTo', [x], out, [], (g) => [sumTo(g, before)]);
}

/**
 * Entries `index` (i32, `[count]`) of one axis, in that order; entries may repeat. The index lies on the device and is not checked: what an entry outside of
 * the axis gives is unspecified.
 */
export function gather(x: Tensor, index: Tensor, axis: number): Tensor {
  checkDevice('gather', x, index);
  checkDType('gather: index', index, ['i32']);
  const along = normalizeAxes(axis, x.rank, 'gather')[0]!;
  if (index.rank !== 1)
    throw new VoxelgradError('shape', { what: 'gather: index', expected: '[count]', got: showShape(index.shape) });
  const out = output(
    x,
    x.shape.map((extent, i) => (i === along ? index.size : extent)),
  );
  x.device.kernels.gather(x, index, out, along);
  const extent = x.shape[along]!;
  return record('gather', [x], out, [index], (g, [index]) => [scatterAdd(g, index, along, extent)]);
}

/**
 * Zeros with `x[i]` added at `index[i]` (i32, one for each entry of the axis) of an axis of the given extent: the gradient of gather. x is f32 or f16
 * (summed in f32).
 */
export function scatterAdd(x: Tensor, index: Tensor, axis: number, extent: number): Tensor {
  checkDevice('scatterAdd', x, index);
  checkDType('scatterAdd', x, ['f32', 'f16']);
  if (x.dtype === 'f16') return tidy(() => cast(scatterAdd(cast(x, 'f32'), index, axis, extent), 'f16'));
  checkDType('scatterAdd: index', index, ['i32']);
  const along = normalizeAxes(axis, x.rank, 'scatterAdd')[0]!;
  checkShapeIs('scatterAdd', 'index', index, [x.shape[along]!]);
  const out = output(x, x.shape.with(along, extent));
  x.device.kernels.scatterAdd(x, index, out, along);
  return record('scatterAdd', [x], out, [index], (g, [index]) => [gather(g, index, along)]);
}

/** Overwrites the values of `target` with those of `source`, of the same shape and dtype and in other memory. Not recorded for gradients. */
export function overwrite(target: Tensor, source: Tensor): void {
  checkDevice('overwrite', target, source);
  checkDType('overwrite', source, [target.dtype]);
  checkShapeIs('overwrite', 'source', source, target.shape);
  copyBox(source, target, [source.size], 0, [1], 0, [1]);
}

const offsetOf = (position: readonly number[], strides: readonly number[]): number =>
  position.reduce((offset, index, i) => offset + index * strides[i]!, 0);

/** One strided copy; axes that are contiguous on both sides are merged, so that kernels see as few as possible. */
function copyBox(
  x: Tensor,
  out: Tensor,
  shape: Shape,
  fromOffset: number,
  fromStrides: readonly number[],
  toOffset: number,
  toStrides: readonly number[],
): void {
  const extents: number[] = [];
  const from: number[] = [];
  const to: number[] = [];
  shape.forEach((extent, i) => {
    const last = extents.length - 1;
    if (extent === 1 && shape.length > 1) return;
    if (last >= 0 && from[last] === fromStrides[i]! * extent && to[last] === toStrides[i]! * extent) {
      extents[last]! *= extent;
      from[last] = fromStrides[i]!;
      to[last] = toStrides[i]!;
    } else {
      extents.push(extent);
      from.push(fromStrides[i]!);
      to.push(toStrides[i]!);
    }
  });
  if (extents.length === 0) {
    extents.push(1);
    from.push(1);
    to.push(1);
  }
  if (extents.length > 6)
    throw new VoxelgradError('shape', { what: 'a copy', expected: 'at most 6 axes', got: showShape(shape) });
  if (sizeOf(extents) === 0) return;
  const flat = (operand: Operand): Operand => seenAs(operand, [sizeOf(operand.shape)]);
  x.device.kernels.stridedCopy(flat(x), flat(out), {
    shape: extents,
    fromOffset,
    fromStrides: from,
    toOffset,
    toStrides: to,
  });
}
