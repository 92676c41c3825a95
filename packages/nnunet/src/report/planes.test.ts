/** That the patient lies as the letters say, whichever way the voxels run. */
import { describe, expect, it } from 'vitest';
import { anatomicalPlanes, Slice, viewAround } from './planes.ts';
import { fullestSlice, voxelsPerSlice } from './slice-counts.ts';

const letters = ['RL', 'AP', 'SI'];
const directions = letters.flatMap((_, a) =>
  letters.flatMap((_, b) =>
    a === b
      ? []
      : [0, 1, 2, 3, 4, 5, 6, 7].map((bits) =>
          [a, b, 3 - a - b].map((pair, i) => letters[pair]![(bits >> i) & 1]!).join(''),
        ),
  ),
);

describe('anatomicalPlanes', () => {
  it.each(directions)('puts the right sides on top and on the left for voxels that run %s', (codes) => {
    const shape = [4, 5, 6];
    // For each voxel how far it lies to the right, to the front and up, in voxels from the middle.
    const along = (voxel: number, letter: string): number => {
      const places = [voxel % 6, Math.floor(voxel / 6) % 5, Math.floor(voxel / 30)];
      const axis = [...codes].findIndex((code) => letters.some((pair) => pair.includes(code) && pair.includes(letter)));
      const middle = (shape[2 - axis]! - 1) / 2;
      return (places[axis]! - middle) * (codes[axis] === letter ? 1 : -1);
    };
    const view = { start: [0, 0, 0], shape };
    for (const plane of anatomicalPlanes(codes)) {
      const slice = new Slice(plane, shape, view, 1);
      expect(slice.rows * slice.columns * shape[plane.normal]!).toBe(120);
      const [first, last] = [slice.voxel(0, 0), slice.voxel(slice.rows - 1, slice.columns - 1)];
      const expected = { axial: 'AR', coronal: 'SR', sagittal: 'SA' }[plane.name];
      expect(plane.top + plane.left).toBe(expected);
      for (const letter of expected) {
        expect(along(first, letter)).toBeGreaterThan(0);
        expect(along(last, letter)).toBe(-along(first, letter));
      }
    }
  });

  it.each(['RRS', 'RA', 'RAX', ''])('refuses %j', (codes) => {
    expect(() => anatomicalPlanes(codes)).toThrow(/directions of the voxel axes/);
  });
});

describe('views', () => {
  const shape = [3, 4, 5];
  const mask = new Uint8Array(60);
  mask[1 * 20 + 2 * 5 + 3] = mask[1 * 20 + 2 * 5 + 4] = mask[1 * 20 + 1 * 5 + 4] = 1;
  const counts = voxelsPerSlice([mask, mask], shape);

  it('counts voxels and takes the fullest slice', () => {
    expect(counts.map((slices) => [...slices])).toEqual([
      [0, 6, 0],
      [0, 2, 4, 0],
      [0, 0, 0, 2, 4],
    ]);
    expect(counts.map(fullestSlice)).toEqual([1, 2, 4]);
    expect(fullestSlice(new Float64Array(7))).toBe(3);
  });

  it('shows the structure with its context in millimetres', () => {
    expect(viewAround(counts, [1, 1, 1], 0)).toEqual({ start: [1, 1, 3], shape: [1, 2, 2] });
    expect(viewAround(counts, [3, 1, 0.5], 1)).toEqual({ start: [0, 0, 1], shape: [3, 4, 4] });
    expect(viewAround(counts, [1, 1, 1], Number.POSITIVE_INFINITY)).toEqual({ start: [0, 0, 0], shape });
    expect(viewAround([new Float64Array(3), new Float64Array(4), new Float64Array(5)], [1, 1, 1], 0).shape).toEqual(
      shape,
    );
  });

  it('reads the part of a slice that is in view', () => {
    const [axial] = anatomicalPlanes('LPS');
    const slice = new Slice(axial!, shape, { start: [1, 1, 3], shape: [1, 2, 2] }, 1);
    expect([slice.rows, slice.columns]).toEqual([2, 2]);
    expect(slice.voxel(0, 0)).toBe(1 * 20 + 1 * 5 + 3);
    expect(slice.voxel(1, 1)).toBe(1 * 20 + 2 * 5 + 4);
  });
});
