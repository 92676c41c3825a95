/** Components against the official postprocessing, and on masks whose components are plain to see. */
import { describe, expect, it } from 'vitest';
import { connectedComponents, keepLargestComponent } from './components.ts';
import { fixtureFolder } from './fixtures.testing.ts';
import type { Region } from './region.ts';

const fixtures = fixtureFolder('evaluation');

describe('keepLargestComponent', () => {
  it.skipIf(fixtures.missing)('keeps what the official code keeps', () => {
    type Attrs = { labels_or_regions: Region[]; background_label: number };
    const cases = fixtures.casesOf<Attrs>('remove_all_but_largest_component_from_segmentation');
    expect(cases).toHaveLength(5);
    for (const one of cases) {
      const tensors = fixtures.tensorsOf(one);
      const { data, shape } = tensors.get('seg')!;
      const { labels_or_regions: regions, background_label: background } = one.attrs;
      const kept = keepLargestComponent(data as Uint8Array, shape, regions, background);
      expect(kept, one.name).toEqual(tensors.get('out')!.data);
      expect(kept, 'some voxels go').not.toEqual(data);
    }
  });

  it('leaves the input alone, keeps ties and other labels', () => {
    const labels = Uint8Array.of(1, 0, 1, 0, 2);
    expect([...keepLargestComponent(labels, [1, 1, 5], [1])]).toEqual([1, 0, 1, 0, 2]);
    expect([...keepLargestComponent(Uint8Array.of(1, 1, 0, 1, 2), [1, 5], [1], 9)]).toEqual([1, 1, 0, 9, 2]);
    expect([...keepLargestComponent(Uint8Array.of(0, 2), [1, 2], [1])]).toEqual([0, 2]);
    expect([...labels]).toEqual([1, 0, 1, 0, 2]);
  });
});

describe('connectedComponents', () => {
  it('joins voxels that meet at a corner, and does not wrap around', () => {
    const corner = new Uint8Array(27);
    corner[0] = corner[13] = corner[26] = 1;
    expect(connectedComponents(corner, [3, 3, 3]).sizes).toEqual([3]);
    // The last voxel of a row and the first of the next but one row are neighbours in memory only.
    const wrapped = Uint8Array.of(0, 0, 1, 0, 0, 0, 1, 0, 0);
    expect(connectedComponents(wrapped, [3, 3]).labels).toEqual(Int32Array.of(0, 0, 1, 0, 0, 0, 2, 0, 0));
    expect(connectedComponents(Uint8Array.of(0, 1, 1, 0), [2, 1, 2]).sizes).toEqual([2]);
    expect(connectedComponents(Uint8Array.of(0, 0, 1, 1, 0, 0), [2, 3]).sizes).toEqual([1, 1]);
  });

  it('finds all of a solid block', () => {
    expect(connectedComponents(new Uint8Array(40 * 40 * 40).fill(1), [40, 40, 40]).sizes).toEqual([64000]);
  });

  it('refuses other ranks and sizes', () => {
    expect(() => connectedComponents(new Uint8Array(4), [4])).toThrow(/2 or 3 axes/);
    expect(() => connectedComponents(new Uint8Array(4), [2, 3])).toThrow(/6 values, got 4/);
  });
});
