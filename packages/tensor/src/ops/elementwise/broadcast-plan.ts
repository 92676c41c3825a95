/** How the broadcasting kernels see their operands: at most six axes, as few as possible, and one stride an axis for each operand. */
import { VoxelgradError } from '../../errors.ts';
import { type Shape, showShape } from '../../shape.ts';

export const BROADCAST_AXES = 6;

export interface BroadcastPlan {
  /** Extents of six axes, slowest first, padded in front with 1. */
  readonly extents: readonly number[];
  /** For each operand its strides in elements; 0 where it is stretched. */
  readonly strides: readonly (readonly number[])[];
}

/** Merges neighbouring axes of `out` along which each operand is either stretched or not, and drops axes of extent 1. */
export function planBroadcast(out: Shape, operands: readonly Shape[], what: string): BroadcastPlan {
  const extents: number[] = [];
  const present: boolean[][] = [];
  out.forEach((extent, axis) => {
    if (extent === 1) return;
    const has = operands.map((shape) => (shape[axis - out.length + shape.length] ?? 1) !== 1);
    const before = present[present.length - 1];
    if (before?.every((value, i) => value === has[i])) extents[extents.length - 1]! *= extent;
    else {
      extents.push(extent);
      present.push(has);
    }
  });
  if (extents.length > BROADCAST_AXES)
    throw new VoxelgradError('shape', {
      what,
      expected: `operands that broadcast along at most ${BROADCAST_AXES} separate groups of axes`,
      got: operands.map(showShape).join(' and '),
    });
  while (extents.length < BROADCAST_AXES) {
    extents.unshift(1);
    present.unshift(operands.map(() => true));
  }
  const strides = operands.map((_, operand) => {
    let size = 1;
    const result = new Array<number>(BROADCAST_AXES).fill(0);
    for (let axis = BROADCAST_AXES - 1; axis >= 0; axis--) {
      if (!present[axis]![operand]) continue;
      result[axis] = size;
      size *= extents[axis]!;
    }
    return result;
  });
  return { extents, strides };
}
