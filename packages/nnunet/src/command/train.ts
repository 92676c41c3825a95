/** `voxelgrad train`: nnUNetv2_train, and what its users asked for: epochs, iterations, patience, a time budget, a seed. */
import { copyFile, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { openFile } from '@voxelgrad/io/node';
import { defaultPlans, defaultTrainer, modelFolderName, parseFold } from '../experiment/model-name.ts';
import { openFold, openPreprocessed, type PreprocessedDataSet } from '../experiment/node/preprocessed.ts';
import { saveModel } from '../experiment/node/save-model.ts';
import { type FoldResult, trainFold } from '../experiment/node/train-fold.ts';
import { loadPretrained } from '../experiment/pretrained.ts';
import {
  augmentations,
  losses,
  optimizers,
  schedules,
  type TrainerSettings,
  trainerNames,
  trainerSettings,
} from '../experiment/trainer-settings.ts';
import type { OptionSpecs, OptionValues } from '../terminal/option-spec.ts';
import { Progress } from '../terminal/progress.ts';
import { meanDice } from '../train/history.ts';
import { defineCommand } from './command.ts';
import { deviceOptions, onDevice } from './device-options.ts';
import { datasetFolder, datasetName, rootFolder, rootOptions } from './folders.ts';

/** Each changes one number of the trainer. */
const overrides = {
  epochs: { type: 'integer', minimum: 1, help: 'Epochs; 1000 as nnU-Net unless the trainer has others.' },
  iterations: { type: 'integer', minimum: 1, help: 'Iterations of an epoch; 250 unless the trainer has others.' },
  validationIterations: { type: 'integer', minimum: 0, help: 'Validation patches after an epoch, in batches; 50.' },
  optimizer: { type: 'choice', choices: optimizers, help: 'How weights are updated.' },
  learningRate: { type: 'number', minimum: 0, help: 'Learning rate at the start.' },
  weightDecay: { type: 'number', minimum: 0, help: 'Weight decay.' },
  schedule: { type: 'choice', choices: schedules, help: 'How the learning rate falls.' },
  warmUp: { type: 'integer', minimum: 0, help: 'Epochs in which the learning rate rises first.' },
  augmentation: { type: 'choice', choices: augmentations, help: 'How patches are varied.' },
  loss: { type: 'choice', choices: losses, help: 'What is minimised.' },
} as const satisfies OptionSpecs;

export const train = defineCommand(
  {
    name: 'voxelgrad train',
    summary: 'Trains one fold of one configuration.',
    positionals: [
      { name: 'dataset', help: 'Number or name of the data set.' },
      { name: 'configuration', help: '2d, 3d_fullres, 3d_lowres or another of the plans.' },
      { name: 'fold', help: '0, 1, 2, 3, 4, or all.' },
    ],
    options: {
      trainer: {
        type: 'string',
        aliases: ['-tr'],
        default: defaultTrainer,
        help: `How to train: ${trainerNames.join(', ')}; each with _20epochs and the like behind it.`,
      },
      plans: { type: 'string', short: 'p', default: defaultPlans, help: 'Name of the plans.' },
      resume: { type: 'boolean', short: 'c', aliases: ['--c'], help: 'Go on with the last checkpoint.' },
      ...overrides,
      patience: { type: 'integer', minimum: 1, help: 'Stop after so many epochs without a better pseudo Dice.' },
      timeBudget: {
        type: 'number',
        minimum: 0,
        placeholder: 'minutes',
        help: 'Stop training after so many minutes; the learning rate falls with the clock where that is ahead.',
      },
      checkpointInterval: {
        type: 'number',
        minimum: 0,
        default: 60,
        placeholder: 'seconds',
        help: 'Least time between checkpoints, which are written at the end of an epoch.',
      },
      pretrainedWeights: {
        type: 'string',
        aliases: ['-pretrained_weights'],
        placeholder: 'file',
        help: 'Start from the weights of another model (.pth, .safetensors), but for its output layers.',
      },
      seed: { type: 'integer', minimum: 0, default: 1, help: 'Seed of everything random.' },
      amp: { type: 'boolean', help: 'Mixed precision: f16 convolutions, on devices that have f16.' },
      gradientCheckpointing: {
        type: 'boolean',
        help: 'Less memory for more time: activations are computed again in the backward pass.',
      },
      ...deviceOptions,
      raw: rootOptions.raw,
      preprocessed: rootOptions.preprocessed,
      results: rootOptions.results,
      progress: { type: 'boolean', default: true, help: 'Show progress.' },
    },
    examples: [
      'voxelgrad train 4 3d_fullres 0',
      'voxelgrad train 4 3d_fullres 0 -tr voxelgradTrainerAdam --epochs 20 --iterations 50',
      'voxelgrad train 4 3d_fullres all --time-budget 120 -c',
    ],
  },
  async ({ options, positionals }, context) => {
    const [identifier, configuration, foldText] = positionals as [string, string, string];
    const fold = parseFold(foldText);
    const trainer = withOverrides(trainerSettings(options.trainer), options);
    const preprocessedRoot = rootFolder('preprocessed', options, context);
    const dataSet = await openPreprocessed(await datasetFolder(identifier, () => preprocessedRoot), options.plans);
    const name = await datasetName(basename(dataSet.folder), [preprocessedRoot]);
    const cases = await openFold(dataSet, configuration, fold);
    const modelFolder = join(
      rootFolder('results', options, context),
      name,
      modelFolderName({ trainer: options.trainer, plans: options.plans, configuration }),
    );
    await describeModel(dataSet, modelFolder);
    const folder = join(modelFolder, `fold_${fold}`);
    await onDevice(options, async (device) => {
      const { patch_size, batch_size } = cases.configuration;
      context.print(`${device.kind} (${device.description})`);
      context.print(
        `${cases.split.train.length} training cases, ${cases.split.val.length} for validation; patch ${patch_size.join(' × ')}, ` +
          `batch ${batch_size}; ${trainer.epochs} epochs of ${trainer.iterationsPerEpoch} iterations`,
      );
      let bar: Progress | undefined;
      let note = '';
      const result = await trainFold({
        dataSet,
        cases,
        trainer,
        title: `${name}, ${configuration}, fold ${fold}`,
        folder,
        device,
        seed: options.seed,
        resume: options.resume,
        patience: options.patience,
        timeBudget: options.timeBudget,
        mixedPrecision: options.amp,
        gradientCheckpointing: options.gradientCheckpointing,
        checkpointInterval: options.checkpointInterval,
        ...(options.pretrainedWeights === undefined
          ? {}
          : { initialize: async (network) => loadPretrained(network, await openFile(options.pretrainedWeights!)) }),
        save: (which, run) =>
          saveModel(which, run, {
            folder,
            plans: dataSet.plans,
            configuration,
            patch: patch_size,
            fold,
            trainerName: options.trainer,
            trainer,
            mixedPrecision: options.amp,
            datasetJson: join(dataSet.folder, 'dataset.json'),
          }),
        signal: context.signal,
        onStart: (total) => {
          if (options.progress)
            bar = new Progress({ total, label: 'training', unit: 'iteration', stream: context.status });
        },
        onIteration: (loss) => bar?.advance(1, `loss ${loss.toFixed(3)}${note}`),
        onEpoch: ({ epochs, movingDice }) => {
          const dice = meanDice(epochs.at(-1)!.pseudoDice);
          if (dice !== null) note = `, pseudo Dice ${dice.toFixed(3)} (moving ${(movingDice ?? dice).toFixed(3)})`;
        },
      });
      bar?.finish(result.end === 'interrupted' ? 'interrupted' : undefined);
      report(result, folder, context.print);
    });
  },
);

function withOverrides(settings: TrainerSettings, options: OptionValues<typeof overrides>): TrainerSettings {
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

/** The files that make a folder of folds a model. */
async function describeModel({ folder, plansName }: PreprocessedDataSet, modelFolder: string): Promise<void> {
  await mkdir(modelFolder, { recursive: true });
  await copyFile(join(folder, `${plansName}.json`), join(modelFolder, 'plans.json'));
  for (const name of ['dataset.json', 'dataset_fingerprint.json'])
    await copyFile(join(folder, name), join(modelFolder, name));
}

function report({ history, end, waitedShare }: FoldResult, folder: string, print: (line: string) => void): void {
  const dice = history.epochs.map(({ pseudoDice }) => meanDice(pseudoDice)).findLast((value) => value !== null);
  if (end === 'interrupted') {
    print(`interrupted after ${history.losses.length} iterations and saved; the same command with -c goes on`);
    return;
  }
  const why = end === 'patience' ? 'no epoch was better for as long as --patience says' : 'finished';
  print(
    `${why}: ${history.losses.length} iterations, last pseudo Dice ${dice?.toFixed(3) ?? '–'}; ` +
      `waited for data ${(100 * waitedShare).toFixed(1)} % of the time`,
  );
  print(folder);
}
