/** Against NumPy itself: `RandomState(1234).choice(n, n, replace=False)` of the voxels of one value after the other. */
import { parseLabels } from '@voxelgrad/io';
import { expect, it } from 'vitest';
import { foregroundLocations } from './foreground-locations.ts';

const segmentation = Int16Array.of(-1, 0, 2, 1, 2, 3, 1, 0);

it('draws the voxels of regions in their order, and of all that is annotated in the order of the labels', () => {
  const labels = parseLabels({ background: 0, whole: [2, 1], core: [1], ignore: 3 }, [2, 1], 'a test');
  const { classLocations, annotatedLocations } = foregroundLocations(segmentation, labels);
  expect(classLocations.map(({ voxels }) => [...voxels])).toEqual([
    [2, 4, 3, 6],
    [6, 3],
  ]);
  expect([...annotatedLocations!]).toEqual([2, 7, 4, 3, 1, 0, 6]);
});
