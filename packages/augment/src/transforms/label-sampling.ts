/**
 * Labels under a spatial transform (batchgeneratorsv2 v0.3.5, SpatialTransform with mode_seg 'bilinear', border_mode_seg 'constant'): each label's
 * indicator is interpolated, the largest wins, and the lowest label wins a tie. Voxels whose source lies outside become −1.
 */
import {
  abs,
  cast,
  equal,
  full,
  greater,
  max,
  maximum,
  reshape,
  sampleGrid,
  scalar,
  shift,
  type Tensor,
  type Triple,
  tidy,
  where,
} from '@voxelgrad/tensor';
import { outsideLabel } from '../sampling/read-patches.ts';
import { type Affine, coordinates, reach } from './sampling-grid.ts';

/**
 * Scores this close are a tie. nnU-Net compares scores of 0 to 1000 in half precision, whose steps near 500 are 0.25; a fixed margin does the same
 * and makes ties independent of how a device rounds.
 */
const tieMargin = 2.5e-4;

/** `[n, z, y, x]` i32: `label [n, d, h, w]` sampled at `grid`. `labels` are those that occur, in ascending order. */
export function sampleLabels(label: Tensor, grid: Tensor, labels: readonly number[]): Tensor {
  const { device } = label;
  const column = reshape(label, [...label.shape, 1]);
  const space = grid.shape.slice(0, 4);
  const constant = (value: number): Tensor => scalar(value, { device, dtype: 'i32' });
  const score = (value: number): Tensor =>
    tidy(() => reshape(sampleGrid(cast(equal(column, constant(value)), 'f32'), grid), space));
  return tidy(() => {
    const [lowest = 0, ...others] = labels;
    let winner = full(lowest, space, { device, dtype: 'i32' });
    if (others.length === 0) return winner;
    let best = score(lowest);
    for (const value of others) {
      const next = tidy(() => {
        const challenger = score(value);
        const wins = greater(challenger, shift(best, tieMargin));
        return { winner: where(wins, constant(value), winner), best: maximum(best, challenger) };
      });
      winner.dispose();
      best.dispose();
      ({ winner, best } = next);
    }
    return winner;
  });
}

/** Sets voxels of `label [n, z, y, x]` to −1 whose source lies outside of an image of `size` voxels. */
export function markOutside(label: Tensor, affines: readonly Affine[], size: Triple, inPlane: boolean): Tensor {
  const limits = outsideLimits(size, inPlane);
  const patch = label.shape.slice(1) as unknown as Triple;
  if (affines.every((affine) => reach(affine, patch).every((far, axis) => far <= limits[axis]!))) return label;
  const { device } = label;
  return tidy(() => {
    const factors = limits.map((limit) => 1 / limit) as unknown as Triple;
    const farthest = max(abs(coordinates(affines, patch, factors, [0, 0, 0], device)), { axes: -1 });
    const outside = greater(farthest, scalar(1, { device }));
    return where(outside, scalar(outsideLabel, { device, dtype: 'i32' }), label);
  });
}

/**
 * How far from the middle, on each axis, a source still counts as inside. Meant is half the extent less half a voxel, the outermost voxel's centre;
 * but nnU-Net compares normalised coordinates, in the order width to depth, with 1 − 1 / extent in the order depth to width, and so do we.
 */
function outsideLimits(size: Triple, inPlane: boolean): Triple {
  const limit = (extent: number, compared: number): number => (1 - 1 / compared) * (extent / 2);
  const [depth, height, width] = size;
  if (inPlane) return [Number.POSITIVE_INFINITY, limit(height, width), limit(width, height)];
  return [limit(depth, width), limit(height, height), limit(width, depth)];
}
