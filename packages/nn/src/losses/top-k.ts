/** Cross-entropy of the hardest voxels only (nnU-Net's `TopKLoss`, Wu et al. 2016). */
import {
  add,
  cast,
  div,
  full,
  greater,
  greaterEqual,
  logSoftmax,
  max,
  mul,
  neg,
  noGrad,
  reshape,
  scale,
  shift,
  sub,
  sum,
  type Tensor,
  tidy,
  where,
} from '@voxelgrad/tensor';

/** Halvings of the interval that holds the threshold: more than an f32 can tell apart. */
const BISECTIONS = 60;

/**
 * The mean cross-entropy of the `percent` % of voxels (of the whole batch) where it is largest. `target` is one-hot `[n, …space, c]`. In f32. Of voxels
 * that are equally hard at the threshold only as many count as are wanted, as with torch.topk; they share what gradient those get.
 */
export function topKCrossEntropy(logits: Tensor, target: Tensor, percent: number): Tensor {
  const perVoxel = reshape(neg(sum(mul(logSoftmax(cast(logits, 'f32')), cast(target, 'f32')), { axes: -1 })), [-1]);
  const count = Math.floor((perVoxel.size * percent) / 100);
  const weights = noGrad(() => tidy(() => shares(perVoxel.detach(), count)));
  return scale(sum(mul(perVoxel, weights)), 1 / count);
}

/** By how much each value is one of the `count` largest: 1 above the smallest of these, a share where equal to it, 0 below. */
function shares(values: Tensor, count: number): Tensor {
  const { low, high } = aroundCountLargest(values, count);
  const above = cast(greater(values, high), 'f32');
  const equal = sub(cast(greater(values, low), 'f32'), above);
  const missing = shift(neg(sum(above)), count);
  return add(above, mul(equal, div(missing, sum(equal))));
}

/** Two neighbouring numbers, `low` < the `count`-th largest value ≤ `high`, found by bisection on the device. Values are ≥ 0. */
function aroundCountLargest(values: Tensor, count: number): { readonly low: Tensor; readonly high: Tensor } {
  const { device } = values;
  const wanted = full(count, [], { device });
  let low: Tensor = full(-1, [], { device });
  let high = max(values);
  for (let i = 0; i < BISECTIONS; i++) {
    const middle = scale(add(low, high), 0.5);
    const enough = greaterEqual(sum(cast(greater(values, middle), 'f32')), wanted);
    low = where(enough, middle, low);
    high = where(enough, high, middle);
  }
  return { low, high };
}
