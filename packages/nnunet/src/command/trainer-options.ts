/** Options that change single numbers of a trainer. */
import { augmentations, losses, optimizers, schedules, type TrainerSettings } from '../experiment/trainer-settings.ts';
import type { OptionSpecs, OptionValues } from '../terminal/option-spec.ts';

export const trainerOptions = {
  epochs: { type: 'integer', minimum: 1, help: 'Epochs; 1000 as nnU-Net unless the trainer has others.' },
  iterations: { type: 'integer', minimum: 1, help: 'Iterations of an epoch; 250 unless the trainer has others.' },
  validationIterations: { type: 'integer', minimum: 0, help: 'Validation patches after an epoch, in batches; 50.' },
  optimizer: { type: 'choice', choices: optimizers, help: 'How weights are updated.' },
  learningRate: { type: 'number', minimum: 0, help: 'Learning rate at the start.' },
  weightDecay: { type: 'number', minimum: 0, help: 'Weight decay.' },
  schedule: {
    type: 'choice',
    choices: schedules,
    help: "How the learning rate falls. NVIDIA's two go by iterations: cosine-restarts begins anew every 4096, cosine-warm-up, its first, rises from 0 over 250.",
  },
  warmUp: { type: 'integer', minimum: 0, help: 'Epochs in which the learning rate rises first.' },
  augmentation: { type: 'choice', choices: augmentations, help: 'How patches are varied.' },
  loss: { type: 'choice', choices: losses, help: 'What is minimised.' },
} as const satisfies OptionSpecs;

/** The trainer with what was asked for instead. */
export function withOptions(settings: TrainerSettings, options: OptionValues<typeof trainerOptions>): TrainerSettings {
  const changed: Partial<TrainerSettings> = Object.fromEntries(
    Object.entries({
      epochs: options.epochs,
      iterationsPerEpoch: options.iterations,
      validationIterations: options.validationIterations,
      optimizer: options.optimizer,
      learningRate: options.learningRate,
      weightDecay: options.weightDecay,
      schedule: options.schedule,
      warmUpEpochs: options.warmUp,
      augmentation: options.augmentation,
      loss: options.loss,
    } satisfies { [Key in keyof TrainerSettings]?: TrainerSettings[Key] | undefined }).filter(
      ([, value]) => value !== undefined,
    ),
  );
  return { ...settings, ...changed };
}
