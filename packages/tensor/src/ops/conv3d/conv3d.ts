/**
 * 3-D convolution and transposed convolution, channels last, as correlation (PyTorch's convention).
 *
 * There are three kernels: forward, data gradient, weight gradient; each one's gradients are the other two, so convolutions can be
 * differentiated as often as one likes. A transposed convolution is the data gradient run forward.
 */
import { lowered } from '../../autocast.ts';
import { isRecorded, record } from '../../autograd.ts';
import type { DType } from '../../dtype.ts';
import { VoxelgradError } from '../../errors.ts';
import { type Shape, showShape, type Triple } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { cast } from '../copy/cast.ts';
import { reshape } from '../copy/copy.ts';
import { checkDevice, checkDType, checkRank, checkShapeIs, checkWholeOption, output, seenAs } from '../operands.ts';
import { deepen, flatten, type Pair } from '../planar.ts';
import { sum } from '../reduce/reduce.ts';
import type { Conv3dGeometry } from './conv3d.kernels.ts';

/** How a convolution's window moves. One number stands for all axes; PyTorch's defaults. */
export interface ConvOptions {
  readonly bias?: Tensor | undefined;
  readonly stride?: number | Triple;
  readonly padding?: number | Triple;
  readonly dilation?: number | Triple;
  readonly groups?: number;
}

const triple = (value: number | Triple): Triple => (typeof value === 'number' ? [value, value, value] : value);

/** The axes of space that the caller's tensors have: an image is a volume of depth 1, but errors speak of images. */
export type Dimension = 2 | 3;

/** Extents as the caller has them; `axis` is where the depth is. */
const shown = (shape: Shape, axis: number, dimension: Dimension): string =>
  showShape(dimension === 3 ? shape : shape.toSpliced(axis, 1));
const windowAxes = (dimension: Dimension): string => (dimension === 3 ? 'kd, kh, kw' : 'kh, kw');

function geometryOf(
  op: string,
  { stride = 1, padding = 0, dilation = 1, groups = 1 }: ConvOptions,
  dimension: Dimension,
): Conv3dGeometry {
  const geometry = { stride: triple(stride), padding: triple(padding), dilation: triple(dilation), groups };
  const check = (name: string, values: Triple, least: number) =>
    checkWholeOption(`${op}: ${name}`, values.slice(3 - dimension), least, dimension);
  check('stride', geometry.stride, 1);
  check('padding', geometry.padding, 0);
  check('dilation', geometry.dilation, 1);
  checkWholeOption(`${op}: groups`, [groups], 1, 1);
  return geometry;
}

/**
 * `y [n, od, oh, ow, cout]` from `x [n, d, h, w, cin]` and `weight [kd, kh, kw, cin / groups, cout]`, plus `bias [cout]`.
 * Padding is with zeros. Throws 'shape' with both shapes where they do not fit.
 */
export function conv3d(x: Tensor, weight: Tensor, options: ConvOptions = {}): Tensor {
  return convolve(lowered(x), lowered(weight), options);
}

/** A convolution whose operands fit each other. */
export interface Convolution {
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
  readonly geometry: Conv3dGeometry;
  /** Of the result: `[n, od, oh, ow, cout]`. */
  readonly shape: Shape;
}

/** For ops whose convolution is launched with what follows it: they launch and record by themselves. Throws as conv3d does, in the name of `op`. */
export function checkConvolution(
  op: string,
  x: Tensor,
  weight: Tensor,
  options: ConvOptions,
  dimension: Dimension,
): Convolution {
  const geometry = geometryOf(op, options, dimension);
  const { bias } = options;
  checkOperands(op, x, weight, bias);
  const [n, d, h, w, cin] = x.shape as readonly [number, number, number, number, number];
  const [kd, kh, kw, perGroup, cout] = weight.shape as readonly [number, number, number, number, number];
  if (perGroup * geometry.groups !== cin || cout % geometry.groups !== 0)
    throw new VoxelgradError('shape', {
      what: op,
      expected: `a weight [${windowAxes(dimension)}, ${cin / geometry.groups}, cout] with cout divisible by ${geometry.groups}`,
      got: `${shown(weight.shape, 0, dimension)} with x ${shown(x.shape, 1, dimension)}`,
    });
  const spatial = [d, h, w].map((extent, i) => {
    const window = ([kd, kh, kw][i]! - 1) * geometry.dilation[i]! + 1;
    return Math.floor((extent + 2 * geometry.padding[i]! - window) / geometry.stride[i]!) + 1;
  });
  if (spatial.some((extent) => extent < 1))
    throw new VoxelgradError('shape', {
      what: op,
      expected: 'an input no smaller than the kernel',
      got: `x ${shown(x.shape, 1, dimension)} with a kernel of ${shown([kd, kh, kw], 0, dimension)}`,
      help: 'pad the input or use fewer strided stages',
    });
  if (bias !== undefined) checkShapeIs(op, 'bias', bias, [cout]);
  return { x, weight, bias, geometry, shape: [n, ...spatial, cout] };
}

