/** Resampling, sampling at points, pooling and filters as plain loops in double precision: what the kernels are tested against. */
import { type Shape, sizeOf, type Triple } from '../../shape.ts';
import type { ResampleMap } from './resample.kernels.ts';

export type Mode = 'nearest' | 'linear' | 'cubic' | 'catmull-rom';
type Volume = readonly [n: number, d: number, h: number, w: number, c: number];

const clamp = (value: number, last: number): number => Math.min(Math.max(value, 0), last);

/** Calls `visit` with every voxel of `extents` and its linear index, in order. */
function forEachVoxel(extents: Triple, visit: (at: Triple, index: number) => void): void {
  let index = 0;
  for (let z = 0; z < extents[0]; z++)
    for (let y = 0; y < extents[1]; y++) for (let x = 0; x < extents[2]; x++) visit([z, y, x], index++);
}

const linear = (at: Triple, [, h, w]: Triple): number => (at[0] * h + at[1]) * w + at[2];
const spatial = (shape: Shape): Triple => [shape[1]!, shape[2]!, shape[3]!];

/** Voxels and weights that make up the value at `coordinate` of an axis, by the definition of each interpolation. */
function axisSources(mode: Mode, coordinate: number): readonly (readonly [number, number])[] {
  const low = Math.floor(coordinate);
  if (mode === 'nearest') return [[low, 1]];
  const reach = mode === 'linear' ? 1 : 2;
  const a = mode === 'cubic' ? -0.75 : -0.5;
  const kernel = (distance: number): number => {
    if (mode === 'linear') return Math.max(0, 1 - distance);
    if (distance <= 1) return (a + 2) * distance ** 3 - (a + 3) * distance ** 2 + 1;
    return distance < 2 ? a * (distance ** 3 - 5 * distance ** 2 + 8 * distance - 4) : 0;
  };
  const voxels = Array.from({ length: 2 * reach }, (_, i) => low - reach + 1 + i);
  return voxels.map((voxel) => [voxel, kernel(Math.abs(coordinate - voxel))]);
}

/** Calls `visit` with each (voxel of x, voxel of out, weight) of a resampling, per sample and channel element. */
export function forEachResampled(
  mode: Mode,
  x: Shape,
  out: Shape,
  { scale, offset }: ResampleMap,
  visit: (xIndex: number, outIndex: number, weight: number) => void,
): void {
  const [n, , , , c] = x as Volume;
  const [from, to] = [spatial(x), spatial(out)];
  forEachVoxel(to, (at, index) => {
    const axes = at.map((i, axis) => axisSources(mode, i * scale[axis]! + offset[axis]!));
    for (const [z, zWeight] of axes[0]!)
      for (const [y, yWeight] of axes[1]!)
        for (const [w, wWeight] of axes[2]!) {
          const source = linear([clamp(z, from[0] - 1), clamp(y, from[1] - 1), clamp(w, from[2] - 1)], from);
          for (let batch = 0; batch < n; batch++)
            for (let channel = 0; channel < c; channel++)
              visit(
                (batch * sizeOf(from) + source) * c + channel,
                (batch * sizeOf(to) + index) * c + channel,
                zWeight * yWeight * wWeight,
              );
        }
  });
}

/** Ties go to the even neighbour. */
function roundHalfEven(value: number): number {
  const rounded = Math.round(value);
  return rounded - value === 0.5 && rounded % 2 !== 0 ? rounded - 1 : rounded;
}

