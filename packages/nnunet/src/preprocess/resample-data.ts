/**
 * Resampling of images, logits and probabilities on a device, as nnU-Net 2.8 does it by way of scikit-image and SciPy (preprocessing/resampling/
 * default_resampling.py), or by way of PyTorch where plans ask for that (resample_torch.py).
 */
import {
  interpolate,
  max,
  maximum,
  min,
  minimum,
  resize,
  type SplineOrder,
  type Tensor,
  type Triple,
  tidy,
  VoxelgradError,
} from '@voxelgrad/tensor';
import type { ResamplingArguments } from '../plan/plans.ts';
import { separateAxis } from './separate-axis.ts';

export type ResampleArguments = Pick<ResamplingArguments, 'order' | 'order_z' | 'force_separate_z'>;

/**
 * `x [1, d, h, w, c]` (f32) → `[1, …size, c]`; spacings are [z, y, x]. The result may be `x` itself, where nothing changes. Splines overshoot: their
 * values are kept within the range of the channel (of the slice, where slices are resampled one by one).
 */
export function resampleData(
  x: Tensor,
  size: Triple,
  spacing: readonly number[],
  targetSpacing: readonly number[],
  { order = 3, order_z = 0, force_separate_z = null }: ResampleArguments = {},
): Tensor {
  if (sameSize(x, size)) return x;
  const axis = separateAxis(spacing, targetSpacing, force_separate_z);
  if (axis === undefined) return resizeWithinRange(x, size, splineOrder(order), [1, 2, 3]);
  const inPlane = size.with(axis, x.shape[axis + 1]!) as unknown as Triple;
  const slices = [1, 2, 3].filter((other) => other !== axis + 1);
  return tidy(() => {
    const planes = sameSize(x, inPlane) ? x : resizeWithinRange(x, inPlane, splineOrder(order), slices);
    return sameSize(planes, size) ? planes : resize(planes, size, splineOrder(order_z));
  });
}

/** PyTorch's way: linear, or along an axis by itself the nearest. */
export function resampleLinear(
  x: Tensor,
  size: Triple,
  spacing: readonly number[],
  targetSpacing: readonly number[],
  force: boolean | null = null,
): Tensor {
  if (sameSize(x, size)) return x;
  const axis = separateAxis(spacing, targetSpacing, force);
  if (axis === undefined) return interpolate(x, size, { mode: 'linear' });
  const inPlane = size.with(axis, x.shape[axis + 1]!) as unknown as Triple;
  return tidy(() => interpolate(interpolate(x, inPlane, { mode: 'linear' }), size, { mode: 'nearest-exact' }));
}

const sameSize = (x: Tensor, size: readonly number[]): boolean =>
  size.every((extent, axis) => extent === x.shape[axis + 1]);

/** `axes` are those over which the range is taken. */
function resizeWithinRange(x: Tensor, size: Triple, order: SplineOrder, axes: readonly number[]): Tensor {
  return tidy(() => {
    const resized = resize(x, size, order);
    if (order < 2) return resized;
    const range = { axes, keepAxes: true };
    return minimum(maximum(resized, min(x, range)), max(x, range));
  });
}

function splineOrder(order: number): SplineOrder {
  if (order !== 0 && order !== 1 && order !== 2 && order !== 3)
    throw new VoxelgradError('option', { what: 'order of resampling', expected: '0, 1, 2 or 3', got: String(order) });
  return order;
}
