/** Cross-entropy over channels, and binary cross-entropy for regions, both from logits. Computed in f32, also from f16. */
import {
  abs,
  add,
  cast,
  clamp,
  div,
  logSoftmax,
  mean,
  mul,
  neg,
  scale,
  softplus,
  sub,
  sum,
  type Tensor,
} from '@voxelgrad/tensor';

/**
 * The mean over voxels of `−Σ target · log softmax(logits)`; `logits` and one-hot `target` are `[n, …space, c]`. With `mask [n, …space, 1]` the
 * mean is over voxels where it is 1, and 0 if there are none.
 */
export function crossEntropy(logits: Tensor, target: Tensor, mask?: Tensor): Tensor {
  const perVoxel = neg(sum(mul(logSoftmax(cast(logits, 'f32')), cast(target, 'f32')), { axes: -1, keepAxes: true }));
  return mask === undefined ? mean(perVoxel) : maskedMean(perVoxel, mask);
}

/** The mean over voxels and regions of the binary cross-entropy of `sigmoid(logits)`, `max(x, 0) − x·t + ln(1 + e^−|x|)`. */
export function binaryCrossEntropy(logits: Tensor, target: Tensor, mask?: Tensor): Tensor {
  const x = cast(logits, 'f32');
  const magnitude = abs(x);
  // Not relu(x), whose slope at 0 would have to be one half.
  const positive = scale(add(x, magnitude), 0.5);
  const perVoxel = add(sub(positive, mul(x, cast(target, 'f32'))), softplus(neg(magnitude)));
  return mask === undefined ? mean(perVoxel) : maskedMean(perVoxel, mask);
}

/** As nnU-Net: the sum over masked voxels divided by their number, at least 1e-8. */
export function maskedMean(values: Tensor, mask: Tensor): Tensor {
  const counts = cast(mask, 'f32');
  return div(sum(mul(values, counts)), clamp(sum(counts), 1e-8, undefined));
}
