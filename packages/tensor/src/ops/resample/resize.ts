/**
 * Resizing by splines as SciPy does it: `scipy.ndimage.zoom(x, …, order, mode='nearest', grid_mode=True)`, which is what `skimage.transform.resize` with
 * mode 'edge' and without anti-aliasing does before it clips. Outer edges of volumes stay where they are; beyond them, the edge voxel is repeated.
 */
import { fromArray } from '../../create.ts';
import { VoxelgradError } from '../../errors.ts';
import { tidy } from '../../scope.ts';
import type { Triple } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { gather } from '../copy/copy.ts';
import { checkDType, checkRank } from '../operands.ts';
import { asVolume, type Pair, withDepth } from '../planar.ts';
import { widened } from '../widened.ts';
import { axisWeights, type ResampleMode } from './axis-weights.ts';
import type { VolumePart } from './resample.kernels.ts';
import { checkSize, resampled } from './resample.ts';

/** Degree of the spline: 0 takes the nearest voxel, 1 is linear, 3 cubic. */
export type SplineOrder = 0 | 1 | 2 | 3;

const modes: readonly ResampleMode[] = ['nearest', 'linear', 'spline2', 'spline3'];

/**
 * `x [n, d, h, w, c]` (f32, or f16 resized in f32) → `[n, …size, c]`, or `x [n, h, w, c]` with two extents. Throws 'shape' where they do not fit each other, 'option' for another order.
 * The gradient is a fused kernel, but for order 0. With `part`, `x` is a piece of a volume and the result, of extents `size`, one of the resized volume, with the
 * bits that it has there; `resizeSources` tells what it is made of.
 */
export function resize(x: Tensor, size: Triple | Pair, order: SplineOrder, part?: VolumePart): Tensor {
  if (x.rank === 4 && size.length === 2) return asVolume(x, (x) => resize(x, withDepth(size, 1), order, part));
  if (x.dtype === 'f16') return widened(x, (x) => resize(x, size, order, part));
  checkRank('resize', 'x', x, 'n, d, h, w, c');
  checkDType('resize', x, ['f32']);
  const mode = modes[order];
  if (mode === undefined)
    throw new VoxelgradError('option', { what: 'resize: order', expected: '0, 1, 2 or 3', got: String(order) });
  const target = checkSize('resize', size);
  if (order === 0) return nearest(x, target, part);
  const [from, to] = wholeExtents(x, target, part);
  const ratios = to.map((extent, axis) => from[axis]! / extent);
  const map = {
    scale: ratios as unknown as Triple,
    offset: ratios.map((ratio) => ratio / 2 - 0.5) as unknown as Triple,
    part,
  };
  return resampled('resize', mode, x, target, map);
}

const wholeExtents = (x: Tensor, size: Triple, part: VolumePart | undefined): readonly [Triple, Triple] =>
  part === undefined ? [x.shape.slice(1, 4) as unknown as Triple, size] : [part.input.extents, part.output.extents];

/** For each of `size` voxels along an axis: the first of the `extent` voxels that `resize` makes it of, and the one behind the last. */
export function resizeSources(
  order: SplineOrder,
  extent: number,
  size: number,
): readonly (readonly [number, number])[] {
  if (order === 0) return Array.from(nearestVoxels(extent, size), (voxel) => [voxel, voxel + 1] as const);
  const ratio = extent / size;
  const { starts, indices } = axisWeights(modes[order]!, extent, size, ratio, ratio / 2 - 0.5);
  return Array.from({ length: size }, (_, i) => {
    const voxels = indices.slice(starts[i], starts[i + 1]);
    return [Math.min(...voxels), Math.max(...voxels) + 1] as const;
  });
}

/**
 * Of the voxels along an axis, those nearest to the centres of `size` voxels that it is cut into: `⌊(i + ½) · extent / size⌋` as SciPy's rounding in double
 * precision has it, which decides where two are equally near.
 */
function nearestVoxels(extent: number, size: number): Int32Array {
  const ratio = extent / size;
  return Int32Array.from({ length: size }, (_, i) => {
    const coordinate = ratio * (i + 0.5) - 0.5;
    return Math.min(Math.max(Math.floor(coordinate + 0.5), 0), extent - 1);
  });
}

/** Of any dtype, whatever comes behind the axes of space. */
export function nearest(x: Tensor, size: Triple, part: VolumePart | undefined): Tensor {
  const [from, to] = wholeExtents(x, size, part);
  const axes = [0, 1, 2].filter((axis) => from[axis] !== to[axis] || size[axis] !== x.shape[axis + 1]);
  return tidy(() =>
    (axes.length === 0 ? [0] : axes).reduce((result, axis) => {
      const [first, source] = [part?.output.first[axis] ?? 0, part?.input.first[axis] ?? 0];
      const voxels = nearestVoxels(from[axis]!, to[axis]!).subarray(first, first + size[axis]!);
      const indices = voxels.map((voxel) => voxel - source);
      return gather(result, fromArray(indices, [indices.length], { device: x.device }), axis + 1);
    }, x),
  );
}
