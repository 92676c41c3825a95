/** Shape arithmetic: sizes, strides, broadcasting and axes. Shapes are plain arrays, slowest axis first. */
import { VoxelgradError } from './errors.ts';

/** Extents, slowest axis first. */
export type Shape = readonly number[];

/** One number per spatial axis: depth, height, width. */
export type Triple = readonly [number, number, number];

/** Elements in all. */
export const sizeOf = (shape: Shape): number => shape.reduce((product, extent) => product * extent, 1);

/** Whether two shapes are equal. */
export const sameShape = (a: Shape, b: Shape): boolean =>
  a.length === b.length && a.every((extent, i) => extent === b[i]);

/** For people: '[2, 3]'. */
export const showShape = (shape: Shape): string => `[${shape.join(', ')}]`;

/** Strides in elements of a contiguous tensor. */
export function stridesOf(shape: Shape): number[] {
  const strides = new Array<number>(shape.length).fill(1);
  for (let i = shape.length - 2; i >= 0; i--) strides[i] = strides[i + 1]! * shape[i + 1]!;
  return strides;
}

/** Checks that `shape` is made of whole numbers ≥ 0 and that its size stays below 2³¹ elements. */
export function checkShape(shape: Shape, what: string): void {
  if (!shape.every((extent) => Number.isInteger(extent) && extent >= 0) || sizeOf(shape) >= 2 ** 31)
    throw new VoxelgradError('shape', {
      what,
      expected: 'whole extents ≥ 0 with fewer than 2³¹ elements in all',
      got: showShape(shape),
    });
}

/** The shape that `a` and `b` broadcast to (NumPy's rule: aligned at the last axis, 1 stretches). */
export function broadcastShape(a: Shape, b: Shape, op: string): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const left = a[i - rank + a.length] ?? 1;
    const right = b[i - rank + b.length] ?? 1;
    if (left !== right && left !== 1 && right !== 1)
      throw new VoxelgradError('shape', {
        what: op,
        expected: 'shapes that broadcast (equal extents, or 1, counted from the last axis)',
        got: `${showShape(a)} and ${showShape(b)}`,
      });
    return left === 1 ? right : left;
  });
}

/** Axes as sorted indices ≥ 0; `undefined` means all, negative ones count from the end. */
export function normalizeAxes(axes: number | readonly number[] | undefined, rank: number, op: string): number[] {
  const list =
    axes === undefined ? Array.from({ length: rank }, (_, i) => i) : typeof axes === 'number' ? [axes] : axes;
  const result = list.map((axis) => (axis < 0 ? axis + rank : axis)).sort((a, b) => a - b);
  if (result.some((axis, i) => !Number.isInteger(axis) || axis < 0 || axis >= rank || axis === result[i - 1]))
    throw new VoxelgradError('shape', {
      what: op,
      expected: `distinct axes of a tensor with ${rank} dimensions`,
      got: showShape(list),
    });
  return result;
}

/** Rounds up to a multiple. */
export const roundUpTo = (value: number, multiple: number): number => Math.ceil(value / multiple) * multiple;
