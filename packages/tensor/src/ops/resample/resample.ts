/**
 * Resampling of volumes `[n, d, h, w, c]` and images `[n, h, w, c]`: to a new size, at arbitrary points, by pooling, and filters along one axis.
 * f16 is interpolated in f32. Conventions are those of torch.nn.functional.interpolate and grid_sample.
 */
import { isRecorded, notTwiceDifferentiable, record } from '../../autograd.ts';
import { VoxelgradError } from '../../errors.ts';
import { tidy } from '../../scope.ts';
import { type Shape, showShape, type Triple } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { cast } from '../copy/cast.ts';
import { pad } from '../copy/copy.ts';
import {
  checkChoice,
  checkDevice,
  checkDType,
  checkRank,
  checkShapeIs,
  checkWholeOption,
  output,
} from '../operands.ts';
import { asVolume, deepen, type Pair, withDepth } from '../planar.ts';
import { widened } from '../widened.ts';
import type { ResampleMode } from './axis-weights.ts';
import type { ResampleMap, VolumePart } from './resample.kernels.ts';

/**
 * 'nearest' is PyTorch's (the voxel that contains the corner of the target voxel), 'nearest-exact' takes the voxel nearest to its centre,
 * 'linear' is tri- or bilinear, 'cubic' the cubic convolution with a = −0.75, 'catmull-rom' that with a = −0.5, which reproduces quadratics.
 */
export type InterpolationMode = 'nearest' | 'nearest-exact' | 'linear' | 'cubic' | 'catmull-rom';

/** How values between voxels come about; 'linear' by default. */
export interface InterpolateOptions {
  readonly mode?: InterpolationMode;
  /** Corner voxels' centres stay where they are, instead of the volume's outer edges. */
  readonly alignCorners?: boolean;
  /** As in `resize`: `x` and the result are pieces of volumes. */
  readonly part?: VolumePart;
}

/**
 * `x [n, d, h, w, c]` → `[n, …size, c]`, or `x [n, h, w, c]` with two extents. Throws 'shape' where they do not fit each other. The gradient is a fused kernel.
 */
export function interpolate(x: Tensor, size: Triple | Pair, options: InterpolateOptions = {}): Tensor {
  if (x.rank === 4 && size.length === 2) return asVolume(x, (x) => interpolate(x, withDepth(size, 1), options));
  if (x.dtype === 'f16') return widened(x, (x) => interpolate(x, size, options));
  const { mode = 'linear', alignCorners = false, part } = options;
  checkRank('interpolate', 'x', x, 'n, d, h, w, c');
  checkDType('interpolate', x, ['f32']);
  checkChoice('interpolate: mode', mode, ['nearest', 'nearest-exact', 'linear', 'cubic', 'catmull-rom']);
  const target = checkSize('interpolate', size);
  const kernel = mode === 'nearest-exact' ? 'nearest' : mode;
  const [from, to] = [part?.input.extents ?? x.shape.slice(1), part?.output.extents ?? target];
  const axes = [0, 1, 2].map((axis) => axisMap(from[axis]!, to[axis]!, mode, alignCorners));
  const map: ResampleMap = {
    scale: axes.map(([scale]) => scale!) as unknown as Triple,
    offset: axes.map(([, offset]) => offset!) as unknown as Triple,
    part,
  };
  return resampled('interpolate', kernel, x, target, map);
}

/** Throws 'shape' unless it is a size of volumes. */
export function checkSize(op: string, size: Triple | Pair): Triple {
  if (size.length === 3 && size.every((extent) => Number.isInteger(extent) && extent >= 1)) return size;
  throw new VoxelgradError('shape', {
    what: op,
    expected: 'a size of three whole numbers ≥ 1, or of two for an image [n, h, w, c]',
    got: showShape(size),
  });
}

/** `x [n, d, h, w, c]` → `[n, …size, c]` with a kernel of resampling, recorded under the op's name. */
export function resampled(op: string, mode: ResampleMode, x: Tensor, size: Triple, map: ResampleMap): Tensor {
  const shape = x.shape;
  if (shape.slice(1, 4).includes(0))
    throw new VoxelgradError('shape', {
      what: `${op} to ${showShape(size)}`,
      expected: 'at least one voxel along each axis of x [n, d, h, w, c]',
      got: showShape(shape),
    });
  const out = output(x, [shape[0]!, ...size, shape[4]!]);
  x.device.kernels.resample(mode, x, out, map);
  return record(op, [x], out, [], (g) => {
    notTwiceDifferentiable(op);
    const dx = output(g, shape);
    g.device.kernels.resampleGradient(mode, g, dx, map);
    return [dx];
  });
}

