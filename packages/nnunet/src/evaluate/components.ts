/**
 * Connected components with full connectivity (26 neighbours in 3-D, 8 in 2-D), as `skimage.measure.label` has by default, and nnU-Net's
 * postprocessing that keeps the largest one (`remove_all_but_largest_component_from_segmentation`).
 */
import type { VoxelArray } from '@voxelgrad/io';
import { VoxelgradError } from '@voxelgrad/tensor';
import { checkVoxels, maskOf, type Region } from './region.ts';

export interface Components {
  /** 0 outside the mask, else the component's number from 1 on, in the order in which a scan meets them. */
  readonly labels: Int32Array;
  /** Voxels of each component; `sizes[0]` is the first. */
  readonly sizes: readonly number[];
}

/** `mask`: anything but 0 is inside. `shape`: two or three extents. */
export function connectedComponents(mask: VoxelArray, shape: readonly number[]): Components {
  checkVoxels(shape, mask);
  const grid = threeExtents(shape);
  const labels = new Int32Array(mask.length);
  const waiting = new Int32Array(mask.length);
  const sizes: number[] = [];
  for (let seed = 0; seed < mask.length; seed++)
    if (mask[seed] !== 0 && labels[seed] === 0) sizes.push(flood(seed, mask, grid, labels, waiting, sizes.length + 1));
  return { labels, sizes };
}

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

function threeExtents(shape: readonly number[]): readonly [number, number, number] {
  if (shape.length < 2 || shape.length > 3)
    throw new VoxelgradError('shape', { what: 'components', expected: '2 or 3 axes', got: `${shape.length}` });
  return shape.length === 2 ? [1, shape[0]!, shape[1]!] : [shape[0]!, shape[1]!, shape[2]!];
}

/** Gives `label` to everything connected to `seed`; returns how many voxels that are. Each is put on the stack once, as it gets its label. */
function flood(
  seed: number,
  mask: VoxelArray,
  [depth, height, width]: readonly [number, number, number],
  labels: Int32Array,
  waiting: Int32Array,
  label: number,
): number {
  let top = 0;
  let size = 1;
  waiting[top++] = seed;
  labels[seed] = label;
  while (top > 0) {
    const voxel = waiting[--top]!;
    const x = voxel % width;
    const y = Math.floor(voxel / width) % height;
    const z = Math.floor(voxel / (width * height));
    for (let nz = Math.max(0, z - 1); nz <= Math.min(depth - 1, z + 1); nz++)
      for (let ny = Math.max(0, y - 1); ny <= Math.min(height - 1, y + 1); ny++)
        for (let nx = Math.max(0, x - 1); nx <= Math.min(width - 1, x + 1); nx++) {
          const neighbour = (nz * height + ny) * width + nx;
          if (mask[neighbour] === 0 || labels[neighbour] !== 0) continue;
          labels[neighbour] = label;
          waiting[top++] = neighbour;
          size++;
        }
  }
  return size;
}
