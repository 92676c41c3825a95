/**
 * Instance, group and layer normalisation (Ulyanov 2016, Wu & He 2018, Ba 2016) with the affine map and a LeakyReLU fused in: one read of the
 * convolution's output makes the statistics, a second one the result, and only the convolution's output is kept for the backward pass.
 * Statistics are f32, by two passes. Where gradients of gradients are wanted, the gradient is made of ops instead of the fused kernel.
 */
import { isRecorded, record } from '../../autograd.ts';
import { VoxelgradError } from '../../errors.ts';
import { remember } from '../../recompute.ts';
import { tidy } from '../../scope.ts';
import { type Shape, sameShape, showShape, sizeOf } from '../../shape.ts';
import { Tensor } from '../../tensor.ts';
import { cast } from '../copy/cast.ts';
import { reshape } from '../copy/copy.ts';
import { add, greater, mul, sub } from '../elementwise/elementwise.ts';
import { rsqrt, scale, shift, square } from '../elementwise/unary.ts';
import { checkDevice, checkDType, checkShapeIs, output } from '../operands.ts';
import { mean, sumTo } from '../reduce/reduce.ts';
import type { NormSettings } from './instance-norm.kernels.ts';

/** The affine map and the LeakyReLU after a normalisation; weight and bias both or neither. */
export interface NormOptions {
  /** f32 `[c]`. */
  readonly weight?: Tensor | undefined;
  readonly bias?: Tensor | undefined;
  readonly epsilon?: number;
  /** Slope of a LeakyReLU applied to the result; 1 (none) by default. */
  readonly slope?: number;
}

/** Normalises `x [n, …space, c]` over space, for each n and c, with the population variance. */
export const instanceNorm = (x: Tensor, options: NormOptions = {}): Tensor =>
  norm('instanceNorm', x, x.shape.at(-1)!, options);

/** Normalises over space and the channels of each of `groups` groups. */
export const groupNorm = (x: Tensor, groups: number, options: NormOptions = {}): Tensor =>
  norm('groupNorm', x, groups, options);

/** As NormOptions; weight and bias have the shape that is normalised over. */
export interface LayerNormOptions extends NormOptions {
  /** The last axes of x, which are normalised over together (torch's normalized_shape); `[c]`, the channels alone, by default. */
  readonly normalizedShape?: Shape;
}

/** Normalises `x […rows, …normalizedShape]` over its last axes, by default `x […rows, c]` over the channels. */
export function layerNorm(x: Tensor, options: LayerNormOptions = {}): Tensor {
  const { normalizedShape = x.shape.slice(-1), weight, bias } = options;
  const axes = normalizedShape.length;
  if (axes === 0 || axes > x.rank || !sameShape(x.shape.slice(x.rank - axes), normalizedShape))
    throw new VoxelgradError('shape', {
      what: 'layerNorm: x',
      expected: `one or more last axes of shape ${showShape(normalizedShape)}, the normalizedShape`,
      got: showShape(x.shape),
    });
  if (weight !== undefined) checkShapeIs('layerNorm', 'weight', weight, normalizedShape);
  if (bias !== undefined) checkShapeIs('layerNorm', 'bias', bias, normalizedShape);
  const size = sizeOf(normalizedShape);
  if (x.size === 0) return reshape(x, x.shape);
  return tidy(() => {
    const flat = (affine: Tensor | undefined): Tensor | undefined => affine && reshape(affine, [size]);
    const rows = reshape(x, [x.size / size, 1, size]);
    return reshape(norm('layerNorm', rows, 1, { ...options, weight: flat(weight), bias: flat(bias) }), x.shape);
  });
}

/** A normalisation whose operands fit each other. */
export interface Normalization {
  readonly op: string;
  readonly weight: Tensor | undefined;
  readonly bias: Tensor | undefined;
  readonly settings: NormSettings;
}

/** f32 `[n, groups]`, of what is normalised. */
export interface NormStatistics {
  readonly mean: Tensor;
  readonly inverseDeviation: Tensor;
}

/**
 * For ops that launch a normalisation with what comes before it: they launch and record by themselves. What is normalised has this shape; `like` is a tensor of
 * its device and dtype. Throws as the norms do, in the name of `op`.
 */
