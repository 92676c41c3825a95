/** Moments and normalisation as plain loops in double precision, over values as a device stores them. */
import { type Shape, sizeOf } from '../../shape.ts';

/** Of `values [n, …space, c]`: for each n and each run of `rows` voxels, the means of the channels and then the sums of squared deviations from them. */
export function referenceMoments(values: ArrayLike<number>, shape: Shape, rows: number): Float64Array {
  const [n, c] = [shape[0]!, shape.at(-1)!];
  const space = sizeOf(shape) / n / c;
  const tiles = Math.ceil(space / rows);
  const moments = new Float64Array(n * tiles * 2 * c);
  for (let tile = 0; tile < n * tiles; tile++) {
    const first = Math.floor(tile / tiles) * space + (tile % tiles) * rows;
    const end = Math.min(first + rows, (Math.floor(tile / tiles) + 1) * space);
    for (let channel = 0; channel < c; channel++) {
      let sum = 0;
      for (let voxel = first; voxel < end; voxel++) sum += values[voxel * c + channel]!;
      const mean = sum / (end - first);
      let squares = 0;
      for (let voxel = first; voxel < end; voxel++) squares += (values[voxel * c + channel]! - mean) ** 2;
      moments[tile * 2 * c + channel] = mean;
      moments[(tile * 2 + 1) * c + channel] = squares;
    }
  }
  return moments;
}

/** What an instance norm makes of `values [n, …space, c]`: statistics `[n, c]`, and the values after the affine map and the LeakyReLU. */
export function referenceInstanceNorm(
  values: ArrayLike<number>,
  shape: Shape,
  scale: ArrayLike<number>,
  shift: ArrayLike<number>,
  { epsilon, slope }: { readonly epsilon: number; readonly slope: number },
): { mean: Float64Array; inverseDeviation: Float64Array; z: Float64Array } {
  const [n, c] = [shape[0]!, shape.at(-1)!];
  const space = sizeOf(shape) / n / c;
  const moments = referenceMoments(values, shape, space);
  const of = (part: number) => (_: number, i: number) => moments[(Math.floor(i / c) * 2 + part) * c + (i % c)]!;
  const mean = new Float64Array(n * c).map(of(0));
  const inverseDeviation = new Float64Array(n * c).map(of(1)).map((sum) => 1 / Math.sqrt(sum / space + epsilon));
  const z = Float64Array.from({ length: sizeOf(shape) }, (_, i) => {
    const at = Math.floor(i / (space * c)) * c + (i % c);
    const value = (values[i]! - mean[at]!) * inverseDeviation[at]! * scale[i % c]! + shift[i % c]!;
    return value > 0 ? value : value * slope;
  });
  return { mean, inverseDeviation, z };
}
