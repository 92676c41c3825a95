/** From a trainer's settings to what the training loop takes: the loss, the optimizer, the learning rate of an epoch. */
import type { Labels } from '@voxelgrad/io';
import {
  Adam,
  AdamW,
  Adan,
  cosine,
  cosineRestarts,
  deepSupervision,
  diceAndBinaryCrossEntropy,
  diceAndCrossEntropy,
  focalLoss,
  type LabelLossSettings,
  type Module,
  type Optimizer,
  oneHot,
  polynomial,
  type SegmentationLoss,
  Sgd,
  topKCrossEntropy,
  upsampledSupervision,
  warmUp,
  warmUpCosine,
} from '@voxelgrad/nn';
import { add, cast, type Tensor, VoxelgradError } from '@voxelgrad/tensor';
import type { TrainerSettings } from './trainer-settings.ts';

/** The loss for all outputs, finest first; without deep supervision of the finest alone. */
export function criterionFor(
  { loss, deepSupervision: supervised, smooth }: TrainerSettings,
  labels: Labels,
  batchDice: boolean,
): (outputs: readonly Tensor[], target: Tensor) => Tensor {
  const dice = { batchDice, ...(smooth === false ? { smooth: 0 } : {}) };
  const single = labels.regions ? regionLoss(loss, labels, dice) : labelLoss(loss, labels, dice);
  if (supervised === 'upsampled') return upsampledSupervision(single);
  return supervised ? deepSupervision(single) : deepSupervision(single, [1]);
}

type DiceChoice = Pick<LabelLossSettings, 'batchDice' | 'smooth'>;

function regionLoss(loss: TrainerSettings['loss'], labels: Labels, dice: DiceChoice): SegmentationLoss {
  const ignoreMask = labels.ignore !== undefined;
  const weights = { 'dice-ce': [1, 1], dice: [1, 0], ce: [0, 1], 'dice-focal': [1, 1] } as const;
  if (!(loss in weights))
    throw new VoxelgradError('option', {
      what: 'loss for regions',
      expected: Object.keys(weights).join(', '),
      got: loss,
    });
  const [diceWeight, crossEntropyWeight] = weights[loss as keyof typeof weights];
  const focal = loss === 'dice-focal' ? { focalGamma: 2 } : {};
  return diceAndBinaryCrossEntropy({ ...dice, ...focal, ignoreMask, diceWeight, crossEntropyWeight });
}

function labelLoss(loss: TrainerSettings['loss'], labels: Labels, choice: DiceChoice): SegmentationLoss {
  const ignoreLabel = labels.ignore;
  switch (loss) {
    case 'dice-ce':
      return diceAndCrossEntropy({ ...choice, ignoreLabel });
    case 'dice':
      return diceAndCrossEntropy({ ...choice, ignoreLabel, crossEntropyWeight: 0 });
    case 'ce':
      return diceAndCrossEntropy({ ...choice, ignoreLabel, diceWeight: 0 });
  }
  if (ignoreLabel !== undefined)
    throw new VoxelgradError('option', {
      what: 'loss for labels with an ignore label',
      expected: 'dice-ce, dice or ce',
      got: loss,
    });
  const dice = diceAndCrossEntropy({ ...choice, crossEntropyWeight: 0 });
  const hardest = onOneHot((logits, target) => topKCrossEntropy(logits, target, 10));
  if (loss === 'topk') return hardest;
  const further = loss === 'dice-topk' ? hardest : onOneHot((logits, target) => focalLoss(logits, target));
  return (logits, target) => add(dice(logits, target), further(logits, target));
}

const onOneHot =
  (loss: SegmentationLoss): SegmentationLoss =>
  (output, labels) => {
    const logits = cast(output, 'f32');
    return loss(logits, oneHot(labels, logits.shape.at(-1)!));
  };

/** With loss scaling for mixed precision. */
export function optimizerFor(network: Module, settings: TrainerSettings, lossScaling: boolean): Optimizer {
  const { learningRate, weightDecay, momentum, maximumNorm, amsgrad = false } = settings;
  const shared = { learningRate, weightDecay, maximumNorm, lossScaling };
  const parameters = network.parameters();
  switch (settings.optimizer) {
    case 'sgd':
      return new Sgd(parameters, { ...shared, momentum, nesterov: momentum > 0 });
    case 'adam':
      return new Adam(parameters, { ...shared, amsgrad });
    case 'adamw':
      return new AdamW(parameters, { ...shared, amsgrad });
    case 'adan':
      return new Adan(parameters, shared);
  }
}

/** Of NVIDIA's schedule: iterations from one start of the cosine to the next, and its floor (`CosineAnnealingWarmRestarts(4096, eta_min=8e-5)`). */
export const restartPeriod = 4096;
export const restartFloor = 8e-5;

/** Iterations of the rise in NVIDIA's schedule of 2021 (`WarmupCosineSchedule(warmup_steps=250)`). */
export const risingIterations = 250;

/** The learning rate of an epoch; of NVIDIA's schedules, which count iterations, that of an iteration counted over the whole run. */
export function learningRateFor(
  settings: TrainerSettings,
): (epoch: number, epochs: number, iteration: number) => number {
  const { learningRate, warmUpEpochs, schedule, iterationsPerEpoch } = settings;
  const after = (epoch: number, epochs: number, iteration: number): number => {
    switch (schedule) {
      case 'poly':
        return polynomial(learningRate, epoch, epochs);
      case 'cosine':
        return cosine(learningRate, epoch, epochs);
      case 'cosine-restarts':
        return cosineRestarts(learningRate, iteration, restartPeriod, Math.min(restartFloor, learningRate));
      case 'cosine-warm-up': {
        // An epoch that is ahead of the iterations stands for a clock that is.
        const step = Math.max(iteration, epoch * iterationsPerEpoch);
        return warmUpCosine(learningRate, step, risingIterations, epochs * iterationsPerEpoch);
      }
      case 'constant':
        return learningRate;
    }
  };
  return (epoch, epochs, iteration) =>
    warmUp(learningRate, epoch, warmUpEpochs, (since) =>
      after(since, Math.max(1, epochs - warmUpEpochs), iteration - warmUpEpochs * iterationsPerEpoch),
    );
}
