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
import type { ResampleMode } from './axis-weights.ts';
import { checkSize, resampled } from './resample.ts';

/** Degree of the spline: 0 takes the nearest voxel, 1 is linear, 3 cubic. */
export type SplineOrder = 0 | 1 | 2 | 3;

const modes: readonly ResampleMode[] = ['nearest', 'linear', 'spline2', 'spline3'];

/**
 * `x [n, d, h, w, c]` (f32, or f16 resized in f32) → `[n, …size, c]`, or `x [n, h, w, c]` with two extents. Throws 'shape' where they do not fit each other, 'option' for another order.
 * The gradient is a fused kernel, but for order 0.
 */
export function resize(x: Tensor, size: Triple | Pair, order: SplineOrder): Tensor {
  if (x.rank === 4 && size.length === 2) return asVolume(x, (x) => resize(x, withDepth(size, 1), order));
  if (x.dtype === 'f16') return widened(x, (x) => resize(x, size, order));
  checkRank('resize', 'x', x, 'n, d, h, w, c');
  checkDType('resize', x, ['f32']);
  const mode = modes[order];
  if (mode === undefined)
    throw new VoxelgradError('option', { what: 'resize: order', expected: '0, 1, 2 or 3', got: String(order) });
  const target = checkSize('resize', size);
  if (order === 0) return nearest(x, target);
  const ratios = target.map((extent, axis) => x.shape[axis + 1]! / extent);
  const map = {
    scale: ratios as unknown as Triple,
    offset: ratios.map((ratio) => ratio / 2 - 0.5) as unknown as Triple,
  };
  return resampled('resize', mode, x, target, map);
}

/**
 * Of the voxels along an axis, those nearest to the centres of `size` voxels that it is cut into: `⌊(i + ½) · extent / size⌋` as SciPy's rounding in double
 * precision has it, which decides where two are equally near.
 */
export function nearestVoxels(extent: number, size: number): Int32Array {
  const ratio = extent / size;
  return Int32Array.from({ length: size }, (_, i) => {
    const coordinate = ratio * (i + 0.5) - 0.5;
    return Math.min(Math.max(Math.floor(coordinate + 0.5), 0), extent - 1);
  });
}

function nearest(x: Tensor, size: Triple): Tensor {
  const axes = [0, 1, 2].filter((axis) => size[axis] !== x.shape[axis + 1]);
  return tidy(() =>
    (axes.length === 0 ? [0] : axes).reduce((result, axis) => {
      const voxels = nearestVoxels(x.shape[axis + 1]!, size[axis]!);
      return gather(result, fromArray(voxels, [voxels.length], { device: x.device }), axis + 1);
    }, x),
  );
}