export function checkNorm(
  op: string,
  like: Tensor,
  shape: Shape,
  groups: number,
  { weight, bias, epsilon = 1e-5, slope = 1 }: NormOptions,
): Normalization {
  const c = shape.at(-1) ?? 0;
  checkDevice(op, like, weight, bias);
  checkDType(op, like, ['f32', 'f16']);
  if (shape.length < 2 || c % groups !== 0 || (weight === undefined) !== (bias === undefined))
    throw new VoxelgradError('shape', {
      what: op,
      expected: `[n, …space, c] with c divisible by ${groups}, and weight and bias both or neither`,
      got: showShape(shape),
    });
  for (const [name, affine] of Object.entries({ weight, bias }))
    if (affine !== undefined) {
      checkDType(`${op}: ${name}`, affine, ['f32']);
      checkShapeIs(op, name, affine, [c]);
    }
  return { op, weight, bias, settings: { groups, epsilon, slope } };
}

/** Room for the statistics of `n` samples. */
export function emptyStatistics({ device }: Tensor, n: number, { groups }: NormSettings): NormStatistics {
  const empty = (): Tensor => Tensor.empty(device, 'f32', [n, groups]);
  return { mean: empty(), inverseDeviation: empty() };
}

/** Notes that `y` is `x` normalised, and returns it. The statistics are the record's from then on. */
export function recordNorm(
  { op, weight, bias, settings }: Normalization,
  x: Tensor,
  y: Tensor,
  { mean, inverseDeviation }: NormStatistics,
): Tensor {
  const c = x.shape.at(-1)!;
  const affine = weight === undefined || bias === undefined ? [] : [weight, bias];
  const result = record(op, [x, ...affine], y, [x, mean, inverseDeviation, ...affine], (dy, saved) => {
    const [x, mean, inverseDeviation, weight, bias] = saved as readonly [Tensor, Tensor, Tensor, Tensor?, Tensor?];
    if (isRecorded([dy, x, weight, bias])) return plainGradients(dy, x, weight, bias, settings);
    const dx = output(x, x.shape);
    const dweight = weight === undefined ? undefined : output(weight, [c]);
    const dbias = bias === undefined ? undefined : output(bias, [c]);
    x.device.kernels.normBackward(dy, x, weight, bias, mean, inverseDeviation, dx, dweight, dbias, settings);
    return [dx, dweight, dbias];
  });
  remember(result, [x, mean, inverseDeviation, ...affine], ([x, mean, inverseDeviation, weight, bias]) => {
    const y = output(x!, x!.shape);
    y.device.kernels.normAgain(x!, weight, bias, mean!, inverseDeviation!, y, settings);
    return y;
  });
  mean.dispose();
  inverseDeviation.dispose();
  return result;
}

function norm(op: string, x: Tensor, groups: number, options: NormOptions): Tensor {
  const normalization = checkNorm(op, x, x.shape, groups, options);
  const { weight, bias, settings } = normalization;
  const statistics = emptyStatistics(x, x.shape[0]!, settings);
  const y = output(x, x.shape);
  const { mean, inverseDeviation } = statistics;
  x.device.kernels.normForward(x, weight, bias, y, mean, inverseDeviation, settings);
  return recordNorm(normalization, x, y, statistics);
}

/**
 * The gradients of norm made of ops, in f32, so that they can be differentiated. With z the normalised values and u = dL/dz:
 * `dx = (u − mean(u) − z · mean(u · z)) / deviation`.
 */
function plainGradients(
  gradient: Tensor,
  input: Tensor,
  weight: Tensor | undefined,
  bias: Tensor | undefined,
  { groups, epsilon, slope }: NormSettings,
): readonly (Tensor | undefined)[] {
  const [dy, x] = [cast(gradient, 'f32'), cast(input, 'f32')];
  const [n, c] = [x.shape[0]!, x.shape.at(-1)!];
  const grouped = [n, x.size / (n * c), groups, c / groups];
  const perGroup = { axes: [1, 3], keepAxes: true };
  const split = reshape(x, grouped);
  const centred = sub(split, mean(split, perGroup));
  const inverse = rsqrt(shift(mean(square(centred), perGroup), epsilon));
  const z = mul(centred, inverse);
  const flatZ = reshape(z, x.shape);
  const before = weight === undefined || bias === undefined ? flatZ : add(mul(flatZ, weight), bias);
  const threshold = sub(before, before).detach();
  const gate = shift(scale(cast(greater(before, threshold), x.dtype), 1 - slope), slope);
  const inner = slope === 1 ? dy : mul(dy, gate);
  const u = reshape(weight === undefined ? inner : mul(inner, weight), grouped);
  const dx = mul(inverse, sub(sub(u, mean(u, perGroup)), mul(z, mean(mul(u, z), perGroup))));
  return [
    cast(reshape(dx, x.shape), input.dtype),
    weight === undefined ? undefined : sumTo(mul(inner, flatZ), [c]),
    bias === undefined ? undefined : sumTo(inner, [c]),
  ];
}
