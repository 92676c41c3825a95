/** From logits to a segmentation: the largest class, or regions painted one over the other. */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { Volume } from './sliding-window.ts';

/** The class with the largest logit for each voxel `[d, h, w]`, the first of equal ones. */
export function largestClass({ shape, data }: Volume): Uint8Array {
  const classes = shape[3]!;
  if (classes > 256)
    throw new VoxelgradError('option', { what: 'segmentation', expected: 'at most 256 classes', got: String(classes) });
  const labels = new Uint8Array(data.length / classes);
  for (let voxel = 0; voxel < labels.length; voxel++) {
    const first = voxel * classes;
    let best = 0;
    for (let c = 1; c < classes; c++) if (data[first + c]! > data[first + best]!) best = c;
    labels[voxel] = best;
  }
  return labels;
}

/**
 * Regions whose probability is above one half (logit above 0), painted in order: channel i writes `regionClassOrder[i]`, later ones over earlier
 * ones (nnU-Net's `regions_class_order`).
 */
export function paintRegions({ shape, data }: Volume, regionClassOrder: readonly number[]): Uint8Array {
  const regions = shape[3]!;
  if (regionClassOrder.length !== regions)
    throw new VoxelgradError('option', {
      what: 'regions_class_order',
      expected: `${regions} labels, one for each region`,
      got: String(regionClassOrder.length),
    });
  const labels = new Uint8Array(data.length / regions);
  for (let voxel = 0; voxel < labels.length; voxel++)
    for (let r = 0; r < regions; r++) if (data[voxel * regions + r]! > 0) labels[voxel] = regionClassOrder[r]!;
  return labels;
}
