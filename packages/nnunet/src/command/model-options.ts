/** Options that choose among trained models, as nnU-Net's commands have them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { VoxelgradError } from '@voxelgrad/tensor';
import { defaultPlans, defaultTrainer, type ModelName, modelFolderName } from '../experiment/model-name.ts';
import type { Fold } from '../splits/splits.ts';
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

/** Every combination of trainers, plans and configurations, in nnU-Net's order, which the names of ensembles show. */
export const combinations = (
  trainers: readonly string[],
  plans: readonly string[],
  configurations: readonly string[],
): ModelName[] =>
  trainers.flatMap((trainer) =>
    configurations.flatMap((configuration) => plans.map((plan) => ({ trainer, plans: plan, configuration }))),
  );

/**
 * Those models of which all folds have a folder, or a folder within that; which others are trained in part, `remark` is told. Throws 'dataset' where there is
 * none.
 */
export function trainedOf(
  models: readonly ModelName[],
  resultsFolder: string,
  folds: readonly Fold[],
  within: string,
  remark: (line: string) => void,
): ModelName[] {
  const foldsOf = (model: ModelName): readonly Fold[] =>
    folds.filter((fold) => existsSync(join(resultsFolder, modelFolderName(model), `fold_${fold}`, within)));
  const trained = models.filter((model) => foldsOf(model).length === folds.length);
  for (const model of models) {
    const found = foldsOf(model);
    if (found.length > 0 && !trained.includes(model))
      remark(
        `left out: ${modelFolderName(model)}, ${within === '' ? 'trained' : 'validated'} on fold${found.length === 1 ? '' : 's'} ${found.join(', ')} only (-f ${found.join(' ')} takes it in)`,
      );
  }
  if (trained.length > 0) return trained;
  throw new VoxelgradError('dataset', {
    what: resultsFolder,
    expected: `a model with ${within === '' ? 'folders' : `${within} predictions`} of the folds ${folds.join(', ')}`,
    got: 'none',
    help: 'Train all folds first, or name the trainer, plans, configurations and folds that are trained.',
  });
}
