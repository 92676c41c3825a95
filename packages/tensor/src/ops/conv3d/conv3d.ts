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

function geometryOf(op: string, { stride = 1, padding = 0, dilation = 1, groups = 1 }: ConvOptions): Conv3dGeometry {
  const geometry = { stride: triple(stride), padding: triple(padding), dilation: triple(dilation), groups };
  checkWholeOption(`${op}: stride`, geometry.stride, 1, 3);
  checkWholeOption(`${op}: padding`, geometry.padding, 0, 3);
  checkWholeOption(`${op}: dilation`, geometry.dilation, 1, 3);
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

function convolve(x: Tensor, weight: Tensor, options: ConvOptions): Tensor {
  const geometry = geometryOf('conv3d', options);
  checkOperands('conv3d', x, weight, options.bias);
  const [n, d, h, w, cin] = x.shape as readonly [number, number, number, number, number];
  const [kd, kh, kw, perGroup, cout] = weight.shape as readonly [number, number, number, number, number];
  if (perGroup * geometry.groups !== cin || cout % geometry.groups !== 0)
    throw new VoxelgradError('shape', {
      what: 'conv3d',
      expected: `a weight [kd, kh, kw, ${cin / geometry.groups}, cout] with cout divisible by ${geometry.groups}`,
      got: `${showShape(weight.shape)} with x ${showShape(x.shape)}`,
    });
  const spatial = [d, h, w].map((extent, i) => {
    const window = ([kd, kh, kw][i]! - 1) * geometry.dilation[i]! + 1;
    return Math.floor((extent + 2 * geometry.padding[i]! - window) / geometry.stride[i]!) + 1;
  });
  if (spatial.some((extent) => extent < 1))
    throw new VoxelgradError('shape', {
      what: 'conv3d',
      expected: 'an input no smaller than the kernel',
      got: `x ${showShape(x.shape)} with a kernel of ${showShape([kd, kh, kw])}`,
      help: 'pad the input or use fewer strided stages',
    });
  if (options.bias !== undefined) checkShapeIs('conv3d', 'bias', options.bias, [cout]);
  const y = output(x, [n, ...spatial, cout]);
  x.device.kernels.conv3d(x, weight, options.bias, y, geometry);
  return record('conv3d', [x, weight, options.bias], y, [x, weight], (dy, [x, weight]) => {
    // First what needs x, which a planned memory then uses again for its gradient.
    const dweight = weight.requiresGradient ? weightGradient(x, dy, weight.shape, weight.dtype, geometry) : undefined;
    const dbias = options.bias === undefined ? undefined : sumOverVoxels(dy);
    const dx = x.requiresGradient ? dataGradient(dy, weight, undefined, x.shape, geometry) : undefined;
    return [dx, dweight, dbias];
  });
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

function convolveTransposed(x: Tensor, weight: Tensor, options: ConvTransposeOptions): Tensor {
  const geometry = geometryOf('convTranspose3d', options);
  checkOperands('convTranspose3d', x, weight, options.bias);
  const [n, ...rest] = x.shape as readonly [number, number, number, number, number];
  const cin = rest[3];
  const cout = weight.shape[3]! * geometry.groups;
  if (weight.shape[4] !== cin || cin % geometry.groups !== 0)
    throw new VoxelgradError('shape', {
      what: 'convTranspose3d',
      expected: `a weight [kd, kh, kw, cout / groups, ${cin}]`,
      got: `${showShape(weight.shape)} with x ${showShape(x.shape)}`,
    });
  const extra = triple(options.outputPadding ?? 0);
  checkOutputPadding(extra, geometry);
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
      what: 'convTranspose3d',
      expected: 'padding that leaves something of the output',
      got: `an output ${showShape(spatial)}`,
    });
  if (options.bias !== undefined) checkShapeIs('convTranspose3d', 'bias', options.bias, [cout]);
  return dataGradient(x, weight, options.bias, [n, ...spatial, cout], geometry);
}

/** It chooses among the inputs of the convolution with the same output, which differ by less than a stride (or by the gaps in the window). */
function checkOutputPadding(extra: Triple, { stride, dilation }: Conv3dGeometry): void {
  checkWholeOption('convTranspose3d: outputPadding', extra, 0, 3);
  if (extra.some((amount, i) => amount >= Math.max(stride[i]!, dilation[i]!)))
    throw new VoxelgradError('option', {
      what: 'convTranspose3d: outputPadding',
      expected: 'less than the stride or the dilation',
      got: `${showShape(extra)} with stride ${showShape(stride)} and dilation ${showShape(dilation)}`,
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
  return flatten(conv3d(deepen(x), thicken(weight), spatial(options)));
}

/** Transposed 2-D convolution of `x [n, h, w, cin]` with `weight [kh, kw, cout / groups, cin]`. */
export function convTranspose2d(x: Tensor, weight: Tensor, options: Planar<ConvTransposeOptions> = {}): Tensor {
  checkRank('convTranspose2d', 'x', x, 'n, h, w, c');
  checkRank('convTranspose2d', 'weight', weight, 'kh, kw, out, in');
  return flatten(convTranspose3d(deepen(x), thicken(weight), spatial(options)));
}

type Planar<Options> = {
  readonly [Key in keyof Options]: Options[Key] extends number | Triple | undefined ? number | Pair : Options[Key];
};

const thicken = (weight: Tensor): Tensor => reshape(weight, [1, ...weight.shape]);

function spatial(options: Planar<ConvTransposeOptions>): ConvTransposeOptions {
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
