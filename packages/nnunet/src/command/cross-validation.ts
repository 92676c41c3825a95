/** `voxelgrad accumulate-crossval` and `voxelgrad find-best-configuration`: what the folds of a data set say together. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { VoxelgradError } from '@voxelgrad/tensor';
import {
  defaultPlans,
  defaultTrainer,
  parseFold,
  shortNames,
  standardConfigurations,
} from '../experiment/model-name.ts';
import { trainedModelFolder } from '../experiment/node/trained-models.ts';
import { formatDice, formatTable } from '../report/table.ts';
import { accumulateCrossValidation } from '../select/node/accumulate.ts';
import { findBestConfiguration } from '../select/node/find-best.ts';
import { ProgressSteps } from '../terminal/progress-steps.ts';
import { type CommandContext, defineCommand } from './command.ts';
import { readDescription } from './data-set-labels.ts';
import { datasetFolder, rootFolder, rootOptions } from './folders.ts';
import { combinations, foldsOption, modelOptions, trainedOf } from './model-options.ts';
import { processesOption, progressOption } from './official-options.ts';

const dataset = { name: 'dataset', help: 'Number or name of the data set.' } as const;

const roots = { preprocessed: rootOptions.preprocessed, results: rootOptions.results };

/** Where the models of a data set are, and the truth of its training cases. */
async function foldersOf(
  identifier: string,
  options: { readonly preprocessed?: string | undefined; readonly results?: string | undefined },
  context: CommandContext,
) {
  const preprocessedFolder = await datasetFolder(identifier, () => rootFolder('preprocessed', options, context));
  const datasetName = basename(preprocessedFolder);
  const description = await readDescription(join(preprocessedFolder, 'dataset.json'), []);
  return {
    datasetName,
    resultsFolder: join(rootFolder('results', options, context), datasetName),
    referenceFolder: join(preprocessedFolder, 'gt_segmentations'),
    labels: description.labels,
    fileEnding: description.fileEnding,
  };
}

export const accumulateCrossval = defineCommand(
  {
    name: 'voxelgrad accumulate-crossval',
    positionals: [dataset],
    options: {
      ...modelOptions,
      output: {
        type: 'string',
        short: 'o',
        placeholder: 'folder',
        help: 'Where to, an empty folder or a new one; beside the folds unless told.',
      },
      processes: processesOption,
      progress: progressOption,
      ...roots,
    },
    examples: ['voxelgrad accumulate-crossval 4 -c 3d_fullres'],
  },
  async ({ options, positionals }, context) => {
    const folders = await foldersOf(positionals[0]!, options, context);
    if (options.output !== undefined) await expectEmpty(options.output);
    const steps = new ProgressSteps(context.status);
    steps.step('scoring');
    const { folder, summary } = await accumulateCrossValidation({
      ...folders,
      ...(options.progress ? { onCase: (name, cases) => steps.advance(name, cases) } : {}),
      modelFolder: await trainedModelFolder(folders.resultsFolder, options),
      folds: options.folds.map(parseFold),
      output: options.output,
      signal: context.signal,
    });
    steps.finish();
    context.print(`${summary.metric_per_case.length} cases, mean Dice ${formatDice(summary.foreground_mean.Dice)}`);
    context.print(folder);
  },
);

/** What is merged replaces what the folder held. */
async function expectEmpty(folder: string): Promise<void> {
  if (!existsSync(folder) || (await readdir(folder)).length === 0) return;
  throw new VoxelgradError('file', {
    what: folder,
    expected: 'an empty folder, or none',
    got: 'files in it',
    help: 'Name another folder, or empty it.',
  });
}

export const findBest = defineCommand(
  {
    name: 'voxelgrad find-best-configuration',
    positionals: [dataset],
    options: {
      plans: { type: 'list', short: 'p', many: true, default: [defaultPlans], help: 'Plans to consider.' },
      configurations: {
        type: 'list',
        short: 'c',
        many: true,
        help: `Configurations to consider; of ${standardConfigurations.join(', ')} those that are trained unless told.`,
      },
      trainers: {
        type: 'list',
        aliases: ['-tr'],
        many: true,
        default: [defaultTrainer],
        help: 'Trainers to consider.',
      },
      folds: foldsOption,
      ensembling: {
        type: 'boolean',
        default: true,
        negations: ['--disable_ensembling'],
        help: 'Also consider ensembles of two.',
      },
      overwrite: {
        type: 'boolean',
        default: true,
        negations: ['--no_overwrite'],
        help: 'Make merged and ensembled predictions again that are there already.',
      },
      processes: processesOption,
      progress: progressOption,
      ...roots,
    },
    examples: ['voxelgrad find-best-configuration 4', 'voxelgrad find-best-configuration 4 -c 2d 3d_fullres -f 0 1'],
  },
  async ({ options, positionals }, context) => {
    const folders = await foldersOf(positionals[0]!, options, context);
    const folds = options.folds.map(parseFold);
    const named = combinations(options.trainers, options.plans, options.configurations ?? standardConfigurations);
    const models =
      options.configurations === undefined
        ? trainedOf(named, folders.resultsFolder, folds, 'validation', (line) => context.status.write(`${line}\n`))
        : named;
    const steps = new ProgressSteps(context.status);
    const found = await findBestConfiguration({
      ...folders,
      models,
      folds,
      ensembles: options.ensembling,
      overwrite: options.overwrite,
      signal: context.signal,
      ...(options.progress
        ? { onStep: (what) => steps.step(what), onCase: (name, cases) => steps.advance(name, cases) }
        : {}),
    });
    steps.finish();
    const nameOf = shortNames(models);
    context.print(
      formatTable({
        header: ['model', 'mean Dice'],
        rows: found.candidates.map((candidate) => [nameOf(candidate.models), formatDice(candidate.dice)]),
        footer: [['best, after postprocessing', formatDice(found.diceAfterPostprocessing)]],
      }),
    );
    context.print(`\n${found.instructions}`);
    context.print(join(folders.resultsFolder, 'inference_instructions.txt'));
  },
);