/** Scale and offset from output indices to input coordinates along one axis. */
function axisMap(
  input: number,
  target: number,
  mode: InterpolationMode,
  alignCorners: boolean,
): readonly [number, number] {
  const ratio = input / target;
  if (mode === 'nearest') return [ratio, 0];
  if (mode === 'nearest-exact') return [ratio, ratio / 2];
  if (alignCorners) return [target > 1 ? (input - 1) / (target - 1) : 0, 0];
  return [ratio, ratio / 2 - 0.5];
}

/** How values between voxels and outside come about; 'linear' and 'zero' by default. */
export interface SampleOptions {
  readonly mode?: 'nearest' | 'linear';
  /** What lies outside of the volume: zeros, or the nearest edge voxel. */
  readonly outside?: 'zero' | 'edge';
}

/**
 * `out [n, z, y, x, c]`: `x [n, d, h, w, c]` sampled at `grid [n, z, y, x, 3]`, which holds voxel coordinates in the order d, h, w; or
 * `out [n, y, x, c]` of an image `x [n, h, w, c]` at `grid [n, y, x, 2]`. Voxels' centres are whole numbers (torch's `alignCorners: true`, but not
 * scaled to −1 … 1). x and grid are f32 or f16, computed in f32. The gradients with respect to both are fused kernels: as torch's, with no slope across the
 * edge for points on it and beyond where `outside` is 'edge'. Throws 'autograd' where a grid with a gradient is sampled by 'nearest', which has no slope.
 */
export function sampleGrid(x: Tensor, grid: Tensor, options: SampleOptions = {}): Tensor {
  if (x.rank === 4 && grid.rank === 4) return asVolume(x, (x) => sampleGrid(x, atDepthZero(grid), options));
  if (x.dtype === 'f16') return widened(x, (x) => sampleGrid(x, grid, options));
  if (grid.dtype === 'f16') return tidy(() => sampleGrid(x, cast(grid, 'f32'), options));
  const { mode = 'linear', outside = 'zero' } = options;
  checkDevice('sampleGrid', x, grid);
  checkRank('sampleGrid', 'x', x, 'n, d, h, w, c');
  checkRank('sampleGrid', 'grid', grid, 'n, z, y, x, 3');
  checkDType('sampleGrid', x, ['f32']);
  checkDType('sampleGrid: grid', grid, ['f32']);
  checkChoice('sampleGrid: mode', mode, ['nearest', 'linear']);
  checkChoice('sampleGrid: outside', outside, ['zero', 'edge']);
  checkShapeIs('sampleGrid', 'grid', grid, [x.shape[0]!, ...grid.shape.slice(1, 4), 3]);
  const moving = isRecorded([grid]);
  if (moving && mode === 'nearest')
    throw new VoxelgradError('autograd', {
      what: `sampleGrid of x ${showShape(x.shape)} at grid ${showShape(grid.shape)}: mode 'nearest'`,
      expected: 'a grid without a gradient: the nearest voxel stays the same when a point moves a little',
      got: 'a grid that gradients are wanted for',
      help: "use mode 'linear', or pass grid.detach()",
    });
  const shape = x.shape;
  const out = output(x, [...grid.shape.slice(0, 4), shape[4]!]);
  x.device.kernels.sampleGrid(mode, x, grid, out, outside);
  const spread = isRecorded([x]);
  return record('sampleGrid', [x, grid], out, moving ? [grid, x] : [grid], (g, [grid, x]) => {
    notTwiceDifferentiable('sampleGrid');
    const { kernels } = g.device;
    const dx = spread ? output(g, shape) : undefined;
    if (dx !== undefined) kernels.sampleGridGradient(mode, g, grid, dx, outside);
    const dgrid = x === undefined ? undefined : output(grid, grid.shape);
    if (x !== undefined) kernels.sampleGridPointGradient(g, x, grid, dgrid!, outside);
    return [dx, dgrid];
  });
}

/** `[n, y, x, 2]` → `[n, 1, y, x, 3]`. */
function atDepthZero(grid: Tensor): Tensor {
  checkShapeIs('sampleGrid', 'grid', grid, [...grid.shape.slice(0, 3), 2]);
  const none = [0, 0] as const;
  return pad(deepen(grid), [none, none, none, none, [1, 0]]);
}

/** One number for each axis of space, or one for all. */
export interface PoolOptions<Extents = Triple> {
  readonly kernel: number | Extents;
  /** By default the kernel: windows side by side. */
  readonly stride?: number | Extents;
  /** 0 by default; at most half of the window. */
  readonly padding?: number | Extents;
  /** Average pooling: divide by the whole window even where it hangs over the edge (PyTorch's default). */
  readonly countPadding?: boolean;
}

