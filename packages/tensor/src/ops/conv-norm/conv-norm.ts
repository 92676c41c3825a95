/**
 * Convolution, instance norm and LeakyReLU as one unit. What it computes, records and keeps is what `instanceNorm(conv3d(…))` does; but a device that can
 * takes the norm's statistics from the convolution's results while it has them at hand, and need not read them once more.
 */
import { lowered } from '../../autocast.ts';
import { tidy } from '../../scope.ts';
import type { Tensor } from '../../tensor.ts';
import {
  type ConvOptions,
  checkConvolution,
  type Dimension,
  type Planar,
  recordConvolution,
  spatial,
  thicken,
} from '../conv3d/conv3d.ts';
import { checkNorm, emptyStatistics, type NormOptions, recordNorm } from '../instance-norm/instance-norm.ts';
import { checkRank, output, seenAs } from '../operands.ts';
import { deepen, flatten } from '../planar.ts';

/** Of the convolution, and of the norm and activation after it. */
export interface ConvNormOptions extends ConvOptions {
  readonly norm?: NormOptions;
}

/** `instanceNorm(conv3d(x, weight, options), options.norm)`: operands, errors and gradients are theirs. */
export function convNorm3d(x: Tensor, weight: Tensor, { norm, ...options }: ConvNormOptions = {}): Tensor {
  return tidy(() => convolveAndNormalize(lowered(x), lowered(weight), options, norm, 3));
}

/** `instanceNorm(conv2d(x, weight, options), options.norm)`. */
export function convNorm2d(x: Tensor, weight: Tensor, { norm, ...options }: Planar<ConvNormOptions> = {}): Tensor {
  checkRank('convNorm2d', 'x', x, 'n, h, w, c');
  checkRank('convNorm2d', 'weight', weight, 'kh, kw, in, out');
  return tidy(() => convolveAndNormalize(lowered(deepen(x)), lowered(thicken(weight)), spatial(options), norm, 2));
}

function convolveAndNormalize(
  x: Tensor,
  weight: Tensor,
  options: ConvOptions,
  norm: NormOptions = {},
  dimension: Dimension,
): Tensor {
  const op = `convNorm${dimension}d`;
  const convolution = checkConvolution(op, x, weight, options, dimension);
  const { bias, geometry, shape } = convolution;
  const normalization = checkNorm(op, x, shape, shape.at(-1)!, norm);
  const { settings } = normalization;
  const y = output(x, shape);
  const z = output(x, dimension === 3 ? shape : shape.toSpliced(1, 1));
  const statistics = emptyStatistics(x, shape[0]!, settings);
  const { mean, inverseDeviation } = statistics;
  const { weight: scale, bias: shift } = normalization;
  const { kernels } = x.device;
  kernels.conv3dNorm(x, weight, bias, y, geometry, scale, shift, seenAs(z, shape), mean, inverseDeviation, settings);
  const convolved = recordConvolution(convolution, y);
  return recordNorm(normalization, dimension === 3 ? convolved : flatten(convolved), z, statistics);
}
