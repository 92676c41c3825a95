/** The spacing that all cases are resampled to, the order of the axes, and what shapes follow (default_experiment_planner.py of nnU-Net 2.8). */
import { roundHalfEven } from '@voxelgrad/tensor';
import type { DatasetFingerprint } from '../fingerprint/fingerprint.ts';
import { median, percentile } from '../statistics/percentile.ts';

/** Axes that differ by more than this factor are treated apart. */
export const anisotropyThreshold = 3;

type Shapes = Pick<DatasetFingerprint, 'spacings' | 'shapes_after_crop'>;

const column = (rows: readonly (readonly number[])[], axis: number): number[] => rows.map((row) => row[axis]!);

/** Median of each axis. */
export const medianOf = (rows: readonly (readonly number[])[]): number[] =>
  rows[0]!.map((_, axis) => median(column(rows, axis)));

/** The first axis with the largest value. */
const largestAxis = (values: readonly number[]): number => values.indexOf(Math.max(...values));

/**
 * The median spacing [z, y, x] of the cases; but where one axis is much coarser than the others and has far fewer voxels, its tenth percentile, so that
 * fine cases are not blurred along it.
 */
export function fullResolutionSpacing({ spacings, shapes_after_crop: shapes }: Shapes): number[] {
  const target = spacings[0]!.map((_, axis) => percentile(column(spacings, axis), 50));
  const size = target.map((_, axis) => percentile(column(shapes, axis), 50));
  const worst = largestAxis(target);
  const others = <Value>(values: readonly Value[]): Value[] => values.filter((_, axis) => axis !== worst);
  const coarsestOther = Math.max(...others(target));
  const coarse = target[worst]! > anisotropyThreshold * coarsestOther;
  const thin = size[worst]! * anisotropyThreshold < Math.min(...others(size));
  if (coarse && thin) {
    const tenth = percentile(column(spacings, worst), 10);
    target[worst] = tenth < coarsestOther ? coarsestOther + 1e-5 : tenth;
  }
  return target;
}

export interface Transpose {
  readonly forward: readonly number[];
  readonly backward: readonly number[];
}

/** The coarsest axis comes first. */
export function transposeFor(spacing: readonly number[]): Transpose {
  const first = largestAxis(spacing);
  const forward = [first, ...[...spacing.keys()].filter((axis) => axis !== first)];
  return { forward, backward: [...spacing.keys()].map((axis) => forward.indexOf(axis)) };
}

export const inOrder = (values: readonly number[], order: readonly number[]): number[] =>
  order.map((axis) => values[axis]!);

/** The shape of a case after resampling; all in voxels and mm. */
export const resampledShape = (
  shape: readonly number[],
  spacing: readonly number[],
  target: readonly number[],
): number[] => shape.map((extent, axis) => roundHalfEven((spacing[axis]! / target[axis]!) * extent));
