/** Resampling, sampling at points, pooling and separable filters of `[n, d, h, w, c]` volumes. All is f32; pooling takes f16 too. */
import type { Operand } from '../../device/device.ts';
import type { Triple } from '../../shape.ts';
import type { ResampleMode } from './axis-weights.ts';

/** Where a piece of a volume lies in it. */
export interface Piece {
  readonly first: Triple;
  /** Of the whole volume. */
  readonly extents: Triple;
}

/** A volume's resampling in pieces: what is given is a piece of it, and so is what comes out. */
export interface VolumePart {
  readonly input: Piece;
  readonly output: Piece;
}

/** Per axis: the sampled coordinate of output index i is `i · scale + offset` in input voxels. Outside, the edge is repeated. */
export interface ResampleMap {
  readonly scale: Triple;
  readonly offset: Triple;
  /** Indices and coordinates are those of the whole volumes, of which x and the result are pieces. */
  readonly part?: VolumePart | undefined;
}

export interface ResampleKernels {
  /**
   * 'nearest' (`⌊coordinate⌋`, so that the caller's offset decides the rule), 'linear', 'cubic' convolution with a = −0.75 (torch's bicubic) or −0.5 ('catmull-rom'), or
   * the interpolating B-splines of order 2 and 3 ('spline2', 'spline3').
   */
  resample(mode: ResampleMode, x: Operand, out: Operand, map: ResampleMap): void;
  /** The gradient of resample: every output voxel's gradient spread over what it read, gathered per input voxel in a fixed order. */
  resampleGradient(mode: ResampleMode, dy: Operand, dx: Operand, map: ResampleMap): void;
  /**
   * `out[n, z, y, x, :]` = x sampled at `grid[n, z, y, x, 0..2]` = voxel coordinates (d, h, w order). Linear or nearest (halves to even);
   * voxels outside count as `outside` ('zero' or the nearest edge voxel).
   */
  sampleGrid(mode: 'nearest' | 'linear', x: Operand, grid: Operand, out: Operand, outside: 'zero' | 'edge'): void;
  /** Gradient of sampleGrid (linear, f32) with respect to x: fixed order, so it may be slow. */
  sampleGridGradient(
    mode: 'nearest' | 'linear',
    dy: Operand,
    grid: Operand,
    dx: Operand,
    outside: 'zero' | 'edge',
  ): void;
  /** Gradient of a linear sampleGrid with respect to its grid: `dgrid [n, z, y, x, 3]` in voxels, f32. */
  sampleGridPointGradient(dy: Operand, x: Operand, grid: Operand, dgrid: Operand, outside: 'zero' | 'edge'): void;
  /** Max or average pooling, f32 or f16; average sums in f32 and divides by the whole window or by the voxels inside (`countPadding`). */
  pool(
    mode: 'max' | 'average',
    x: Operand,
    out: Operand,
    kernel: Triple,
    stride: Triple,
    padding: Triple,
    countPadding: boolean,
  ): void;
  poolGradient(
    mode: 'max' | 'average',
    dy: Operand,
    x: Operand,
    dx: Operand,
    kernel: Triple,
    stride: Triple,
    padding: Triple,
    countPadding: boolean,
  ): void;
  /**
   * Correlates every (n, c) volume with its own taps along one spatial axis (1 = d, 2 = h, 3 = w): `taps` f32 `[n, c, length]`, odd length,
   * edges mirrored without repeating the edge voxel (torch's 'reflect').
   */
  filterAxis(x: Operand, taps: Operand, out: Operand, axis: 1 | 2 | 3): void;
}
