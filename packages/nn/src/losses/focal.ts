/** Focal loss (Lin et al. 2017) and Tversky loss (Salehi et al. 2017): for classes that are rare or whose misses weigh more than false alarms. In f32, also from f16. */
import {
  add,
  cast,
  clamp,
  div,
  exp,
  logSoftmax,
  mean,
  mul,
  narrow,
  neg,
  pow,
  reshape,
  scale,
  shift,
  softplus,
  sub,
  sum,
  type Tensor,
} from '@voxelgrad/tensor';
import { maskedMean } from './cross-entropy.ts';

/** Less than what f32 has between 1 and the number before it: 1 − p is larger, or exactly 0, where powers below 1 have an infinite slope. */
const SMALLEST_MISSING = 2 ** -25;

/** The mean over voxels of `−(1 − p)^gamma · ln p`, p the probability of the true class; `target` is one-hot `[n, …space, c]`. */
export function focalLoss(logits: Tensor, target: Tensor, gamma = 2): Tensor {
  const logProbability = sum(mul(logSoftmax(cast(logits, 'f32')), cast(target, 'f32')), { axes: -1 });
  const missing = clamp(shift(neg(exp(logProbability)), 1), SMALLEST_MISSING, undefined);
  return neg(mean(mul(pow(missing, gamma), logProbability)));
}

/**
 * The mean over voxels and regions of `−(1 − p)^gamma · ln p`, p the probability that `sigmoid(logits)` gives to what `target` says, 1 or 0; both are
 * `[n, …space, r]`. `mask` as of `binaryCrossEntropy`. NVIDIA's for BraTS, with `--focal` (MONAI's FocalLoss).
 */
export function binaryFocalLoss(logits: Tensor, target: Tensor, mask?: Tensor, gamma = 2): Tensor {
  const margin = mul(cast(logits, 'f32'), shift(scale(cast(target, 'f32'), 2), -1));
  // 1 − p = e^−softplus(margin): its powers have no infinite slope, as those of the difference have.
  const perVoxel = mul(exp(scale(softplus(margin), -gamma)), softplus(neg(margin)));
  return mask === undefined ? mean(perVoxel) : maskedMean(perVoxel, mask);
}

/** How false positives and false negatives weigh. */
export interface TverskySettings {
  /** Weight of false positives. With both at one half this is the Dice loss. */
  readonly alpha?: number;
  /** Weight of false negatives. */
  readonly beta?: number;
  readonly background?: boolean;
  readonly smooth?: number;
}

/** `−mean (TP + s) / (TP + alpha·FP + beta·FN + s)` over samples and channels; arguments as of the Dice loss. */
export function tverskyLoss(
  probabilities: Tensor,
  target: Tensor,
  { alpha = 0.5, beta = 0.5, background = true, smooth = 1e-5 }: TverskySettings = {},
): Tensor {
  const c = probabilities.shape.at(-1)!;
  const used = (x: Tensor): Tensor => cast(background ? x : narrow(x, -1, 1, c - 1), 'f32');
  const counted = (x: Tensor): Tensor => sum(reshape(x, [x.shape[0]!, -1, x.shape.at(-1)!]), { axes: 1 });
  const [prediction, truth] = [used(probabilities), used(target)];
  const overlap = counted(mul(prediction, truth));
  const falsePositive = sub(counted(prediction), overlap);
  const falseNegative = sub(counted(truth), overlap);
  const weighted = add(overlap, add(scale(falsePositive, alpha), scale(falseNegative, beta)));
  return neg(mean(div(shift(overlap, smooth), shift(weighted, smooth))));
}
