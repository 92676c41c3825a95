/** Options that choose among trained models, as nnU-Net's commands have them. */
import { defaultPlans, defaultTrainer, type ModelName } from '../experiment/model-name.ts';
import type { OptionSpecs } from '../terminal/option-spec.ts';

export const foldsOption = {
  type: 'list',
  short: 'f',
  many: true,
  default: ['0', '1', '2', '3', '4'],
  help: 'Folds.',
} as const;

/** One model. */
export const modelOptions = {
  trainer: { type: 'string', aliases: ['-tr'], default: defaultTrainer, help: 'Trainer of the model.' },
  plans: { type: 'string', short: 'p', default: defaultPlans, help: 'Plans of the model.' },
  configuration: { type: 'string', short: 'c', required: true, help: 'Configuration of the model.' },
  folds: foldsOption,
} as const satisfies OptionSpecs;

/** Every combination of trainers, plans and configurations. */
export const combinations = (
  trainers: readonly string[],
  plans: readonly string[],
  configurations: readonly string[],
): ModelName[] =>
  plans.flatMap((plan) =>
    configurations.flatMap((configuration) => trainers.map((trainer) => ({ trainer, plans: plan, configuration }))),
  );
