/** Axes as kernels with general strides want them: as few as possible. */
import type { Shape } from '../../shape.ts';
import { stridesOf } from '../../shape.ts';

/** Most axes a kernel takes. */
export const MAXIMUM_AXES = 6;

export interface MergedAxes {
  /** Slowest first; at least one. */
  readonly extents: readonly number[];
  /** For each operand one stride an axis. */
  readonly strides: readonly (readonly number[])[];
}

/** Joins neighbouring axes that every operand walks through in one stride, and drops those of extent 1. */
export function mergeAxes(shape: Shape, strides: readonly (readonly number[])[]): MergedAxes {
  const extents: number[] = [];
  const merged: number[][] = strides.map(() => []);
  shape.forEach((extent, axis) => {
    if (extent === 1) return;
    const last = extents.length - 1;
    const joins = last >= 0 && merged.every((list, i) => list[last] === strides[i]![axis]! * extent);
    if (joins) extents[last]! *= extent;
    else extents.push(extent);
    merged.forEach((list, i) => {
      list[extents.length - 1] = strides[i]![axis]!;
    });
  });
  if (extents.length === 0) return { extents: [1], strides: strides.map(() => [1]) };
  return { extents, strides: merged };
}

/** Strides that stretch a contiguous operand of `shape` to `target` (NumPy's broadcasting): 0 along stretched axes. */
export function broadcastStrides(shape: Shape, target: Shape): number[] {
  const strides = stridesOf(shape);
  const missing = target.length - shape.length;
  return target.map((_, axis) => (axis < missing || shape[axis - missing] === 1 ? 0 : strides[axis - missing]!));
}
