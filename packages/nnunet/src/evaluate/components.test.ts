/** The largest component against the official postprocessing. */
import { lacking } from '@voxelgrad/tensor/testing-skips';
import { describe, expect, it } from 'vitest';
import { keepLargestComponent } from './components.ts';
import { fixtureFolder } from './fixtures.testing.ts';
import type { Region } from './region.ts';

const fixtures = fixtureFolder('evaluation');

describe('keepLargestComponent', () => {
  it('keeps what the official code keeps', lacking(fixtures.missing), () => {
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
