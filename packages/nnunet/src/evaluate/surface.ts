/**
 * How far apart two surfaces are. The surface of a mask is its border voxels: those with one of the face neighbours (6 in 3-D) outside the mask or
 * outside the image. Distances are between voxel centres, in millimetres where the spacing is.
 *
 * Two definitions of the 95th-percentile Hausdorff distance are in use: over the distances of both directions pooled (MedPy, the BraTS challenges), and
 * the larger of the two directed percentiles (MONAI). Both are here. Percentiles are interpolated linearly, as NumPy does.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import { percentileOfSorted } from '../statistics/percentile.ts';
import { squaredDistances } from './distance-transform.ts';
import { checkVoxels } from './region.ts';

/** All NaN where both masks are empty. Where only one is, distances are infinite and the surface Dice is 0: a missed structure must show in a mean. */
export interface SurfaceMetrics {
  /** Hausdorff distance: the largest distance from either surface to the other. */
  readonly hausdorff: number;
  /** 95th percentile of the distances of both directions together. */
  readonly hausdorff95: number;
  /** The larger 95th percentile of the two directions. */
  readonly hausdorff95Directed: number;
  /** Average symmetric surface distance: the mean over both surfaces. */
  readonly averageSurfaceDistance: number;
  /** Surface Dice (normalised surface distance): the share of both surfaces within the tolerance of the other. */
  readonly surfaceDice: number;
}

/** Masks: anything but 0 is inside. `spacing`: one number per axis, in the order of `shape`; `tolerance` of the surface Dice in the same unit. */
export function compareSurfaces(
  reference: Uint8Array,
  prediction: Uint8Array,
  shape: readonly number[],
  spacing: readonly number[],
  tolerance = 1,
): SurfaceMetrics {
  checkVoxels(shape, reference, prediction);
  if (spacing.length !== shape.length || !spacing.every((step) => step > 0 && Number.isFinite(step)))
    throw new VoxelgradError('option', {
      what: 'spacing of the surfaces',
      expected: `${shape.length} numbers above 0`,
      got: `[${spacing.join(', ')}]`,
    });
  const box = boundingBox(reference, prediction, shape);
  const referenceBorder = borderOf(crop(reference, shape, box), box.shape);
  const predictionBorder = borderOf(crop(prediction, shape, box), box.shape);
  const toReference = distancesAt(predictionBorder, referenceBorder, box.shape, spacing);
  const toPrediction = distancesAt(referenceBorder, predictionBorder, box.shape, spacing);
  return metricsOf(toReference, toPrediction, tolerance);
}

function metricsOf(toReference: Float64Array, toPrediction: Float64Array, tolerance: number): SurfaceMetrics {
  const pooled = new Float64Array(toReference.length + toPrediction.length);
  pooled.set(toReference);
  pooled.set(toPrediction, toReference.length);
  pooled.sort();
  const oneEmpty = (toReference.length === 0) !== (toPrediction.length === 0);
  const distance = (value: () => number): number => (oneEmpty ? Number.POSITIVE_INFINITY : value());
  return {
    hausdorff: distance(() => percentileOfSorted(pooled, 100)),
    hausdorff95: distance(() => percentileOfSorted(pooled, 95)),
    hausdorff95Directed: distance(() =>
      Math.max(percentileOfSorted(toReference, 95), percentileOfSorted(toPrediction, 95)),
    ),
    averageSurfaceDistance: distance(() => pooled.reduce((sum, value) => sum + value, 0) / pooled.length),
    surfaceDice: pooled.filter((value) => value <= tolerance).length / pooled.length,
  };
}

/** Sorted distances from each voxel of `from` to the nearest of `to`. */
function distancesAt(
  from: Uint8Array,
  to: Uint8Array,
  shape: readonly number[],
  spacing: readonly number[],
): Float64Array {
  const squared = squaredDistances(to, shape, spacing);
  return squared
    .filter((_, voxel) => from[voxel] !== 0)
    .map(Math.sqrt)
    .sort();
}

function borderOf(mask: Uint8Array, shape: readonly number[]): Uint8Array {
  const border = new Uint8Array(mask.length);
  let stride = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const extent = shape[axis]!;
    for (let voxel = 0; voxel < mask.length; voxel++) {
      if (mask[voxel] === 0) continue;
      const place = Math.floor(voxel / stride) % extent;
      const onEdge = place === 0 || place === extent - 1;
      if (onEdge || mask[voxel - stride] === 0 || mask[voxel + stride] === 0) border[voxel] = 1;
    }
    stride *= extent;
  }
  return border;
}

interface Box {
  readonly start: readonly number[];
  readonly shape: readonly number[];
}

/** The smallest box around both masks: everything outside it is background, so borders and distances inside stay what they are. */
function boundingBox(a: Uint8Array, b: Uint8Array, shape: readonly number[]): Box {
  const first = shape.map((extent) => extent);
  const last = shape.map(() => -1);
  for (let voxel = 0; voxel < a.length; voxel++) {
    if (a[voxel] === 0 && b[voxel] === 0) continue;
    let rest = voxel;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const place = rest % shape[axis]!;
      rest = Math.floor(rest / shape[axis]!);
      if (place < first[axis]!) first[axis] = place;
      if (place > last[axis]!) last[axis] = place;
    }
  }
  return { start: first, shape: last.map((end, axis) => Math.max(0, end - first[axis]! + 1)) };
}

function crop(mask: Uint8Array, shape: readonly number[], box: Box): Uint8Array {
  const cropped = new Uint8Array(box.shape.reduce((product, extent) => product * extent, 1));
  for (let voxel = 0; voxel < cropped.length; voxel++) {
    let rest = voxel;
    let source = 0;
    let stride = 1;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      source += (box.start[axis]! + (rest % box.shape[axis]!)) * stride;
      rest = Math.floor(rest / box.shape[axis]!);
      stride *= shape[axis]!;
    }
    cropped[voxel] = mask[source]!;
  }
  return cropped;
}
