import { VoxelgradError } from '../../errors.ts';
import type { Shape } from '../../shape.ts';
import type { ResampleMap, VolumePart } from './resample.kernels.ts';

/**
 * Resampling along one axis as a sparse matrix: for each voxel of the result the voxels it is made of and their weights. Resampling a volume is
 * one such matrix for each axis, and the gradient is their transposes, so both need only one kernel.
 */
export interface AxisWeights {
  /** Entries of row i are those from `starts[i]` to `starts[i + 1]`, in ascending order of index. */
  readonly starts: readonly number[];
  readonly indices: readonly number[];
  readonly weights: readonly number[];
}

/** See `ResampleKernels.resample`. */
export type ResampleMode = 'nearest' | 'linear' | 'cubic' | 'catmull-rom' | 'spline2' | 'spline3';

/** The cubic convolution of Keys: the weights of the four voxels around a point at `t` between the middle two. */
function cubicWeights(t: number, a: number): readonly number[] {
  const near = (d: number) => ((a + 2) * d - (a + 3)) * d * d + 1;
  const far = (d: number) => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  return [far(1 + t), near(t), near(1 - t), far(2 - t)];
}

/** PyTorch decides in single precision which voxel is the nearest: where the coordinate is a whole number, that matters. */
function nearestIndex(i: number, scale: number, offset: number): number {
  if (scale === 0) return Math.floor(offset);
  return Math.floor(Math.fround(Math.fround(i + offset / scale) * Math.fround(scale)));
}

function sources(mode: ResampleMode, i: number, scale: number, offset: number): readonly (readonly [number, number])[] {
  if (mode === 'nearest') return [[nearestIndex(i, scale, offset), 1]];
  const coordinate = i * scale + offset;
  if (mode === 'spline2' || mode === 'spline3') return splineSources(mode === 'spline2' ? 2 : 3, coordinate);
  const first = Math.floor(coordinate);
  const t = coordinate - first;
  if (mode === 'cubic' || mode === 'catmull-rom')
    return cubicWeights(t, mode === 'cubic' ? -0.75 : -0.5).map((weight, k) => [first - 1 + k, weight]);
  return [
    [first, 1 - t],
    [first + 1, t],
  ];
}

/** The pole of the filter that turns values into the coefficients of a B-spline, and the filter's value at 0 (Unser, Aldroubi & Eden 1993). */
const splineFilters = {
  2: { pole: 2 * Math.SQRT2 - 3, gain: 8 },
  3: { pole: Math.sqrt(3) - 2, gain: 6 },
} as const;

/** Weights below this are less than the rounding of a single-precision sum. */
const smallestSplineWeight = 2 ** -26;

/**
 * The interpolating B-spline as weights of the values themselves: the B-spline's few weights, each spread by the filter that finds coefficients. Its
 * response is infinite, but falls by the pole's size from voxel to voxel, so some thirteen on either side are all that single precision sees.
 */
function splineSources(order: 2 | 3, coordinate: number): readonly (readonly [number, number])[] {
  if (Number.isInteger(coordinate)) return [[coordinate, 1]];
  const { pole, gain } = splineFilters[order];
  const reach = Math.ceil(Math.log(smallestSplineWeight) / Math.log(-pole));
  const nodes = order === 3 ? cubicSpline(coordinate) : quadraticSpline(coordinate);
  const [first] = nodes[0]!;
  const found: [number, number][] = [];
  for (let index = first - reach; index <= first + order + reach; index++) {
    const weight = nodes.reduce((sum, [node, value]) => sum + value * pole ** Math.abs(index - node), 0);
    const scaled = (weight * -gain * pole) / (1 - pole * pole);
    if (Math.abs(scaled) >= smallestSplineWeight) found.push([index, scaled]);
  }
  return found;
}

/** The cubic B-spline at the four voxels around a point. */
function cubicSpline(coordinate: number): readonly (readonly [number, number])[] {
  const first = Math.floor(coordinate);
  const t = coordinate - first;
  const inner = (d: number) => 2 / 3 - d * d + (d * d * d) / 2;
  return [
    [first - 1, (1 - t) ** 3 / 6],
    [first, inner(t)],
    [first + 1, inner(1 - t)],
    [first + 2, t ** 3 / 6],
  ];
}