/** The largest of each window of `x [n, d, h, w, c]`; the first one of equals gets the gradient, which is a fused kernel. */
export const maxPool3d = (x: Tensor, options: PoolOptions): Tensor => pool3d('max', x, options);
/** The mean of each window of `x [n, d, h, w, c]`. The gradient is a fused kernel. */
export const averagePool3d = (x: Tensor, options: PoolOptions): Tensor => pool3d('average', x, options);
/** As maxPool3d, for images `[n, h, w, c]`. */
export const maxPool2d = (x: Tensor, options: PoolOptions<Pair>): Tensor => pool2d('max', x, options);
/** As averagePool3d, for images `[n, h, w, c]`. */
export const averagePool2d = (x: Tensor, options: PoolOptions<Pair>): Tensor => pool2d('average', x, options);

/** The options as one number for each of `count` axes, checked. */
function windowOf(
  op: string,
  { kernel, stride = kernel, padding = 0, countPadding = true }: PoolOptions<Shape>,
  count: number,
) {
  const each = (name: string, value: number | Shape, least: number): Shape => {
    const values = typeof value === 'number' ? new Array<number>(count).fill(value) : value;
    checkWholeOption(`${op}: ${name}`, values, least, count);
    return values;
  };
  return {
    kernel: each('kernel', kernel, 1),
    stride: each('stride', stride, 1),
    padding: each('padding', padding, 0),
    countPadding,
  };
}

function pool2d(mode: 'max' | 'average', x: Tensor, options: PoolOptions<Pair>): Tensor {
  const op = `${mode}Pool2d`;
  checkRank(op, 'x', x, 'n, h, w, c');
  const { kernel, stride, padding, countPadding } = windowOf(op, options, 2);
  return asVolume(x, (x) =>
    pool(mode, x, withDepth(kernel, 1), withDepth(stride, 1), withDepth(padding, 0), countPadding),
  );
}

function pool3d(mode: 'max' | 'average', x: Tensor, options: PoolOptions): Tensor {
  checkRank(`${mode}Pool3d`, 'x', x, 'n, d, h, w, c');
  const { kernel, stride, padding, countPadding } = windowOf(`${mode}Pool3d`, options, 3);
  return pool(
    mode,
    x,
    kernel as unknown as Triple,
    stride as unknown as Triple,
    padding as unknown as Triple,
    countPadding,
  );
}

function pool(
  mode: 'max' | 'average',
  x: Tensor,
  kernel: Triple,
  stride: Triple,
  padding: Triple,
  countPadding: boolean,
): Tensor {
  checkDType(`${mode}Pool`, x, ['f32', 'f16']);
  const size = [0, 1, 2].map((i) => Math.floor((x.shape[i + 1]! + 2 * padding[i]! - kernel[i]!) / stride[i]!) + 1);
  if (size.some((extent) => extent < 1) || padding.some((amount, i) => 2 * amount > kernel[i]!))
    throw new VoxelgradError('shape', {
      what: `${mode} pooling`,
      expected: 'an input no smaller than the window, padded by at most half of it',
      got: `${showShape(x.shape)}, window ${showShape(kernel)}, padding ${showShape(padding)}`,
    });
  const shape: Shape = [x.shape[0]!, ...size, x.shape[4]!];
  const out = output(x, shape);
  x.device.kernels.pool(mode, x, out, kernel, stride, padding, countPadding);
  return record(`${mode}Pool3d`, [x], out, [x], (g, [x]) => {
    notTwiceDifferentiable(`${mode}Pool3d`);
    const dx = output(x, x.shape);
    x.device.kernels.poolGradient(mode, g, x, dx, kernel, stride, padding, countPadding);
    return [dx];
  });
}

/**
 * Correlates every (n, c) volume with its own taps `[n, c, length]` (odd length) along spatial axis 1, 2 or 3, edges mirrored. Not recorded:
 * it is for augmentation.
 */
export function filterAxis(x: Tensor, taps: Tensor, axis: 1 | 2 | 3): Tensor {
  checkDevice('filterAxis', x, taps);
  checkRank('filterAxis', 'x', x, 'n, d, h, w, c');
  checkDType('filterAxis', x, ['f32']);
  checkDType('filterAxis: taps', taps, ['f32']);
  checkShapeIs('filterAxis', 'taps', taps, [x.shape[0]!, x.shape[4]!, taps.shape[2] ?? 0]);
  if (taps.shape[2]! % 2 !== 1)
    throw new VoxelgradError('shape', {
      what: 'filterAxis: taps',
      expected: 'an odd length',
      got: showShape(taps.shape),
    });
  const out = output(x, x.shape);
  x.device.kernels.filterAxis(x, taps, out, axis);
  return out;
}
