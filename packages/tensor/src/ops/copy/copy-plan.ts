/** How the strided copy sees a box: axes sorted by the target's strides, neighbours that are contiguous on both sides merged. */
import type { StridedBox } from './copy.kernels.ts';

export const COPY_AXES = 6;

export interface CopyAxis {
  extent: number;
  /** Strides in elements. */
  from: number;
  to: number;
}

/** At least one axis; the target's smallest stride comes last. */
export function planAxes(box: StridedBox): CopyAxis[] {
  const axes = box.shape
    .map((extent, i): CopyAxis => ({ extent, from: box.fromStrides[i]!, to: box.toStrides[i]! }))
    .filter(({ extent }) => extent !== 1)
    .sort((a, b) => Math.abs(b.to) - Math.abs(a.to));
  const merged: CopyAxis[] = [];
  for (const axis of axes) {
    const outer = merged[merged.length - 1];
    if (outer !== undefined && outer.from === axis.from * axis.extent && outer.to === axis.to * axis.extent) {
      outer.extent *= axis.extent;
      outer.from = axis.from;
      outer.to = axis.to;
    } else merged.push({ ...axis });
  }
  return merged.length > 0 ? merged : [{ extent: 1, from: 1, to: 1 }];
}

/** Puts `axes` at the end of six axes; those in front have extent 1. */
export function sixAxes(axes: readonly CopyAxis[]): CopyAxis[] {
  const missing = COPY_AXES - axes.length;
  return [...Array.from({ length: missing }, () => ({ extent: 1, from: 0, to: 0 })), ...axes];
}
