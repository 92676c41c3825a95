/**
 * Resampling of segmentations: each label's mask is resampled linearly, and a voxel gets the label that has at least half of it (`resize_segmentation`
 * of batchgenerators, or the largest share where plans ask for PyTorch's way). In double precision and in SciPy's order of sums, since ½ decides.
 * Only voxels whose neighbours differ need any sum, which are few.
 */
import { floatFromHalf, halfFromFloat } from '@voxelgrad/nn';
import { nearestVoxels, VoxelgradError } from '@voxelgrad/tensor';
import type { ResampleArguments } from './resample-data.ts';
import { separateAxis } from './separate-axis.ts';

type Shape3 = readonly [number, number, number];

export interface LabelVolume {
  readonly shape: Shape3;
  /** `[d, h, w]`. */
  readonly data: Int16Array;
}

/**
 * The label of a voxel, of those around it and their shares of it: 'half' is the highest label that has at least one half, else 0; 'more than half'
 * needs more; 'largest' is the first of the largest, compared in half precision.
 */
type Decision = 'half' | 'more than half' | 'largest';

/** As nnU-Net's default: order 1 for each label, order 0 along an axis that is resampled by itself. Spacings are [z, y, x]. */
export function resampleLabels(
  labels: LabelVolume,
  size: Shape3,
  spacing: readonly number[],
  targetSpacing: readonly number[],
  { order = 1, order_z = 0, force_separate_z = null }: ResampleArguments = {},
): LabelVolume {
  if (![order, order_z].every((value) => value === 0 || value === 1))
    throw new VoxelgradError('option', {
      what: 'resampling of segmentations',
      expected: 'order 0 or 1',
      got: `${order}, and ${order_z} along a separate axis`,
    });
  return inSteps(labels, size, separateAxis(spacing, targetSpacing, force_separate_z), {
    plane: order === 0 ? 'nearest' : 'half',
    axis: order_z === 0 ? 'nearest' : 'more than half',
  });
}

/** As PyTorch's way. */
export const resampleLabelsByLargest = (
  labels: LabelVolume,
  size: Shape3,
  spacing: readonly number[],
  targetSpacing: readonly number[],
  force: boolean | null = null,
): LabelVolume =>
  inSteps(labels, size, separateAxis(spacing, targetSpacing, force), { plane: 'largest', axis: 'nearest' });

interface Steps {
  readonly plane: Decision | 'nearest';
  /** Along the axis that is resampled by itself. */
  readonly axis: Decision | 'nearest';
}

function inSteps(
  labels: LabelVolume,
  size: Shape3,
  axis: number | undefined,
  { plane, axis: along }: Steps,
): LabelVolume {
  if (size.every((extent, i) => extent === labels.shape[i])) return labels;
  if (axis === undefined) return resample(labels, size, plane);
  const inPlane = size.with(axis, labels.shape[axis]!) as unknown as Shape3;
  return resample(resample(labels, inPlane, plane), size, along);
}

/** For each voxel of the result along an axis: its two neighbours and their weights. */
interface AxisNeighbours {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly lowWeight: Float64Array;
  readonly highWeight: Float64Array;
}

function neighboursAlong(extent: number, size: number): AxisNeighbours {
  const ratio = extent / size;
  const [low, high] = [new Int32Array(size), new Int32Array(size)];
  const [lowWeight, highWeight] = [new Float64Array(size), new Float64Array(size)];
  for (let i = 0; i < size; i++) {
    const coordinate = Math.min(Math.max(ratio * (i + 0.5) - 0.5, 0), extent - 1);
    low[i] = Math.floor(coordinate);
    high[i] = Math.min(low[i]! + 1, extent - 1);
    highWeight[i] = coordinate - low[i]!;
    lowWeight[i] = 1 - highWeight[i]!;
  }
  return { low, high, lowWeight, highWeight };
}

