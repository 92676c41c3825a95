/** What a dashboard tells of a training before it starts: names, and how it was set up, in words. */
import { restartFloor, restartPeriod, risingIterations } from '../experiment/learning.ts';
import type { FoldCases, PreprocessedDataSet } from '../experiment/node/preprocessed.ts';
import { lossNames, type TrainerSettings } from '../experiment/trainer-settings.ts';
import { inputChannelNames } from '../plan/channels.ts';
import type { Setting } from '../report/dashboard/messages.ts';
import type { DashboardRun } from '../report/node/dashboard/dashboard.ts';
import { counted } from '../terminal/counted.ts';

export interface DescribedTraining {
  readonly title: string;
  readonly dataSet: PreprocessedDataSet;
  readonly cases: FoldCases;
  readonly trainerName: string;
  readonly trainer: TrainerSettings;
  readonly folder: string;
  readonly seed: number;
  readonly mixedPrecision: boolean;
  /** Parts that each batch is gone through in. */
  readonly accumulation: number;
  readonly patience?: number | undefined;
  /** Minutes. */
  readonly timeBudget?: number | undefined;
}

export function dashboardRun(training: DescribedTraining): DashboardRun {
  const { title, dataSet, cases, trainer, timeBudget } = training;
  const { configuration } = cases;
  return {
    title,
    labels: dataSet.description.labels,
    channels: inputChannelNames(dataSet.description, configuration),
    lossName: lossNames[trainer.loss],
    settings: settingsOf(training),
    epochs: trainer.epochs,
    iterationsPerEpoch: trainer.iterationsPerEpoch,
    timeBudget,
  };
}

function settingsOf(training: DescribedTraining): Setting[] {
  const { trainer, cases, dataSet, patience, timeBudget } = training;
  const { configuration, split } = cases;
  const { arch_kwargs, network_class_name } = configuration.architecture;
  const given = (name: string, value: string | undefined): Setting[] => (value === undefined ? [] : [{ name, value }]);
  return [
    { name: 'Cases', value: `${split.train.length} to train on, ${split.val.length} for validation` },
    {
      name: 'Patch',
      value: `${configuration.patch_size.join(' × ')} voxels of ${configuration.spacing.map(short).join(' × ')} mm`,
    },
    { name: 'Batch', value: `${configuration.batch_size} patches an iteration${partsText(training)}` },
    {
      name: 'Network',
      value: `${network_class_name.split('.').at(-1)}, ${arch_kwargs.features_per_stage.join(', ')} features`,
    },
    { name: 'Trainer, plans', value: `${training.trainerName}, ${dataSet.plansName}` },
    {
      name: 'Length',
      value: `${counted(trainer.epochs, 'epoch')} of ${counted(trainer.iterationsPerEpoch, 'iteration')}`,
    },
    ...given(
      'Stops early',
      patience === undefined ? undefined : `after ${counted(patience, 'epoch')} without a better pseudo Dice`,
    ),
    ...given('Time budget', timeBudget === undefined ? undefined : `${short(timeBudget)} minutes`),
    { name: 'Optimizer', value: optimizerText(trainer) },
    { name: 'Learning rate', value: `${trainer.learningRate} at the start, then ${scheduleText(trainer)}` },
    { name: 'Loss', value: lossNames[trainer.loss] },
    { name: 'Augmentation', value: `${trainer.augmentation}; mirrored along ${trainer.mirroring} axes` },
    { name: 'Foreground', value: `in at least ${short(100 * trainer.foreground)} % of the patches` },
    { name: 'Precision', value: training.mixedPrecision ? 'mixed: f16 convolutions' : 'f32' },
    { name: 'Seed', value: String(training.seed) },
    { name: 'Folder', value: training.folder },
  ];
}

function partsText({ accumulation, cases }: DescribedTraining): string {
  const parts = Math.min(accumulation, cases.configuration.batch_size);
  return parts === 1 ? '' : `, in ${parts} parts`;
}

const short = (value: number): string => String(Number(value.toPrecision(3)));

function optimizerText({ optimizer, momentum, weightDecay }: TrainerSettings): string {
  const names = { sgd: `SGD, Nesterov momentum ${momentum}`, adam: 'Adam', adamw: 'AdamW', adan: 'Adan' } as const;
  const name = names[optimizer];
  return weightDecay === 0 ? name : `${name}, weight decay ${weightDecay}`;
}

function scheduleText({ schedule, warmUpEpochs }: TrainerSettings): string {
  const after = {
    poly: 'falling to 0 (polynomial)',
    cosine: 'falling to 0 (cosine)',
    'cosine-restarts': `falling to ${restartFloor.toExponential()} (cosine) every ${restartPeriod} iterations`,
    'cosine-warm-up': `falling to 0 (cosine), after ${risingIterations} iterations of rising`,
    constant: 'constant',
  }[schedule];
  return warmUpEpochs === 0 ? after : `${after}, after ${counted(warmUpEpochs, 'epoch')} of rising`;
}