/** Calls `visit` with each (element of x, element of out, weight) of sampling `grid`. */
export function forEachSampled(
  mode: 'nearest' | 'linear',
  outside: 'zero' | 'edge',
  x: Shape,
  grid: ArrayLike<number>,
  visit: (xIndex: number, outIndex: number, weight: number) => void,
): void {
  const [n, , , , c] = x as Volume;
  const extents = spatial(x);
  const points = grid.length / 3 / n;
  for (let point = 0; point < n * points; point++) {
    const axes = extents.map((extent, axis) => {
      const raw = grid[3 * point + axis]!;
      const coordinate = outside === 'edge' ? clamp(raw, extent - 1) : raw;
      return mode === 'nearest' ? ([[roundHalfEven(coordinate), 1]] as const) : axisSources('linear', coordinate);
    });
    for (const [z, zWeight] of axes[0]!)
      for (const [y, yWeight] of axes[1]!)
        for (const [w, wWeight] of axes[2]!) {
          const at: Triple = [z, y, w];
          if (at.some((i, axis) => i < 0 || i >= extents[axis]!)) continue;
          const voxel = Math.floor(point / points) * sizeOf(extents) + linear(at, extents);
          for (let channel = 0; channel < c; channel++)
            visit(voxel * c + channel, point * c + channel, zWeight * yWeight * wWeight);
        }
  }
}

export interface Pooling {
  readonly kernel: Triple;
  readonly stride: Triple;
  readonly padding: Triple;
  readonly countPadding: boolean;
}

export function pooledShape(x: Shape, { kernel, stride, padding }: Pooling): Shape {
  const extents = spatial(x).map((extent, axis) =>
    Math.floor((extent + 2 * padding[axis]! - kernel[axis]!) / stride[axis]! + 1),
  );
  return [x[0]!, ...extents, x[4]!];
}

/** Calls `visit` with each window's elements of x (those inside, in order), its element of the result and what an average divides by. */
export function forEachWindow(
  x: Shape,
  pooling: Pooling,
  visit: (xIndices: readonly number[], outIndex: number, divisor: number) => void,
): void {
  const { kernel, stride, padding, countPadding } = pooling;
  const out = pooledShape(x, pooling);
  const [n, , , , c] = x as Volume;
  const [from, to] = [spatial(x), spatial(out)];
  for (let batch = 0; batch < n; batch++)
    forEachVoxel(to, (at, index) => {
      const voxels: number[] = [];
      forEachVoxel(kernel, (tap) => {
        const place = at.map((i, axis) => i * stride[axis]! - padding[axis]! + tap[axis]!) as unknown as Triple;
        if (place.every((i, axis) => i >= 0 && i < from[axis]!))
          voxels.push(batch * sizeOf(from) + linear(place, from));
      });
      const divisor = countPadding ? sizeOf(kernel) : voxels.length;
      for (let channel = 0; channel < c; channel++)
        visit(
          voxels.map((voxel) => voxel * c + channel),
          (batch * sizeOf(to) + index) * c + channel,
          divisor,
        );
    });
}

/** Correlation along `axis` with taps `[n, c, length]`; beyond an edge the axis is read backwards, the edge voxel once. */
export function referenceFilter(
  x: ArrayLike<number>,
  shape: Shape,
  taps: ArrayLike<number>,
  axis: 1 | 2 | 3,
): Float64Array {
  const [n, , , , c] = shape as Volume;
  const length = taps.length / n / c;
  const extents = spatial(shape);
  const last = extents[axis - 1]! - 1;
  const mirrored = (i: number): number => {
    if (last === 0) return 0;
    if (i < 0) return mirrored(-i);
    return i > last ? mirrored(2 * last - i) : i;
  };
  const out = new Float64Array(x.length);
  for (let batch = 0; batch < n; batch++)
    forEachVoxel(extents, (at, index) => {
      for (let channel = 0; channel < c; channel++)
        for (let tap = 0; tap < length; tap++) {
          const place = at.map((i, k) =>
            k === axis - 1 ? mirrored(i + tap - (length - 1) / 2) : i,
          ) as unknown as Triple;
          out[(batch * sizeOf(extents) + index) * c + channel]! +=
            taps[(batch * c + channel) * length + tap]! *
            x[(batch * sizeOf(extents) + linear(place, extents)) * c + channel]!;
        }
    });
  return out;
}