/** The quadratic B-spline at the three voxels around a point. */
function quadraticSpline(coordinate: number): readonly (readonly [number, number])[] {
  const middle = Math.floor(coordinate + 0.5);
  const t = coordinate - middle;
  return [
    [middle - 1, (0.5 - t) ** 2 / 2],
    [middle, 0.75 - t * t],
    [middle + 1, (0.5 + t) ** 2 / 2],
  ];
}

/** The matrix that resamples an axis of `input` voxels to `output` voxels; indices outside are those of the edge. */
export function axisWeights(
  mode: ResampleMode,
  input: number,
  output: number,
  scale: number,
  offset: number,
): AxisWeights {
  const starts = [0];
  const indices: number[] = [];
  const weights: number[] = [];
  for (let i = 0; i < output; i++) {
    const row = new Map<number, number>();
    for (const [index, weight] of sources(mode, i, scale, offset)) {
      const inside = Math.min(Math.max(index, 0), input - 1);
      if (weight !== 0 && input > 0) row.set(inside, (row.get(inside) ?? 0) + weight);
    }
    for (const [index, weight] of row) {
      indices.push(index);
      weights.push(weight);
    }
    starts.push(indices.length);
  }
  return { starts, indices, weights };
}

/** The rows of the result's part, over the input's part. Throws 'shape' where they need voxels that the input's part lacks. */
function rowsOfPart(
  whole: AxisWeights,
  { input, output }: VolumePart,
  axis: number,
  shape: readonly number[],
): AxisWeights {
  const [first, from] = [output.first[axis]!, input.first[axis]!];
  const starts = whole.starts.slice(first, first + shape[1]! + 1);
  const [start, end] = [starts[0]!, starts.at(-1)!];
  const indices = whole.indices.slice(start, end).map((index) => index - from);
  if (indices.some((index) => index < 0 || index >= shape[0]!))
    throw new VoxelgradError('shape', {
      what: `part of a volume, axis ${axis}`,
      expected: `voxels ${Math.min(...indices) + from} to ${Math.max(...indices) + from}, of which the result is made`,
      got: `${from} to ${from + shape[0]! - 1}`,
    });
  return { starts: starts.map((at) => at - start), indices, weights: whole.weights.slice(start, end) };
}

/** The matrices along depth, height and width that make `out [n, d, h, w, c]` of `x`. */
export function weightsOfMap(
  mode: ResampleMode,
  x: Shape,
  out: Shape,
  { scale, offset, part }: ResampleMap,
): AxisWeights[] {
  return [0, 1, 2].map((axis) => {
    const [input, output] = [x[axis + 1]!, out[axis + 1]!];
    if (part === undefined) return axisWeights(mode, input, output, scale[axis]!, offset[axis]!);
    const extents = [part.input.extents[axis]!, part.output.extents[axis]!] as const;
    const whole = axisWeights(mode, ...extents, scale[axis]!, offset[axis]!);
    return rowsOfPart(whole, part, axis, [input, output]);
  });
}

/** The transposed matrix, which has `columns` rows. */
export function transposed({ starts, indices, weights }: AxisWeights, columns: number): AxisWeights {
  const rows = Array.from({ length: columns }, () => [] as [number, number][]);
  for (let i = 0; i + 1 < starts.length; i++)
    for (let k = starts[i]!; k < starts[i + 1]!; k++) rows[indices[k]!]!.push([i, weights[k]!]);
  const result = { starts: [0], indices: [] as number[], weights: [] as number[] };
  for (const row of rows) {
    for (const [index, weight] of row) {
      result.indices.push(index);
      result.weights.push(weight);
    }
    result.starts.push(result.indices.length);
  }
  return result;
}

/** Whether the matrix changes nothing. */
export const isIdentity = ({ starts, indices, weights }: AxisWeights, input: number): boolean =>
  starts.length === input + 1 &&
  indices.length === input &&
  starts.every((start, i) => start === i) &&
  indices.every((index, i) => index === i && weights[i] === 1);

/** The most entries in a row. */
export const longestRow = ({ starts }: AxisWeights): number =>
  starts.reduce((longest, start, i) => Math.max(longest, start - (starts[i - 1] ?? 0)), 0);