/** Notes that `y` is the result of `convolution`, and returns it. */
export function recordConvolution({ x, weight, bias, geometry }: Convolution, y: Tensor): Tensor {
  return record('conv3d', [x, weight, bias], y, [x, weight], (dy, [x, weight]) => {
    // First what needs x, which a planned memory then uses again for its gradient.
    const dweight = weight.requiresGradient ? weightGradient(x, dy, weight.shape, weight.dtype, geometry) : undefined;
    const dbias = bias === undefined ? undefined : sumOverVoxels(dy);
    const dx = x.requiresGradient ? dataGradient(dy, weight, undefined, x.shape, geometry) : undefined;
    return [dx, dweight, dbias];
  });
}

function convolve(x: Tensor, weight: Tensor, options: ConvOptions, dimension: Dimension = 3): Tensor {
  const convolution = checkConvolution(`conv${dimension}d`, x, weight, options, dimension);
  const y = output(x, convolution.shape);
  x.device.kernels.conv3d(x, weight, convolution.bias, y, convolution.geometry);
  return recordConvolution(convolution, y);
}

/** As for a convolution, and how much the output is larger at its end. */
export interface ConvTransposeOptions extends ConvOptions {
  readonly outputPadding?: number | Triple;
}

/**
 * `y [n, od, oh, ow, cout]` from `x [n, d, h, w, cin]` and `weight [kd, kh, kw, cout / groups, cin]` (the weight of the convolution that this
 * transposes), plus `bias [cout]`. `od = (d − 1) · stride − 2 · padding + dilation · (kd − 1) + outputPadding + 1`.
 */
export function convTranspose3d(x: Tensor, weight: Tensor, options: ConvTransposeOptions = {}): Tensor {
  return convolveTransposed(lowered(x), lowered(weight), options);
}

function convolveTransposed(
  x: Tensor,
  weight: Tensor,
  options: ConvTransposeOptions,
  dimension: Dimension = 3,
): Tensor {
  const op = `convTranspose${dimension}d`;
  const geometry = geometryOf(op, options, dimension);
  checkOperands(op, x, weight, options.bias);
  const [n, ...rest] = x.shape as readonly [number, number, number, number, number];
  const cin = rest[3];
  const cout = weight.shape[3]! * geometry.groups;
  if (weight.shape[4] !== cin || cin % geometry.groups !== 0)
    throw new VoxelgradError('shape', {
      what: op,
      expected: `a weight [${windowAxes(dimension)}, cout / groups, ${cin}]`,
      got: `${shown(weight.shape, 0, dimension)} with x ${shown(x.shape, 1, dimension)}`,
    });
  const extra = triple(options.outputPadding ?? 0);
  checkOutputPadding(op, extra, geometry, dimension);
  const spatial = [0, 1, 2].map(
    (i) =>
      (rest[i]! - 1) * geometry.stride[i]! -
      2 * geometry.padding[i]! +
      geometry.dilation[i]! * (weight.shape[i]! - 1) +
      extra[i]! +
      1,
  );
  if (spatial.some((extent) => extent < 1))
    throw new VoxelgradError('shape', {
      what: op,
      expected: 'padding that leaves something of the output',
      got: `an output ${shown(spatial, 0, dimension)}`,
    });
  if (options.bias !== undefined) checkShapeIs(op, 'bias', options.bias, [cout]);
  return dataGradient(x, weight, options.bias, [n, ...spatial, cout], geometry);
}

/** It chooses among the inputs of the convolution with the same output, which differ by less than a stride (or by the gaps in the window). */
function checkOutputPadding(
  op: string,
  extra: Triple,
  { stride, dilation }: Conv3dGeometry,
  dimension: Dimension,
): void {
  checkWholeOption(`${op}: outputPadding`, extra.slice(3 - dimension), 0, dimension);
  if (extra.some((amount, i) => amount >= Math.max(stride[i]!, dilation[i]!)))
    throw new VoxelgradError('option', {
      what: `${op}: outputPadding`,
      expected: 'less than the stride or the dilation',
      got: `${shown(extra, 0, dimension)} with stride ${shown(stride, 0, dimension)} and dilation ${shown(dilation, 0, dimension)}`,
    });
}

