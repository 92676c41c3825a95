/** `voxelgrad train`: nnUNetv2_train, and what its users asked for: epochs, iterations, patience, a time budget, a seed. */
import { existsSync } from 'node:fs';
import { copyFile, mkdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { openFile, openFolder } from '@voxelgrad/io/node';
import { type Device, VoxelgradError } from '@voxelgrad/tensor';
import { regionName, scoredRegions } from '../evaluate/region.ts';
import { defaultPlans, defaultTrainer, modelFolderName, nextStageFolder, parseFold } from '../experiment/model-name.ts';
import { writeBenchmark } from '../experiment/node/benchmark-file.ts';
import { writeDebugFile } from '../experiment/node/debug-file.ts';
import { openFold, openPreprocessed, type PreprocessedDataSet } from '../experiment/node/preprocessed.ts';
import { predictionMirrorAxes, saveModel } from '../experiment/node/save-model.ts';
import { TextLog } from '../experiment/node/text-log.ts';
import { type FoldResult, trainFold } from '../experiment/node/train-fold.ts';
import { validateFold } from '../experiment/node/validate-fold.ts';
import { patchTriple } from '../experiment/patch-triple.ts';
import { loadPretrained } from '../experiment/pretrained.ts';
import { trainerNames, trainerSettings } from '../experiment/trainer-settings.ts';
import { fingerprintFile } from '../fingerprint/fingerprint.ts';
import { openModel } from '../model-folder/open-model.ts';
import type { SegmentationNetwork } from '../networks/unet.ts';
import { previousStageOf } from '../plan/channels.ts';
import { configurationOf } from '../plan/parse-plans.ts';
import type { RunEnd } from '../report/dashboard/messages.ts';
import { resultRows } from '../report/dashboard/result-rows.ts';
import type { Dashboard } from '../report/node/dashboard/dashboard.ts';
import { dashboardOptions, withDashboard } from '../report/node/dashboard/with-dashboard.ts';
import { diceTable } from '../report/table.ts';
import type { Fold } from '../splits/splits.ts';
import { compileBar } from '../terminal/compile-bar.ts';
import { counted } from '../terminal/counted.ts';
import { Progress } from '../terminal/progress.ts';
import { meanDice } from '../train/history.ts';
import { defineCommand } from './command.ts';
import { dashboardRun } from './dashboard-run.ts';
import { deviceOptions, onDevice } from './device-options.ts';
import { datasetFolder, datasetName, rootFolder, rootOptions } from './folders.ts';
import { withMemoryHelp } from './memory-help.ts';
import { newerNodeHelp } from './newer-node.ts';
import { progressOption } from './official-options.ts';
import { trainerOptions, withOptions } from './trainer-options.ts';

export const train = defineCommand(
  {
    name: 'voxelgrad train',
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
      ...trainerOptions,
      val: { type: 'boolean', help: 'Only validate, with checkpoint_final.pth.' },
      valBest: { type: 'boolean', aliases: ['--val_best'], help: 'Only validate, with checkpoint_best.pth.' },
      npz: { type: 'boolean', help: "Save the validation's probabilities, for ensembles." },
      patience: { type: 'integer', minimum: 1, help: 'Stop after so many epochs without a better pseudo Dice.' },
      timeBudget: {
        type: 'number',
        minimum: 0,
        placeholder: 'minutes',
        help: 'Stop training after so many minutes; the learning rate falls with the clock where that is ahead.',
      },
      checkpointing: {
        type: 'boolean',
        default: true,
        negations: ['--disable_checkpointing'],
        help: 'Write checkpoints. Without, a run cannot be taken up again, and only its validation stays.',
      },
      checkpointInterval: {
        type: 'number',
        minimum: 0,
        default: 60,
        placeholder: 'seconds',
        help: 'Least time between checkpoints, which are written in the midst of an epoch too.',
      },
      pretrainedWeights: {
        type: 'string',
        aliases: ['-pretrained_weights'],
        placeholder: 'file',
        help: 'Start from the weights of another model (.pth, .safetensors), but for its output layers.',
      },
      seed: { type: 'integer', minimum: 0, default: 1, help: 'Seed of everything random.' },
      tune: {
        type: 'boolean',
        help: 'Measure first which WebGPU kernels are fastest here; they are kept. Before a training, not in its midst: they decide its last bits.',
      },
      amp: { type: 'boolean', help: 'Mixed precision: f16 convolutions, on devices that have f16.' },
      gradientCheckpointing: {
        type: 'boolean',
        help: 'Less memory for more time: activations are computed again in the backward pass.',
      },
      accumulation: {
        type: 'integer',
        minimum: 1,
        default: 1,
        aliases: ['--accumulate'],
        placeholder: 'parts',
        help: 'For small GPUs: go through each batch in so many parts and add up their gradients. The same as the whole batch where Dice is that of each sample; with batch_dice in the plans, or an ignore label, another loss: the mean of the parts.',
      },
      ...deviceOptions,
      numGpus: {
        type: 'integer',
        minimum: 1,
        default: 1,
        aliases: ['-num_gpus'],
        help: 'GPUs to train on; voxelgrad takes one a run.',
      },
      raw: rootOptions.raw,
      preprocessed: rootOptions.preprocessed,
      results: rootOptions.results,
      progress: progressOption,
      ...dashboardOptions,
    },
    examples: [
      'voxelgrad train 4 3d_fullres 0',
      'voxelgrad train 4 3d_fullres 0 -tr voxelgradTrainerAdam --epochs 20 --iterations 50',
      'voxelgrad train 4 3d_fullres all --time-budget 120 -c --dashboard',
    ],
  },
  async ({ options, positionals }, context) => {
    const [identifier, configuration, foldText] = positionals as [string, string, string];
    const fold = parseFold(foldText);
    checkTogether(options);
    const trainer = withOptions(trainerSettings(options.trainer), options);
    if (trainer.benchmark !== undefined) checkBenchmark(fold, options);
    // A benchmark leaves nothing but its time.
    const checkpointing = options.checkpointing && trainer.benchmark === undefined;
    const preprocessedRoot = rootFolder('preprocessed', options, context);
    const dataSet = await openPreprocessed(await datasetFolder(identifier, () => preprocessedRoot), options.plans);
    const name = await datasetName(basename(dataSet.folder), [preprocessedRoot]);
    const folderOf = (configuration: string): string =>
      join(rootFolder('results', options, context), name, modelFolderName({ ...options, configuration }));
    const modelFolder = folderOf(configuration);
    const stage = previousStageOf(configurationOf(dataSet.plans, configuration));
    const previousFolder = stage === undefined ? undefined : nextStageFolder(folderOf(stage), configuration);
    const cases = await openFold(dataSet, configuration, fold, previousFolder);
    const folder = join(modelFolder, `fold_${fold}`);
    const validated = validatedCheckpoint(options);
    if (validated !== undefined) expectCheckpoint(folder, validated);
    await describeModel(dataSet, modelFolder);
    const title = `${name}, ${configuration}, fold ${fold}`;
    const mixedPrecision = options.amp;
    const described = {
      ...options,
      title,
      dataSet,
      cases,
      trainer,
      trainerName: options.trainer,
      folder,
      mixedPrecision,
    };
    const log = await TextLog.start(folder);
    await withDashboard(options.dashboard, dashboardRun(described), context.print, (dashboard) =>
      onDevice(options, (device) => trainAndValidate(device, dashboard)),
    );

    async function trainAndValidate(device: Device, dashboard: Dashboard | undefined): Promise<RunEnd> {
      const computes = `${device.kind} (${device.description})`;
      context.print(computes);
      const help = newerNodeHelp(device, process);
      if (help !== undefined) context.print(help);
      await log.write(`Using device: ${computes}`);
      const validate = async (network: SegmentationNetwork): Promise<RunEnd['dice']> => {
        if (cases.validation.length === 0) return [];
        const bar = options.progress
          ? new Progress({ total: cases.validation.length, label: 'validating', unit: 'case', stream: context.status })
          : undefined;
        let predicted = 0;
        dashboard?.caseDone(predicted, cases.validation.length);
        const summary = await validateFold({
          dataSet,
          cases,
          network,
          device,
          mirrorAxes: predictionMirrorAxes(trainer, cases.configuration.patch_size),
          folder,
          saveProbabilities: options.npz,
          signal: context.signal,
          onWindow: (one, done, windows) => bar?.advance(0, `${one}: window ${done} of ${windows}`),
          onCase: (one) => {
            bar?.advance(1, one);
            dashboard?.caseDone(++predicted, cases.validation.length);
          },
        });
        bar?.finish();
        await log.write('Validation complete', `Mean Validation Dice:  ${summary.foreground_mean.Dice}`);
        const regions = scoredRegions(dataSet.description.labels);
        const names = Object.fromEntries(regions.map(({ name, region }) => [regionName(region), name]));
        context.print(diceTable(summary, { names, worst: 10 }));
        return resultRows(summary, regions);
      };
      if (validated !== undefined) {
        const model = await openModel(await openFolder(modelFolder), { checkpoint: validated, configuration });
        return { how: 'finished', dice: await validate(await model.loadFold(fold, device)) };
      }
      const result = await withMemoryHelp(() => runTraining(device, dashboard));
      report(result, checkpointing, folder, context.print);
      if (trainer.benchmark !== undefined) {
        if (result.end !== 'interrupted') {
          const seconds = await writeBenchmark(folder, device, result.history);
          context.print(`fastest epoch: ${seconds.toFixed(3)} s`);
        }
        return { how: result.end, dice: [] };
      }
      return { how: result.end, dice: result.end === 'interrupted' ? [] : await validate(result.network) };
    }

    async function runTraining(device: Device, dashboard: Dashboard | undefined): Promise<FoldResult> {
      const { patch_size, batch_size } = cases.configuration;
      context.print(
        `${counted(cases.split.train.length, 'training case')}, ${cases.split.val.length} for validation; patch ${patch_size.join(' × ')}, ` +
          `batch ${batch_size}; ${counted(trainer.epochs, 'epoch')} of ${counted(trainer.iterationsPerEpoch, 'iteration')}`,
      );
      const mirrorAxes = predictionMirrorAxes(trainer, patch_size);
      const { trainer: trainerName, seed, amp: mixedPrecision } = options;
      const run = { trainerName, trainer, mirrorAxes, seed, mixedPrecision, checkpointing, logFile: log.path };
      await writeDebugFile(folder, { ...run, dataSet, cases, configuration, fold, device });
      const { plans_name } = dataSet.plans;
      await log.write(`This is the configuration used by this training: ${configuration} of ${plans_name}`);
      await log.write(JSON.stringify(cases.configuration), JSON.stringify(trainer));
      let bar: Progress | undefined;
      let note = '';
      const result = await trainFold({
        ...options,
        dataSet,
        cases,
        trainer,
        title,
        folder,
        device,
        mixedPrecision,
        checkpointing,
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
        log,
        signal: context.signal,
        onStart: (left, { network, history }) => {
          dashboard?.start({ network, history, device, spacing: patchTriple(cases.configuration.spacing) });
          const done = history.losses.length;
          if (left === 0) context.print('trained to its end already; more --epochs would train on');
          else if (options.progress)
            bar = new Progress({
              total: done + left,
              done,
              label: 'training',
              unit: 'iteration',
              stream: context.status,
            });
        },
        ...(options.tune ? { onTune: options.progress ? compileBar(context.status, 'tuning') : () => {} } : {}),
        ...(options.progress ? { onCompile: compileBar(context.status) } : {}),
        ...(dashboard === undefined ? {} : { onBatch: (batch) => dashboard.showBatch(batch) }),
        onIteration: (loss) => {
          bar?.advance(1, `loss ${loss.toFixed(3)}${note}`);
          dashboard?.iterationDone();
        },
        onEpoch: ({ epochs, movingDice }) => {
          dashboard?.epochDone(epochs.at(-1)!);
          const dice = meanDice(epochs.at(-1)!.pseudoDice);
          if (dice !== null) note = `, pseudo Dice ${dice.toFixed(3)} (moving ${(movingDice ?? dice).toFixed(3)})`;
        },
      });
      bar?.finish(result.end === 'interrupted' ? 'interrupted' : undefined);
      return result;
    }
  },
);

