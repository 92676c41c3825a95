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
  resizeSources,
  type SplineOrder,
  type Tensor,
  type Triple,
  tidy,
  type VolumePart,
  VoxelgradError,
} from '@voxelgrad/tensor';
import type { ResamplingArguments } from '../plan/plans.ts';
import { separateAxis } from './separate-axis.ts';

export type ResampleArguments = Pick<ResamplingArguments, 'order' | 'order_z' | 'force_separate_z'>;

type Spacing = readonly number[];
type Spans = readonly (readonly [first: number, end: number])[];

/** The resampling of one volume, piece by piece: of pieces come the bits that the whole would give. Pieces have the whole width. */
export interface PieceResampling {
  /** For each plane and for each row of the result: the planes and rows that it is made of. */
  readonly planes: Spans;
  readonly rows: Spans;
  /** `x [1, d, h, w, c]` → `[1, …size, c]`, which lie in their volumes as `part` tells. */
  resample(x: Tensor, size: Triple, part: VolumePart): Tensor;
}

/**
 * `x [1, d, h, w, c]` (f32) → `[1, …size, c]`; spacings are [z, y, x]. The result may be `x` itself, where nothing changes. Splines overshoot: their
 * values are kept within the range of the channel (of the slice, where slices are resampled one by one).
 */
export const resampleData = (
  x: Tensor,
  size: Triple,
  spacing: Spacing,
  target: Spacing,
  options?: ResampleArguments,
): Tensor => (sameSize(x, size) ? x : whole(resampleDataPieces(extentsOf(x), size, spacing, target, options), x, size));

/** The same for a volume of extents `shape`. What is kept within a range is made of all that the range is taken over. */
export function resampleDataPieces(
  shape: Triple,
  size: Triple,
  spacing: Spacing,
  targetSpacing: Spacing,
  { order = 3, order_z = 0, force_separate_z = null }: ResampleArguments = {},
): PieceResampling {
  const axis = separateAxis(spacing, targetSpacing, force_separate_z);
  const [inPlane, along] = [splineOrder(order), splineOrder(order_z)];
  const sources = (each: 0 | 1): Spans => {
    if (each !== axis && inPlane >= 2) return Array.from({ length: size[each] }, () => [0, shape[each]] as const);
    return resizeSources(each === axis ? along : inPlane, shape[each], size[each]);
  };
  const slices = [1, 2, 3].filter((other) => axis === undefined || other !== axis + 1);
  return {
    planes: sources(0),
    rows: sources(1),
    resample: (x, size, part) =>
      axis === undefined
        ? resizeWithinRange(x, size, inPlane, slices, part)
        : inSlices(
            x,
            size,
            axis,
            part,
            (x, size, part) => resizeWithinRange(x, size, inPlane, slices, part),
            (x, size, part) => resize(x, size, along, part),
          ),
  };
}

/** PyTorch's way: linear, or along an axis by itself the nearest. */
export const resampleLinear = (
  x: Tensor,
  size: Triple,
  spacing: Spacing,
  target: Spacing,
  force: boolean | null = null,
): Tensor => (sameSize(x, size) ? x : whole(resampleLinearPieces(extentsOf(x), size, spacing, target, force), x, size));

export function resampleLinearPieces(
  shape: Triple,
  size: Triple,
  spacing: Spacing,
  targetSpacing: Spacing,
  force: boolean | null = null,
): PieceResampling {
  const axis = separateAxis(spacing, targetSpacing, force);
  const linear = (x: Tensor, size: Triple, part: VolumePart) => interpolate(x, size, { mode: 'linear', part });
  const nearest = (x: Tensor, size: Triple, part: VolumePart) => interpolate(x, size, { mode: 'nearest-exact', part });
  return {
    // The nearest voxel is one of the two that linear interpolation takes.
    planes: resizeSources(1, shape[0], size[0]),
    rows: resizeSources(1, shape[1], size[1]),
    resample: (x, size, part) =>
      axis === undefined ? linear(x, size, part) : inSlices(x, size, axis, part, linear, nearest),
  };
}

type Step = (x: Tensor, size: Triple, part: VolumePart) => Tensor;

/** First slice by slice, then along the axis that they are stacked on. */
function inSlices(x: Tensor, size: Triple, axis: number, part: VolumePart, inPlane: Step, along: Step): Tensor {
  const { input, output } = part;
  const between = {
    first: output.first.with(axis, input.first[axis]!) as unknown as Triple,
    extents: output.extents.with(axis, input.extents[axis]!) as unknown as Triple,
  };
  const middle = size.with(axis, x.shape[axis + 1]!) as unknown as Triple;
  return tidy(() => {
    const unchanged = sameExtents(input.extents, between.extents) && sameSize(x, middle);
    const planes = unchanged ? x : inPlane(x, middle, { input, output: between });
    const finished = sameExtents(between.extents, output.extents) && sameSize(planes, size);
    return finished ? planes : along(planes, size, { input: between, output });
  });
}

const extentsOf = (x: Tensor): Triple => x.shape.slice(1, 4) as unknown as Triple;

function whole({ resample }: PieceResampling, x: Tensor, size: Triple): Tensor {
  const first = [0, 0, 0] as const;
  return resample(x, size, { input: { first, extents: extentsOf(x) }, output: { first, extents: size } });
}

const sameExtents = (a: readonly number[], b: readonly number[]): boolean =>
  a.every((extent, axis) => extent === b[axis]);

const sameSize = (x: Tensor, size: readonly number[]): boolean => sameExtents(size, x.shape.slice(1, 4));

/** `axes` are those over which the range is taken. */
function resizeWithinRange(
  x: Tensor,
  size: Triple,
  order: SplineOrder,
  axes: readonly number[],
  part: VolumePart,
): Tensor {
  return tidy(() => {
    const resized = resize(x, size, order, part);
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
