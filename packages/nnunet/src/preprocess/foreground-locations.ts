/**
 * Where patches with foreground may be centred: of each class or region, max(min(10000, n), ⌈1 %⌉) of its n voxels, drawn as nnU-Net draws them
 * (`_sample_foreground_locations`, NumPy's RandomState(1234)).
 */

import { keptLocations } from '@voxelgrad/augment/sampling';
import type { Labels, StoredLocations } from '@voxelgrad/io';
import { NumpyRandomState } from '../splits/numpy-random.ts';

export interface ForegroundLocations {
  readonly classLocations: StoredLocations[];
  /** Of all annotated voxels, where the data set has an ignore label. */
  readonly annotatedLocations?: Uint32Array;
}

const seed = 1234;

/** `segmentation`: `[d, h, w]`, −1 outside of the nonzero mask. Locations are in the order drawn. */
export function foregroundLocations(segmentation: Int16Array, labels: Labels): ForegroundLocations {
  const random = new NumpyRandomState(seed);
  const classLocations = labels.classes.map(({ values }) => ({
    labels: values,
    voxels: draw(segmentation, values, random),
  }));
  if (labels.ignore === undefined) return { classLocations };
  // In the order of `LabelManager.all_labels`, whatever that of the regions is.
  const foreground = [...new Set(labels.classes.flatMap(({ values }) => values))].sort((a, b) => a - b);
  return { classLocations, annotatedLocations: draw(segmentation, [-1, 0, ...foreground], random) };
}

function draw(segmentation: Int16Array, values: readonly number[], random: NumpyRandomState): Uint32Array {
  const found = voxelsOf(segmentation, values);
  if (found.length === 0) return found;
  const chosen = random.choice(found.length, keptLocations(found.length), false);
  return Uint32Array.from(chosen, (i) => found[i]!);
}

/** Linear indices of all voxels with one of the values, one value after the other: a region's order in nnU-Net, which decides what is drawn. */
function voxelsOf(segmentation: Int16Array, values: readonly number[]): Uint32Array {
  const counts = values.map((value) => countOf(segmentation, value));
  const found = new Uint32Array(counts.reduce((sum, count) => sum + count, 0));
  let next = 0;
  for (const [i, value] of values.entries()) {
    const end = next + counts[i]!;
    for (let voxel = 0; next < end; voxel++) if (segmentation[voxel] === value) found[next++] = voxel;
  }
  return found;
}

function countOf(segmentation: Int16Array, value: number): number {
  let count = 0;
  for (let voxel = 0; voxel < segmentation.length; voxel++) if (segmentation[voxel] === value) count++;
  return count;
}