/** The files that make a folder of folds a model. */
async function describeModel({ folder, plansName }: PreprocessedDataSet, modelFolder: string): Promise<void> {
  await mkdir(modelFolder, { recursive: true });
  await copyFile(join(folder, `${plansName}.json`), join(modelFolder, 'plans.json'));
  await copyFile(join(folder, 'dataset.json'), join(modelFolder, 'dataset.json'));
  // Plans that came from another data set need no fingerprint, so it may not have been made.
  const fingerprint = join(folder, fingerprintFile);
  if (existsSync(fingerprint)) await copyFile(fingerprint, join(modelFolder, fingerprintFile));
}

/** Throws 'option' for what cannot be had, or not together. */
function checkTogether(options: {
  readonly numGpus: number;
  readonly checkpointing: boolean;
  readonly val: boolean;
  readonly valBest: boolean;
  readonly dashboard?: unknown;
}): void {
  if (options.numGpus > 1)
    throw new VoxelgradError('option', {
      what: '--num-gpus',
      expected: '1',
      got: String(options.numGpus),
      help: 'A run trains on one GPU: train several folds at once instead, each by a command of its own.',
    });
  if (options.dashboard !== undefined && (options.val || options.valBest))
    throw new VoxelgradError('option', {
      what: '--dashboard shows how a training goes, and --val does not train',
      help: 'give one of them',
    });
  if (options.valBest && !options.checkpointing)
    throw new VoxelgradError('option', {
      what: '--val-best',
      expected: 'checkpoints',
      got: '--no-checkpointing',
      help: 'checkpoint_best.pth is only there where checkpoints are written: leave out one of the two.',
    });
}