function resample(labels: LabelVolume, size: Shape3, decision: Decision | 'nearest'): LabelVolume {
  if (size.every((extent, axis) => extent === labels.shape[axis])) return labels;
  if (decision === 'nearest') return resampleNearest(labels, size);
  const { shape, data } = labels;
  const [zs, ys, xs] = shape.map((extent, axis) => neighboursAlong(extent, size[axis]!)) as [
    AxisNeighbours,
    AxisNeighbours,
    AxisNeighbours,
  ];
  const out = new Int16Array(size[0] * size[1] * size[2]);
  const decide = deciders[decision];
  const around = new Int16Array(8);
  const shares = new Float64Array(8);
  let index = 0;
  for (let z = 0; z < size[0]; z++)
    for (let y = 0; y < size[1]; y++) {
      const [lowPlane, highPlane] = [zs.low[z]! * shape[1], zs.high[z]! * shape[1]];
      const rows = [
        (lowPlane + ys.low[y]!) * shape[2],
        (lowPlane + ys.high[y]!) * shape[2],
        (highPlane + ys.low[y]!) * shape[2],
        (highPlane + ys.high[y]!) * shape[2],
      ] as const;
      for (let x = 0; x < size[2]; x++, index++) {
        const [low, high] = [xs.low[x]!, xs.high[x]!];
        const first = data[rows[0] + low]!;
        let alike = true;
        for (let row = 0; row < 4; row++) {
          around[2 * row] = data[rows[row]! + low]!;
          around[2 * row + 1] = data[rows[row]! + high]!;
          alike &&= around[2 * row] === first && around[2 * row + 1] === first;
        }
        if (alike) {
          out[index] = first;
          continue;
        }
        for (let corner = 0; corner < 8; corner++) {
          const zWeight = corner < 4 ? zs.lowWeight[z]! : zs.highWeight[z]!;
          const yWeight = (corner & 2) === 0 ? ys.lowWeight[y]! : ys.highWeight[y]!;
          const xWeight = (corner & 1) === 0 ? xs.lowWeight[x]! : xs.highWeight[x]!;
          shares[corner] = zWeight * yWeight * xWeight;
        }
        out[index] = decide(around, shares);
      }
    }
  return { shape: size, data: out };
}

/** The share of a label, added up in the order of the corners. */
function shareOf(label: number, around: Int16Array, shares: Float64Array): number {
  let total = 0;
  for (let corner = 0; corner < 8; corner++) if (around[corner] === label) total += shares[corner]!;
  return total;
}

const highestOver =
  (isEnough: (share: number) => boolean) =>
  (around: Int16Array, shares: Float64Array): number => {
    let chosen: number | undefined;
    for (const label of around)
      if ((chosen === undefined || label > chosen) && isEnough(shareOf(label, around, shares))) chosen = label;
    return chosen ?? 0;
  };

const deciders: Record<Decision, (around: Int16Array, shares: Float64Array) => number> = {
  half: highestOver((share) => share >= 0.5),
  'more than half': highestOver((share) => share > 0.5),
  largest(around, shares) {
    let [chosen, largest] = [0, Number.NEGATIVE_INFINITY];
    for (const label of around) {
      // The official code compares thousandths in half precision; the lowest label wins where they are equal.
      const share = floatFromHalf(halfFromFloat(1000 * shareOf(label, around, shares)));
      if (share > largest || (share === largest && label < chosen)) [chosen, largest] = [label, share];
    }
    return chosen;
  },
};

function resampleNearest({ shape, data }: LabelVolume, size: Shape3): LabelVolume {
  const [zs, ys, xs] = shape.map((extent, axis) => nearestVoxels(extent, size[axis]!)) as [
    Int32Array,
    Int32Array,
    Int32Array,
  ];
  const out = new Int16Array(size[0] * size[1] * size[2]);
  let index = 0;
  for (const z of zs)
    for (const y of ys) {
      const row = (z * shape[1] + y) * shape[2];
      for (const x of xs) out[index++] = data[row + x]!;
    }
  return { shape: size, data: out };
}
