/** `voxelgrad export-model` and `voxelgrad install-model`: nnUNetv2_export_model_to_zip, nnUNetv2_install_pretrained_model_from_zip. */
import { join } from 'node:path';
import { openFolder, writeFileAtomic } from '@voxelgrad/io/node';
import { VoxelgradError } from '@voxelgrad/tensor';
import {
  defaultPlans,
  defaultTrainer,
  modelFolderName,
  parseFold,
  standardConfigurations,
} from '../experiment/model-name.ts';
import { trainedModelFolder } from '../experiment/node/trained-models.ts';
import { encodeFold, type WeightFormat, weightFormats } from '../model-folder/export-weights.ts';
import { exportModels, installModels } from '../model-folder/node/exchange.ts';
import { openModel } from '../model-folder/open-model.ts';
import type { Fold } from '../splits/splits.ts';
import { defineCommand } from './command.ts';
import { onDevice } from './device-options.ts';
import { datasetName, rootFolder, rootOptions } from './folders.ts';
import { combinations, foldsOption, trainedOf } from './model-options.ts';
import { datasetOption, oneDataset } from './official-options.ts';

export const exportModel = defineCommand(
  {
    name: 'voxelgrad export-model',
    positionals: [{ name: 'dataset', help: 'Number or name of the data set.', optional: true }],
    options: {
      dataset: datasetOption,
      output: { type: 'string', short: 'o', required: true, placeholder: 'file', help: 'The file to write.' },
      format: {
        type: 'choice',
        choices: ['zip', ...weightFormats],
        default: 'zip',
        help: 'zip: whole models, to install. Of one fold of one configuration: pth, a checkpoint that nnU-Net opens; safetensors; onnx, a graph for ONNX runtimes.',
      },
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
      'voxelgrad export-model 4 -c 3d_fullres -f 0 --format onnx -o fold0.onnx',
    ],
  },
  async ({ options, positionals }, context) => {
    const identifier = oneDataset('voxelgrad export-model', positionals, options.dataset);
    const results = rootFolder('results', options, context);
    const name = await datasetName(identifier, [results]);
    const folds = options.folds.map(parseFold);
    const named = combinations([options.trainer], [options.plans], options.configurations ?? standardConfigurations);
    const models =
      options.strict && options.configurations === undefined
        ? trainedOf(named, join(results, name), folds, '', (line) => context.status.write(`${line}\n`))
        : named;
    if (options.strict) for (const model of models) await trainedModelFolder(join(results, name), model);
    if (options.format !== 'zip') {
      const [model, fold] = [onlyOne('configuration', '-c', models), onlyOne('fold', '-f', folds)];
      const folder = await trainedModelFolder(join(results, name), model);
      await exportFold(folder, fold, options.format, {
        ...options,
        checkpoint: onlyOne('file', '-chk', options.checkpoints),
      });
      context.print(options.output);
      return;
    }
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

/** Throws 'option' for none or several. */
function onlyOne<Item>(what: string, flag: string, items: readonly Item[]): Item {
  if (items.length === 1) return items[0]!;
  throw new VoxelgradError('option', {
    what: `voxelgrad export-model: ${what} to write`,
    expected: 'one',
    got: String(items.length),
    help: `Name it with ${flag}: a file of weights holds those of one network. --format zip holds several.`,
  });
}

async function exportFold(
  folder: string,
  fold: Fold,
  format: WeightFormat,
  { output, checkpoint }: { readonly output: string; readonly checkpoint: string },
): Promise<void> {
  const model = await openModel(await openFolder(folder), { checkpoint });
  await onDevice({ device: 'cpu', threads: undefined }, async (device) =>
    writeFileAtomic(output, await encodeFold(model, fold, format, device)),
  );
}

export const installModel = defineCommand(
  {
    name: 'voxelgrad install-model',
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
