/**
 * nnU-Net's online measure of progress: true and false positives and false negatives summed over all validation patches, one Dice for each class from
 * the sums ("pseudo", since patches are no whole cases). Counting happens on the device; only the sums come back.
 */
import { oneHot } from '@voxelgrad/nn';
import {
  add,
  argMax,
  cast,
  full,
  greater,
  keep,
  mul,
  narrow,
  neg,
  noGrad,
  notEqual,
  reshape,
  scalar,
  shift,
  stack,
  sum,
  type Tensor,
  tidy,
} from '@voxelgrad/tensor';

export class PseudoDice {
  readonly #regions: boolean;
  readonly #ignoreLabel: number | undefined;
  /** `[3, classes]`: overlap, predicted and true voxels. */
  #counts: Tensor | undefined;

  /**
   * With plain labels channel 0 is background and not counted; regions are channels of their own. Voxels of the ignore label do not count; with regions
   * the target's last channel marks them.
   */
  constructor(regions: boolean, ignoreLabel?: number) {
    this.#regions = regions;
    this.#ignoreLabel = ignoreLabel;
  }

  /** Counts one batch: logits `[n, …space, c]`, target labels `[n, …space]` or regions `[n, …space, c]`. */
  add(logits: Tensor, target: Tensor): void {
    const counts = noGrad(() =>
      tidy(() => {
        const [predicted, truth] = this.#counted(logits, target);
        const axes = predicted.shape.slice(0, -1).map((_, axis) => axis);
        const batch = stack([sum(mul(predicted, truth), { axes }), sum(predicted, { axes }), sum(truth, { axes })], 0);
        return this.#counts === undefined ? batch : add(this.#counts, batch);
      }),
    );
    this.#counts?.dispose();
    this.#counts = keep(counts);
  }

  /** What is predicted and what is true, `[n, …space, c]` of 0 and 1. */
  #counted(logits: Tensor, target: Tensor): readonly [Tensor, Tensor] {
    const ignore = this.#ignoreLabel;
    if (!this.#regions) {
      const [predicted, truth] = foreground(logits, target);
      if (ignore === undefined) return [predicted, truth];
      const annotated = cast(notEqual(target, scalar(ignore, { device: target.device, dtype: 'i32' })), 'f32');
      // The ignore label is above all classes, so that its voxels have no true class anyway.
      return [mul(predicted, reshape(annotated, [...target.shape, 1])), truth];
    }
    const predicted = overZero(logits);
    if (ignore === undefined) return [predicted, target];
    const regions = target.shape.at(-1)! - 1;
    const annotated = shift(neg(narrow(target, -1, regions, 1)), 1);
    return [mul(predicted, annotated), mul(narrow(target, -1, 0, regions), annotated)];
  }

  /** Forgets what was counted. */
  dispose(): void {
    this.#counts?.dispose();
    this.#counts = undefined;
  }

  /** Dice of each class; NaN where it neither was nor was predicted. Starts over. */
  async take(): Promise<number[]> {
    if (this.#counts === undefined) return [];
    const counts = this.#counts;
    this.#counts = undefined;
    const values = await counts.data();
    counts.dispose();
    const classes = values.length / 3;
    return Array.from(
      { length: classes },
      (_, c) => (2 * values[c]!) / (values[classes + c]! + values[2 * classes + c]!),
    );
  }
}

/** 1 where a region's logit means that it is there, else 0. */
export function overZero(logits: Tensor): Tensor {
  return cast(greater(logits, full(0, [], { device: logits.device })), 'f32');
}

function foreground(logits: Tensor, labels: Tensor): readonly [Tensor, Tensor] {
  const classes = logits.shape.at(-1)!;
  const hot = (indices: Tensor): Tensor => narrow(oneHot(indices, classes), -1, 1, classes - 1);
  return [hot(argMax(logits, -1)), hot(labels)];
}
