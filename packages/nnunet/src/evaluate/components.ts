/** nnU-Net's postprocessing that keeps the largest component (`remove_all_but_largest_component_from_segmentation`). */
import { connectedComponents } from '@voxelgrad/augment';
import type { VoxelArray } from '@voxelgrad/io';
import { maskOf, type Region } from './region.ts';

/**
 * A copy of `segmentation` in which of all voxels that belong to any of the regions only those of the largest component are left; the others become
 * `background`. Components of the same, largest size all stay.
 */
export function keepLargestComponent<Labels extends VoxelArray>(
  segmentation: Labels,
  shape: readonly number[],
  regions: readonly Region[],
  background = 0,
): Labels {
  const mask = maskOf(segmentation, regions.flat());
  const { labels, sizes } = connectedComponents(mask, shape);
  const largest = sizes.reduce((most, size) => Math.max(most, size), 0);
  const kept = segmentation.slice() as Labels;
  for (let voxel = 0; voxel < kept.length; voxel++)
    if (labels[voxel] !== 0 && sizes[labels[voxel]! - 1] !== largest) kept[voxel] = background;
  return kept;
}