/** The file that is only to be validated. */
function validatedCheckpoint({ val, valBest }: Record<'val' | 'valBest', boolean>): string | undefined {
  if (valBest) return 'checkpoint_best.pth';
  return val ? 'checkpoint_final.pth' : undefined;
}

/** Throws 'file' where the fold was not trained, or not so far. */
function expectCheckpoint(folder: string, name: string): void {
  if (existsSync(join(folder, name))) return;
  throw new VoxelgradError('file', {
    what: folder,
    expected: name,
    got: existsSync(folder) ? 'none' : 'no such folder',
    help: 'Train this fold first, to its end: then it has both checkpoint_final.pth and, for --val-best, checkpoint_best.pth.',
  });
}

/** Throws 'option' for what makes no sense with a trainer that keeps nothing. */
function checkBenchmark(fold: Fold, { val, valBest, resume }: Record<'val' | 'valBest' | 'resume', boolean>): void {
  if (fold === 0 && !val && !valBest && !resume) return;
  throw new VoxelgradError('option', {
    what: 'a benchmark',
    expected: 'fold 0, from the beginning, without validation',
    got: fold === 0 ? (resume ? '-c' : '--val') : `fold ${fold}`,
    help: 'it only measures how long an epoch takes, and leaves no model',
  });
}

function report(
  { history, end, waitedShare }: FoldResult,
  saved: boolean,
  folder: string,
  print: (line: string) => void,
): void {
  const dice = history.epochs.map(({ pseudoDice }) => meanDice(pseudoDice)).findLast((value) => value !== null);
  if (end === 'interrupted') {
    const how = saved ? 'and saved; the same command with -c goes on' : 'without a checkpoint';
    print(`interrupted after ${history.losses.length} iterations ${how}`);
    return;
  }
  const why = end === 'patience' ? 'no epoch was better for as long as --patience says' : 'finished';
  print(
    `${why}: ${history.losses.length} iterations, last pseudo Dice ${dice?.toFixed(3) ?? '–'}; ` +
      `waited for data ${(100 * waitedShare).toFixed(1)} % of the time`,
  );
  print(folder);
}