/** The gradient of a bias: f32, also where the activations are f16. */
function sumOverVoxels(gradient: Tensor): Tensor {
  if (gradient.dtype === 'f32' || isRecorded([gradient])) return sum(cast(gradient, 'f32'), { axes: [0, 1, 2, 3] });
  // Without an f32 copy, which would be the largest tensor of a training step.
  const channels = gradient.shape.at(-1)!;
  const voxels = gradient.size / channels;
  const total = output(gradient, [channels], 'f32');
  const flat = seenAs(gradient, [1, voxels, channels]);
  gradient.device.kernels.reduce('sum', flat, seenAs(total, [1, channels]), 1, voxels, channels);
  return total;
}

/** The gradient of conv3d with respect to x, as an op: `dx` of the given shape. */
function dataGradient(
  dy: Tensor,
  weight: Tensor,
  bias: Tensor | undefined,
  shape: Shape,
  geometry: Conv3dGeometry,
): Tensor {
  const dx = output(dy, shape);
  dy.device.kernels.conv3dDataGradient(dy, weight, bias, dx, geometry);
  return record('conv3dDataGradient', [dy, weight, bias], dx, [dy, weight], (g, [dy, weight]) => [
    dy.requiresGradient ? convolve(g, weight, geometry) : undefined,
    weight.requiresGradient ? weightGradient(g, dy, weight.shape, weight.dtype, geometry) : undefined,
    bias === undefined ? undefined : sumOverVoxels(g),
  ]);
}

/** The gradient of conv3d with respect to its weight, as an op. f32, whatever the inputs are. */
function weightGradient(x: Tensor, dy: Tensor, shape: Shape, dtype: DType, geometry: Conv3dGeometry): Tensor {
  const dweight = output(x, shape, dtype === 'f16' ? 'f32' : dtype);
  x.device.kernels.conv3dWeightGradient(x, dy, dweight, geometry);
  return record('conv3dWeightGradient', [x, dy], dweight, [x, dy], (g, [x, dy]) => {
    const weight = cast(g, x.dtype);
    return [
      x.requiresGradient ? dataGradient(dy, weight, undefined, x.shape, geometry) : undefined,
      dy.requiresGradient ? convolve(x, weight, geometry) : undefined,
    ];
  });
}

/** 2-D convolution of `x [n, h, w, cin]` with `weight [kh, kw, cin / groups, cout]`: a 3-D one of depth 1. */
export function conv2d(x: Tensor, weight: Tensor, options: Planar<ConvOptions> = {}): Tensor {
  checkRank('conv2d', 'x', x, 'n, h, w, c');
  checkRank('conv2d', 'weight', weight, 'kh, kw, in, out');
  return flatten(convolve(lowered(deepen(x)), lowered(thicken(weight)), spatial(options), 2));
}

/** Transposed 2-D convolution of `x [n, h, w, cin]` with `weight [kh, kw, cout / groups, cin]`. */
export function convTranspose2d(x: Tensor, weight: Tensor, options: Planar<ConvTransposeOptions> = {}): Tensor {
  checkRank('convTranspose2d', 'x', x, 'n, h, w, c');
  checkRank('convTranspose2d', 'weight', weight, 'kh, kw, out, in');
  return flatten(convolveTransposed(lowered(deepen(x)), lowered(thicken(weight)), spatial(options), 2));
}

/** The options of an op on volumes as its form on images has them. */
export type Planar<Options> = {
  readonly [Key in keyof Options]: Options[Key] extends number | Triple | undefined ? number | Pair : Options[Key];
};

/** The weight of a 2-D convolution as that of a 3-D one. */
export const thicken = (weight: Tensor): Tensor => reshape(weight, [1, ...weight.shape]);

/** The options of a 2-D convolution as those of a 3-D one of depth 1. */
export function spatial(options: Planar<ConvTransposeOptions>): ConvTransposeOptions {
  const along = (value: number | Pair | undefined, depth: number): Triple =>
    value === undefined ? [depth, depth, depth] : typeof value === 'number' ? [depth, value, value] : [depth, ...value];
  return {
    bias: options.bias,
    groups: (options.groups as number | undefined) ?? 1,
    stride: along(options.stride, 1),
    padding: along(options.padding, 0),
    dilation: along(options.dilation, 1),
    outputPadding: along(options.outputPadding, 0),
  };
}

function checkOperands(op: string, x: Tensor, weight: Tensor, bias: Tensor | undefined): void {
  checkDevice(op, x, weight, bias);
  checkRank(op, 'x', x, 'n, d, h, w, c');
  checkRank(op, 'weight', weight, 'kd, kh, kw, in, out');
  checkDType(op, x, ['f32', 'f16']);
  checkDType(`${op}: weight`, weight, [x.dtype]);
  if (bias !== undefined) checkDType(`${op}: bias`, bias, ['f32']);
}
