/** Every voxel must stay where it is in the world. */
import { describe, expect, it } from 'vitest';
import { type Affine, axisCodes } from './affine.ts';
import type { Image } from './image.ts';
import { reorient } from './reorient.ts';

/** World position of the voxel (x, y, z). */
const world = (a: Affine, [x, y, z]: readonly number[]): number[] =>
  [0, 4, 8].map((row) => a[row]! * x! + a[row + 1]! * y! + a[row + 2]! * z! + a[row + 3]!);

/** [2, 3, 4] voxels, each with a number of its own, 1.5 × 2 × 3 mm, axes as the codes say. */
function imageWith(codes: string): Image<Int16Array> {
  const steps = { L: [-1, 0, 0], R: [1, 0, 0], P: [0, -1, 0], A: [0, 1, 0], I: [0, 0, -1], S: [0, 0, 1] };
  const sizes = [1.5, 2, 3];
  const [x, y, z] = [...codes].map((code, axis) =>
    steps[code as 'L'].map((value) => value * sizes[axis]!),
  ) as number[][];
  // biome-ignore format: a matrix reads best as one
  const affine: Affine = [
    x![0]!, y![0]!, z![0]!, 10,
    x![1]!, y![1]!, z![1]!, -20,
    x![2]!, y![2]!, z![2]!, 30,
    0, 0, 0, 1,
  ];
  return { shape: [2, 3, 4], data: Int16Array.from({ length: 24 }, (_, i) => i), spacing: [3, 2, 1.5], affine };
}

/** World position → value, for all voxels. */
function positions({ shape, data, affine }: Image): Map<string, number> {
  const [depth, height, width] = shape as [number, number, number];
  const found = new Map<string, number>();
  for (let z = 0; z < depth; z++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) found.set(String(world(affine, [x, y, z])), data[(z * height + y) * width + x]!);
  return found;
}

const sorted = (map: Map<string, number>): [string, number][] => [...map].sort(([a], [b]) => (a < b ? -1 : 1));

describe('reorient', () => {
  it.each(['RAS', 'LPS', 'ASL', 'IRP', 'SLA', 'PIR'])('%s to RAS and back', (codes) => {
    const image = imageWith(codes);
    expect(axisCodes(image.affine)).toBe(codes);
    const turned = reorient(image, 'RAS');
    expect(axisCodes(turned.affine)).toBe('RAS');
    expect(sorted(positions(turned))).toEqual(sorted(positions(image)));
    const [z, y, x] = turned.spacing;
    expect([turned.affine[0], turned.affine[5], turned.affine[10]]).toEqual([x, y, z]);
    expect(reorient(turned, codes)).toEqual(image);
  });

  it('refuses what is no orientation, and images with channels', () => {
    for (const codes of ['RAR', 'RA', 'XYZ', 'RASS'])
      expect(() => reorient(imageWith('LPS'), codes)).toThrow(/orientation: expected three of/);
    expect(() => reorient({ ...imageWith('LPS'), shape: [1, 2, 3, 4] }, 'RAS')).toThrow(/expected \[z, y, x\]/);
  });
});
