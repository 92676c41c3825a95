/**
 * Resampling of segmentations on a device: each label's mask is resampled linearly, and a voxel gets the label that has at least half of it
 * (`resize_segmentation` of batchgenerators), or the one with the largest share where plans ask for PyTorch's way. All labels are resampled in one pass.
 */
import {
  type LabelRule,
  resizeLabels,
  sameShape,
  type Tensor,
  type Triple,
  tidy,
  VoxelgradError,
} from '@voxelgrad/tensor';
import type { ResampleArguments } from './resample-data.ts';
import { separateAxis } from './separate-axis.ts';

/**
 * As nnU-Net's default: order 1 for each label, order 0 along an axis that is resampled by itself. `x [1, d, h, w]` (i32) → `[1, …size]`; spacings are
 * [z, y, x]. The result may be `x` itself, where nothing changes.
 */
export function resampleLabels(
  x: Tensor,
  size: Triple,
  spacing: readonly number[],
  targetSpacing: readonly number[],
  { order = 1, order_z = 0, force_separate_z = null }: ResampleArguments = {},
): Tensor {
  if (![order, order_z].every((value) => value === 0 || value === 1))
    throw new VoxelgradError('option', {
      what: 'resampling of segmentations',
      expected: 'order 0 or 1',
      got: `${order}, and ${order_z} along a separate axis`,
    });
  return inSteps(x, size, separateAxis(spacing, targetSpacing, force_separate_z), {
    plane: order === 0 ? 'nearest' : 'half',
    axis: order_z === 0 ? 'nearest' : 'more than half',
  });
}

/** As PyTorch's way. */
export const resampleLabelsByLargest = (
  x: Tensor,
  size: Triple,
  spacing: readonly number[],
  targetSpacing: readonly number[],
  force: boolean | null = null,
): Tensor => inSteps(x, size, separateAxis(spacing, targetSpacing, force), { plane: 'largest', axis: 'nearest' });

interface Rules {
  readonly plane: LabelRule | 'nearest';
  /** Along the axis that is resampled by itself. */
  readonly axis: LabelRule | 'nearest';
}

function inSteps(x: Tensor, size: Triple, axis: number | undefined, { plane, axis: along }: Rules): Tensor {
  const resized = (x: Tensor, size: Triple, rule: LabelRule | 'nearest'): Tensor =>
    sameShape(size, x.shape.slice(1)) ? x : resizeLabels(x, size, rule);
  if (axis === undefined) return resized(x, size, plane);
  const inPlane = size.with(axis, x.shape[axis + 1]!) as unknown as Triple;
  return tidy(() => resized(resized(x, inPlane, plane), size, along));
}
