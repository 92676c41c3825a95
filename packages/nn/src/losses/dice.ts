/**
 * The soft Dice loss of nnU-Net (`MemoryEfficientSoftDiceLoss` and `SoftDiceLoss`, nnunetv2/training/loss/dice.py, v2.8.1):
 * `−mean (2·TP + s) / max(Σtarget + Σprediction + s, 1e-8)`, so a perfect segmentation has −1.
 * Computed in f32, also from f16: a volume has more voxels than f16 can count.
 */
import {
  add,
  cast,
  clamp,
  div,
  mean,
  mul,
  narrow,
  neg,
  reshape,
  scale,
  shift,
  sum,
  type Tensor,
} from '@voxelgrad/tensor';

/** Over what Dice is taken, and how it is smoothed. */
export interface DiceSettings {
  /** Counts voxels over the whole batch, instead of for each sample. */
  readonly batch?: boolean;
  /** Whether channel 0 counts. True for regions, where it is no background. */
  readonly background?: boolean;
  readonly smooth?: number;
}

/**
 * `probabilities` and `target` are `[n, …space, c]` (target: one-hot or regions, 0 or 1); `mask [n, …space, 1]` is 0 where voxels do not count.
 */
export function diceLoss(
  probabilities: Tensor,
  target: Tensor,
  { batch = false, background = true, smooth = 1e-5 }: DiceSettings = {},
  mask?: Tensor,
): Tensor {
  const c = probabilities.shape.at(-1)!;
  const used = (x: Tensor): Tensor => cast(background ? x : narrow(x, -1, 1, c - 1), 'f32');
  const prediction = used(probabilities);
  const truth = used(target);
  const counted = (x: Tensor): Tensor => {
    const masked = mask === undefined ? x : mul(x, cast(mask, 'f32'));
    const flat = reshape(masked, [x.shape[0]!, -1, x.shape.at(-1)!]);
    return sum(flat, { axes: batch ? [0, 1] : [1] });
  };
  const overlap = counted(mul(prediction, truth));
  const numerator = shift(scale(overlap, 2), smooth);
  const denominator = clamp(shift(add(counted(truth), counted(prediction)), smooth), 1e-8, undefined);
  return neg(mean(div(numerator, denominator)));
}
