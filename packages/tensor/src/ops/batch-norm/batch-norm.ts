/**
 * Batch normalisation (Ioffe & Szegedy 2015), made of other ops. nnU-Net itself uses instance norm; models of other projects need this one.
 * Statistics are f32, and so is all that is computed with them.
 */
import { noGrad } from '../../autograd.ts';
import { sizeOf } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { cast } from '../copy/cast.ts';
import { add, mul, sub } from '../elementwise/elementwise.ts';
import { rsqrt, scale, shift, square } from '../elementwise/unary.ts';
import { checkDevice, checkDType, checkShapeIs } from '../operands.ts';
import { mean, variance } from '../reduce/reduce.ts';

/** The learnt affine map, the running statistics, and whether they are used or updated. */
export interface BatchNormOptions {
  /** All f32 `[c]`. */
  readonly weight: Tensor;
  readonly bias: Tensor;
  readonly runningMean: Tensor;
  readonly runningVariance: Tensor;
  /** True: normalise by the batch and update the running statistics; false: normalise by these. */
  readonly training: boolean;
  readonly momentum?: number;
  readonly epsilon?: number;
}

/** The normalised values, of the input's dtype, and the running statistics to keep. */
export interface BatchNormResult {
  readonly y: Tensor;
  /** The statistics after this batch (unbiased variance, as PyTorch); those given where it is not training. */
  readonly runningMean: Tensor;
  readonly runningVariance: Tensor;
}

/** Normalises `x [n, …space, c]` (f32 or f16) for each channel over all the rest. Throws 'shape' for weights or statistics that are not `[c]`. */
export function batchNorm(x: Tensor, options: BatchNormOptions): BatchNormResult {
  checkDType('batchNorm', x, ['f32', 'f16']);
  const { weight, bias, runningMean, runningVariance, training, momentum = 0.1, epsilon = 1e-5 } = options;
  for (const [name, operand] of Object.entries({ weight, bias, runningMean, runningVariance })) {
    checkDevice('batchNorm', x, operand);
    checkDType(`batchNorm: ${name}`, operand, ['f32']);
    checkShapeIs('batchNorm', name, operand, x.shape.slice(-1));
  }
  const axes = x.shape.slice(0, -1).map((_, axis) => axis);
  const values = cast(x, 'f32');
  const average = training ? mean(values, { axes }) : runningMean;
  const centred = sub(values, average);
  const spread = training ? mean(square(centred), { axes }) : runningVariance;
  const normalised = add(mul(mul(centred, rsqrt(shift(spread, epsilon))), weight), bias);
  const y = cast(normalised, x.dtype);
  if (!training) return { y, runningMean, runningVariance };
  return noGrad(() => {
    const correction = sizeOf(axes.map((axis) => x.shape[axis]!)) > 1 ? 1 : 0;
    const moved = (old: Tensor, now: Tensor): Tensor => add(scale(old, 1 - momentum), scale(now, momentum));
    return {
      y,
      runningMean: moved(runningMean, average),
      runningVariance: moved(runningVariance, variance(values.detach(), { axes, correction })),
    };
  });
}
