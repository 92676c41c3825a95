/** Tiny label images for tests of folders: bars along x in a volume of 3 × 3 × 24, enough for components and overlaps. */
import { writeImageFile } from '@voxelgrad/io/node';

/** Voxels `from` to before `to` of the middle row get a label. */
export type Bar = readonly [label: number, from: number, to: number];

export const barShape = [3, 3, 24] as const;

export function barLabels(bars: readonly Bar[]): Uint8Array {
  const data = new Uint8Array(3 * 3 * 24);
  for (const [label, from, to] of bars) data.fill(label, 4 * 24 + from, 4 * 24 + to);
  return data;
}

export const writeBars = (file: string, bars: readonly Bar[]): Promise<void> =>
  writeImageFile(file, {
    shape: barShape,
    data: barLabels(bars),
    spacing: [1, 1, 1],
    affine: [-1, 0, 0, 5, 0, -1, 0, 7, 0, 0, 1, 9, 0, 0, 0, 1],
  });
