/** `voxelgrad export-model` and `voxelgrad install-model`: nnUNetv2_export_model_to_zip, nnUNetv2_install_pretrained_model_from_zip. */
import { join } from 'node:path';
import {
  defaultPlans,
  defaultTrainer,
  modelFolderName,
  parseFold,
  standardConfigurations,
} from '../experiment/model-name.ts';
import { exportModels, installModels } from '../model-folder/node/exchange.ts';
import { defineCommand } from './command.ts';
import { datasetName, rootFolder, rootOptions } from './folders.ts';
import { combinations, foldsOption, trainedOf } from './model-options.ts';
import { datasetOption, oneDataset } from './official-options.ts';

export const exportModel = defineCommand(
  {
    name: 'voxelgrad export-model',
    summary: 'Packs trained models of a data set into one ZIP, for others to install.',
    positionals: [{ name: 'dataset', help: 'Number or name of the data set.', optional: true }],
    options: {
      dataset: datasetOption,
      output: { type: 'string', short: 'o', required: true, placeholder: 'file', help: 'The ZIP to write.' },
      configurations: {
        type: 'list',
        short: 'c',
        many: true,
        help: 'Configurations; those that are trained unless told.',
      },
      trainer: { type: 'string', aliases: ['-tr'], default: defaultTrainer, help: 'Trainer of the models.' },
      plans: { type: 'string', short: 'p', default: defaultPlans, help: 'Plans of the models.' },
      folds: foldsOption,
      checkpoints: {
        type: 'list',
        aliases: ['-chk'],
        many: true,
        default: ['checkpoint_final.pth'],
        help: 'Files with weights, of each fold.',
      },
      strict: {
        type: 'boolean',
        default: true,
        negations: ['--not_strict'],
        help: 'Refuse where a configuration or a fold that was named is not trained; else leave it out.',
      },
      crossvalPredictions: {
        type: 'boolean',
        aliases: ['--exp_cv_preds'],
        help: 'Pack the predictions of the cross-validation too.',
      },
      results: rootOptions.results,
    },
    examples: [
      'voxelgrad export-model 4 -o hippocampus.zip',
      'voxelgrad export-model 4 -c 3d_fullres -f 0 -o fold0.zip',
    ],
  },
  async ({ options, positionals }, context) => {
    const identifier = oneDataset('voxelgrad export-model', positionals, options.dataset);
    const results = rootFolder('results', options, context);
    const name = await datasetName(identifier, [results]);
    const folds = options.folds.map(parseFold);
    const named = combinations([options.trainer], [options.plans], options.configurations ?? standardConfigurations);
    const models =
      options.strict && options.configurations === undefined ? trainedOf(named, join(results, name), folds, '') : named;
    const files = await exportModels(options.output, {
      results,
      datasetName: name,
      models,
      folds,
      checkpoints: options.checkpoints,
      strict: options.strict,
      crossValidationPredictions: options.crossvalPredictions,
    });
    const packed = models.filter((model) => files.some((file) => file.includes(`/${modelFolderName(model)}/`)));
    context.print(`${files.length} files of ${packed.map(({ configuration }) => configuration).join(', ')}`);
    context.print(options.output);
  },
);

export const installModel = defineCommand(
  {
    name: 'voxelgrad install-model',
    summary: 'Unpacks models that were exported to a ZIP, here or by nnU-Net.',
    positionals: [{ name: 'zip', help: 'The file.' }],
    options: {
      overwrite: { type: 'boolean', help: 'Replace the files of models that are there already.' },
      results: rootOptions.results,
    },
    examples: ['voxelgrad install-model hippocampus.zip'],
  },
  async ({ options, positionals }, context) => {
    const results = rootFolder('results', options, context);
    for (const model of await installModels(positionals[0]!, results, options.overwrite))
      context.print(join(results, model));
  },
);
