/**
 * nnU-Net's training losses: soft Dice plus cross-entropy for labels, soft Dice plus binary cross-entropy for regions, and deep supervision, their
 * weighted sum over resolutions (nnunetv2/training/loss/{compound_losses,deep_supervision}.py, v2.8.1).
 */
import {
  add,
  arange,
  cast,
  equal,
  fromArray,
  gather,
  mul,
  narrow,
  neg,
  notEqual,
  reshape,
  scalar,
  scale,
  shift,
  sigmoid,
  softmax,
  Tensor,
  tidy,
} from '@voxelgrad/tensor';
import { binaryCrossEntropy, crossEntropy } from './cross-entropy.ts';
import { type DiceSettings, diceLoss } from './dice.ts';
import { binaryFocalLoss } from './focal.ts';

/** From logits `[n, …space, c]` (f32 or f16; losses are f32) and a target at the same resolution to one value. */
export type SegmentationLoss = (logits: Tensor, target: Tensor) => Tensor;

/** How the two parts weigh, and what is left out. */
export interface LabelLossSettings {
  /** Dice over the whole batch, as nnU-Net plans it for some configurations. */
  readonly batchDice?: boolean;
  /** Voxels with this label count for nothing. */
  readonly ignoreLabel?: number | undefined;
  readonly diceWeight?: number;
  readonly crossEntropyWeight?: number;
  readonly smooth?: number;
}

/** `[n, …space, classes]` f32 from integer labels `[n, …space]`; labels outside 0 … classes − 1 give zeros. */
export function oneHot(labels: Tensor, classes: number): Tensor {
  return tidy(() => {
    const column = reshape(cast(labels, 'i32'), [...labels.shape, 1]);
    return cast(equal(column, arange(classes, { device: labels.device })), 'f32');
  });
}

/** Soft Dice without background plus cross-entropy, for integer labels `[n, …space]`. Every voxel has one class. */
export function diceAndCrossEntropy(settings: LabelLossSettings = {}): SegmentationLoss {
  const { diceWeight = 1, crossEntropyWeight = 1, ignoreLabel } = settings;
  const dice: DiceSettings = { batch: settings.batchDice ?? false, background: false, smooth: settings.smooth ?? 1e-5 };
  return (output, labels) => {
    const logits = cast(output, 'f32');
    const target = oneHot(labels, logits.shape.at(-1)!);
    const mask = ignoreLabel === undefined ? undefined : counted(labels, ignoreLabel);
    const masked = mask === undefined ? target : mul(target, mask);
    return add(
      scale(diceLoss(softmax(logits), masked, dice, mask), diceWeight),
      scale(crossEntropy(logits, masked, mask), crossEntropyWeight),
    );
  };
}

export interface RegionLossSettings extends Omit<LabelLossSettings, 'ignoreLabel'> {
  /** The target has one more channel, 1 where voxels count for nothing. */
  readonly ignoreMask?: boolean;
  /** Focal loss with this exponent in place of cross-entropy. */
  readonly focalGamma?: number;
}

/** Soft Dice plus binary cross-entropy, for regions that may overlap: target `[n, …space, r]` of 0 and 1. */
export function diceAndBinaryCrossEntropy(settings: RegionLossSettings = {}): SegmentationLoss {
  const { diceWeight = 1, crossEntropyWeight = 1, ignoreMask = false, focalGamma } = settings;
  const dice: DiceSettings = { batch: settings.batchDice ?? false, background: true, smooth: settings.smooth ?? 1e-5 };
  return (output, target) => {
    const logits = cast(output, 'f32');
    const floats = cast(target, 'f32');
    const [regions, mask] = ignoreMask ? splitMask(floats) : [floats, undefined];
    return add(
      scale(diceLoss(sigmoid(logits), regions, dice, mask), diceWeight),
      scale(
        focalGamma === undefined
          ? binaryCrossEntropy(logits, regions, mask)
          : binaryFocalLoss(logits, regions, mask, focalGamma),
        crossEntropyWeight,
      ),
    );
  };
}

function splitMask(target: Tensor): readonly [Tensor, Tensor] {
  const r = target.shape.at(-1)! - 1;
  return [narrow(target, -1, 0, r), shift(neg(narrow(target, -1, r, 1)), 1)];
}

/** 1 where a voxel counts, `[n, …space, 1]`. */
function counted(labels: Tensor, ignoreLabel: number): Tensor {
  const column = reshape(cast(labels, 'i32'), [...labels.shape, 1]);
  return cast(notEqual(column, scalar(ignoreLabel, { device: labels.device, dtype: 'i32' })), 'f32');
}

/** nnU-Net's weights for `count` resolutions, finest first: halved each time, 0 for the coarsest, summing to 1. */
export function deepSupervisionWeights(count: number): number[] {
  const weights = Array.from({ length: count }, (_, i) => (i === count - 1 && count > 1 ? 0 : 0.5 ** i));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/**
 * The loss summed over the network's outputs (finest first) with weights, by default nnU-Net's. Targets are given for each output, or once, at full
 * resolution: then those of coarser outputs are made from it by taking the nearest voxel.
 */
export function deepSupervision(loss: SegmentationLoss, weights?: readonly number[]) {
  return (outputs: readonly Tensor[], targets: Tensor | readonly Tensor[]): Tensor => {
    const used = weights ?? deepSupervisionWeights(outputs.length);
    const terms = outputs.flatMap((logits, i) => {
      const weight = used[i] ?? 0;
      if (weight === 0) return [];
      const target = targets instanceof Tensor ? nearestTarget(targets, logits.shape.slice(1, -1)) : targets[i]!;
      return [scale(loss(logits, target), weight)];
    });
    return terms.reduce((total, term) => add(total, term));
  };
}

/**
 * Deep supervision of NVIDIA's nnU-Net (DeepLearningExamples, `NNUnet.compute_loss` with `--deep_supervision`): the finest output and `heads` coarser ones,
 * each scaled up to the target's resolution by the nearest voxel, with weights that are halved each time and sum to 1.
 */
export function upsampledSupervision(loss: SegmentationLoss, heads = 2) {
  return (outputs: readonly Tensor[], target: Tensor): Tensor => {
    const used = outputs.slice(0, heads + 1);
    const space = used[0]!.shape.slice(1, -1);
    const total = used.reduce((sum, _, i) => sum + 0.5 ** i, 0);
    const terms = used.map((logits, i) => scale(loss(nearestTarget(logits, space), target), 0.5 ** i / total));
    return terms.reduce((sum, term) => add(sum, term));
  };
}

/** A target `[n, …space]` or `[n, …space, r]` at another resolution, by torch's 'nearest-exact'. */
export function nearestTarget(target: Tensor, space: readonly number[]): Tensor {
  return space.reduce((result, extent, i) => {
    const full = result.shape[i + 1]!;
    if (full === extent) return result;
    const index = Int32Array.from({ length: extent }, (_, j) =>
      Math.min(full - 1, Math.floor((j + 0.5) * (full / extent))),
    );
    return gather(result, fromArray(index, [extent], { device: target.device }), i + 1);
  }, target);
}
