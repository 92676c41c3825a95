/**
 * How well two label volumes agree: the counts and overlap measures of nnU-Net (`evaluate_predictions.compute_metrics`), under the names of its
 * `summary.json`. One pass over the voxels counts how often each pair of labels meets; every region is summed from those counts.
 */
import type { VoxelArray } from '@voxelgrad/io';
import { VoxelgradError } from '@voxelgrad/tensor';
import { labelsOf, type Region } from './region.ts';

/** Counts are voxels. Dice and IoU are NaN where neither volume has the region: there is nothing to find, and nothing was found. */
export interface RegionMetrics {
  readonly Dice: number;
  readonly IoU: number;
  readonly FP: number;
  readonly TP: number;
  readonly FN: number;
  readonly TN: number;
  readonly n_pred: number;
  readonly n_ref: number;
}

/**
 * The metrics of each region, in order. Voxels that `reference` marks with `ignoreLabel` do not count.
 * Throws 'shape' when the volumes differ in size.
 */
export function compareLabels(
  reference: VoxelArray,
  prediction: VoxelArray,
  regions: readonly Region[],
  ignoreLabel?: number,
): RegionMetrics[] {
  if (reference.length !== prediction.length)
    throw new VoxelgradError('shape', {
      what: 'comparison of two segmentations',
      expected: `${reference.length} voxels, as the reference has`,
      got: `${prediction.length}`,
      help: 'Both files must lie on the same voxel grid: resample the prediction to the reference first.',
    });
  const labels = [...new Set(regions.flatMap(labelsOf))];
  const pairs = countPairs(reference, prediction, labels, ignoreLabel);
  return regions.map((region) => metricsOf(region, labels, pairs));
}

/** Occurrences of (class in reference, class in prediction), row-major; class i + 1 is `labels[i]`, class 0 is any other value. */
function countPairs(
  reference: VoxelArray,
  prediction: VoxelArray,
  labels: readonly number[],
  ignoreLabel: number | undefined,
): Float64Array {
  const classes = labels.length + 1;
  const classOf = new Map(labels.map((label, i) => [label, i + 1]));
  const pairs = new Float64Array(classes * classes);
  // Neighbours mostly carry the same label, so the last answer is the best guess.
  let [lastReference, lastPrediction] = [Number.NaN, Number.NaN];
  let [row, column] = [0, 0];
  for (let voxel = 0; voxel < reference.length; voxel++) {
    const referenceLabel = reference[voxel]!;
    const predictionLabel = prediction[voxel]!;
    if (referenceLabel !== lastReference) {
      lastReference = referenceLabel;
      row = classOf.get(referenceLabel) ?? 0;
    }
    if (predictionLabel !== lastPrediction) {
      lastPrediction = predictionLabel;
      column = classOf.get(predictionLabel) ?? 0;
    }
    if (referenceLabel !== ignoreLabel) pairs[row * classes + column]!++;
  }
  return pairs;
}

function metricsOf(region: Region, labels: readonly number[], pairs: Float64Array): RegionMetrics {
  const members = labelsOf(region);
  const inside = [false, ...labels.map((label) => members.includes(label))];
  let [TP, FP, FN, TN] = [0, 0, 0, 0];
  inside.forEach((inReference, row) => {
    inside.forEach((inPrediction, column) => {
      const count = pairs[row * inside.length + column]!;
      if (inReference && inPrediction) TP += count;
      else if (inPrediction) FP += count;
      else if (inReference) FN += count;
      else TN += count;
    });
  });
  // 0 / 0 is NaN, which is what nnU-Net has here.
  return {
    Dice: (2 * TP) / (2 * TP + FP + FN),
    IoU: TP / (TP + FP + FN),
    FP,
    TP,
    FN,
    TN,
    n_pred: FP + TP,
    n_ref: FN + TP,
  };
}
