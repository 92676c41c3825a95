/** From logits to a segmentation: the largest class, or regions painted one over the other. */
import { type Labels, regionsToLabels } from '@voxelgrad/io';
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

/** The segmentation that logits mean: the largest class of plain labels, or regions whose probability is above one half, painted in order. */
export const toSegmentation = (logits: Volume, labels: Labels): Uint8Array =>
  labels.regions ? regionsToLabels(logits.data, labels.regionsClassOrder!, 0) : largestClass(logits);
