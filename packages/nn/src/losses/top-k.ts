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
  sum,
  type Tensor,
  tidy,
  where,
} from '@voxelgrad/tensor';

/** Halvings of the interval that holds the threshold: more than an f32 can tell apart. */
const BISECTIONS = 60;

/** The mean cross-entropy of the `percent` % of voxels (of the whole batch) where it is largest. `target` is one-hot `[n, …space, c]`. In f32. */
export function topKCrossEntropy(logits: Tensor, target: Tensor, percent: number): Tensor {
  const perVoxel = reshape(neg(sum(mul(logSoftmax(cast(logits, 'f32')), cast(target, 'f32')), { axes: -1 })), [-1]);
  const count = Math.floor((perVoxel.size * percent) / 100);
  const threshold = noGrad(() => largerThanAllButTop(perVoxel.detach(), count));
  const chosen = cast(greater(perVoxel, threshold), 'f32');
  return div(sum(mul(perVoxel, chosen)), sum(chosen));
}

/** The largest value that is smaller than the `count`-th largest one, found by bisection on the device. Values are ≥ 0. */
function largerThanAllButTop(values: Tensor, count: number): Tensor {
  return tidy(() => {
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
    return low;
  });
}
