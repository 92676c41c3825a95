/**
 * Trains one fold of one configuration, from the preprocessed cases to the weights in nnU-Net's folders. Whatever happens, a run can be taken up again
 * where its last checkpoint stands, and then gives the same bits as if nothing had happened.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { openFile, removeLeftovers, writeFileAtomic } from '@voxelgrad/io/node';
import type { Optimizer } from '@voxelgrad/nn';
import type { CompileProgress, Device } from '@voxelgrad/tensor';
import { resumeNnunetCheckpoint } from '../../model-folder/resume-checkpoint.ts';
import type { SegmentationNetwork } from '../../networks/unet.ts';
import { inputChannelsOf, outputChannels } from '../../plan/channels.ts';
import { networkOfConfiguration, withBatchNorm } from '../../plan/network-of-plans.ts';
import type { Batch } from '../../train/batch.ts';
import { encodeCheckpoint, resumeCheckpoint } from '../../train/checkpoint.ts';
import { emptyHistory, type TrainingHistory } from '../../train/history.ts';
import { type TrainingEnd, train } from '../../train/trainer.ts';
import { DummyBatches } from '../dummy-batches.ts';
import { type BatchSource, FoldBatches } from '../fold-batches.ts';
import { criterionFor, learningRateFor, optimizerFor } from '../learning.ts';
import { lossNames, type TrainerSettings } from '../trainer-settings.ts';
import { writeLog } from './fold-log.ts';
import type { FoldCases, PreprocessedDataSet } from './preprocessed.ts';
import type { TextLog } from './text-log.ts';

export interface FoldTraining {
  readonly dataSet: PreprocessedDataSet;
  readonly cases: FoldCases;
  readonly trainer: TrainerSettings;
  /** For the chart. */
  readonly title: string;
  /** `…/nnUNetTrainer__nnUNetPlans__3d_fullres/fold_0`; made if need be. */
  readonly folder: string;
  readonly device: Device;
  readonly seed: number;
  /** Go on with the last checkpoint, if there is one. */
  readonly resume: boolean;
  /** Stop after this many epochs without a better moving pseudo Dice. */
  readonly patience?: number | undefined;
  /** Minutes of training; the schedule then follows the clock where that is ahead of the epochs. */
  readonly timeBudget?: number | undefined;
  /** f16 convolutions with loss scaling. */
  readonly mixedPrecision?: boolean;
  readonly gradientCheckpointing?: boolean;
  /** Parts that each batch is gone through in: see TrainingStepSettings. */
  readonly accumulation?: number;
  /** Whether checkpoints are written at all; true by default. */
  readonly checkpointing?: boolean;
  /** Least seconds between checkpoints, which are written in the midst of an epoch too; 60 by default. */
  readonly checkpointInterval?: number;
  /** Sets the first weights, such as those of another training. */
  readonly initialize?: (network: SegmentationNetwork) => Promise<void>;
  /** Called with the weights of the best epoch so far, of every 50th, and of the last. */
  readonly save: (which: SavedCheckpoint, run: Run) => Promise<void>;
  /** Gets a line for what happens. */
  readonly log?: TextLog | undefined;
  readonly signal: AbortSignal;
  /** Called with the weights to begin with and what was trained before. */
  readonly onStart?: (iterationsLeft: number, run: Run) => void;
  /** Where given, WebGPU's kernels are tuned before the first iteration, and this is told how many are. */
  readonly onTune?: CompileProgress;
  /** Told how many of the step's kernels are compiled, before the first iteration. */
  readonly onCompile?: CompileProgress;
  /** Shown each training batch before it is used: see TrainingSettings. */
  readonly onBatch?: ((batch: Batch) => void) | undefined;
  readonly onIteration?: (loss: number) => void;
  readonly onEpoch?: (history: TrainingHistory) => void;
}

export type SavedCheckpoint = 'best' | 'latest' | 'final';

/** What a checkpoint is made of. */
export interface Run {
  readonly network: SegmentationNetwork;
  readonly optimizer: Optimizer;
  readonly history: TrainingHistory;
}

export interface FoldResult extends Run {
  readonly end: TrainingEnd;
  /** Share of the time that training waited for data. */
  readonly waitedShare: number;
}

/** Epochs after which nnU-Net's trainer writes `checkpoint_latest.pth`, from which it goes on. */
const officialInterval = 50;

const checkpointFile = 'checkpoint_latest.safetensors';

export async function trainFold(training: FoldTraining): Promise<FoldResult> {
  const { dataSet, cases, trainer, device, folder, signal, checkpointing = true, checkpointInterval = 60 } = training;
  const { labels } = dataSet.description;
  await mkdir(folder, { recursive: true });
  await removeLeftovers(folder);
  const network = networkOfConfiguration(
    trainer.norm === 'batch' ? withBatchNorm(cases.configuration) : cases.configuration,
    inputChannelsOf(dataSet.description, cases.configuration),
    outputChannels(labels),
    { device, seed: training.seed, gradientCheckpointing: training.gradientCheckpointing ?? false },
  );
  const half = training.mixedPrecision ?? false;
  const optimizer = optimizerFor(network, trainer, half);
  const history = (await resume(training, network, optimizer)) ?? emptyHistory();
  if (history.losses.length === 0) await training.initialize?.(network);
  const batchSettings = { ...cases, trainer, labels, device, seed: training.seed };
  const batches: BatchSource =
    trainer.benchmark === 'same batch'
      ? new DummyBatches(batchSettings, network.architecture.inputChannels)
      : new FoldBatches(batchSettings);
  const run: Run = { network, optimizer, history };
  const budget = new TimeBudget(training.timeBudget, history);
  training.onStart?.(trainer.epochs * trainer.iterationsPerEpoch - history.losses.length, run);
  const loss = criterionFor(trainer, labels, cases.configuration.batch_dice);
  const scheduled = learningRateFor(trainer);
  let written = performance.now();
  const isCheckpointDue = (): boolean => checkpointing && performance.now() - written > 1000 * checkpointInterval;
  const saveCheckpoint = async (): Promise<void> => {
    await writeCheckpoint(training, run);
    written = performance.now();
  };
  const { end } = await train({
    network,
    mixedPrecision: half,
    accumulation: training.accumulation ?? 1,
    optimizer,
    loss,
    regions: labels.regions,
    ignoreLabel: labels.ignore,
    epochs: trainer.epochs,
    iterationsPerEpoch: trainer.iterationsPerEpoch,
    validationIterations: batches.hasValidation ? trainer.validationIterations : 0,
    patience: training.patience,
    learningRate: (epoch, epochs, iteration) => scheduled(budget.epoch(epoch, epochs), epochs, iteration),
    trainingBatch: (index) => batches.training(index),
    validationBatch: (index) => batches.validation(index),
    history,
    signal: AbortSignal.any([signal, budget.signal]),
    onTune: training.onTune,
    onCompile: training.onCompile,
    onBatch: training.onBatch,
    onIteration: (_, value) => {
      training.onIteration?.(value);
      budget.check();
    },
    isCheckpointDue,
    onCheckpoint: saveCheckpoint,
    onEpoch: async (record, best) => {
      if (best && checkpointing) await training.save('best', run);
      const done = history.epochs.length;
      if (checkpointing && done % officialInterval === 0 && done < trainer.epochs) await training.save('latest', run);
      await training.log?.epoch(record, best, history);
      await writeLog(folder, { title: training.title, lossName: lossNames[trainer.loss] }, labels, history);
      if (isCheckpointDue()) await saveCheckpoint();
      training.onEpoch?.(history);
      budget.check();
    },
  }).finally(() => batches.close());
  if (checkpointing) await writeCheckpoint(training, run);
  const finished = end === 'interrupted' && budget.isOver && !signal.aborted ? 'finished' : end;
  if (finished !== 'interrupted') {
    if (checkpointing) await training.save('final', run);
    // The last weights are in the final one now.
    await rm(join(folder, 'checkpoint_latest.pth'), { force: true });
    await training.log?.write('Training done.');
  }
  return { ...run, end: finished, waitedShare: batches.waitedShare };
}

/** What must be equal for a checkpoint to go on: with another patch or seed the batches would be others. */
const identity = ({ dataSet, cases, trainer, seed, mixedPrecision, accumulation = 1 }: FoldTraining) => {
  // More epochs may be asked for later: the schedule is then another one from there on.
  const { epochs: _, ...settings } = trainer;
  const { patch_size, batch_size } = cases.configuration;
  const { dataset_name } = dataSet.plans;
  return {
    dataset_name,
    patch_size,
    batch_size,
    ...settings,
    seed,
    mixedPrecision: mixedPrecision ?? false,
    // Absent where batches are whole, as in checkpoints that know of no parts.
    ...(accumulation === 1 ? {} : { accumulation }),
    train: cases.split.train,
  };
};

const writeCheckpoint = async (training: FoldTraining, { network, optimizer, history }: Run): Promise<void> =>
  writeFileAtomic(
    join(training.folder, checkpointFile),
    await encodeCheckpoint(network, optimizer, { history, description: identity(training) }),
  );

async function resume(
  training: FoldTraining,
  network: SegmentationNetwork,
  optimizer: Optimizer,
): Promise<TrainingHistory | undefined> {
  if (!training.resume) return undefined;
  const path = join(training.folder, checkpointFile);
  if (!existsSync(path)) return resumeOfficial(training, network, optimizer);
  const expected = { path, description: identity(training), help: 'start anew without -c' };
  return resumeCheckpoint(new Uint8Array(await readFile(path)), expected, network, optimizer);
}

/** Goes on with what the official nnU-Net trained in this folder, if it did: of its checkpoints the one that its own trainer would take. */
async function resumeOfficial(
  { folder, trainer: { iterationsPerEpoch } }: FoldTraining,
  network: SegmentationNetwork,
  optimizer: Optimizer,
): Promise<TrainingHistory | undefined> {
  const candidates = ['final', 'latest', 'best'].map((which) => join(folder, `checkpoint_${which}.pth`));
  const path = candidates.find((candidate) => existsSync(candidate));
  if (path === undefined) return undefined;
  return resumeNnunetCheckpoint(await openFile(path), { network, optimizer, iterationsPerEpoch });
}

/** Training time, counted over all runs of a fold. */
class TimeBudget {
  readonly #seconds: number;
  readonly #history: TrainingHistory;
  readonly #controller = new AbortController();

  constructor(minutes: number | undefined, history: TrainingHistory) {
    this.#seconds = minutes === undefined ? Number.POSITIVE_INFINITY : 60 * minutes;
    this.#history = history;
    // A run that is taken up again may have used its time already.
    this.check();
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** In whole epochs: what one is trained with does not depend on whether a run was taken up again within it. */
  get #spent(): number {
    return this.#history.epochs.reduce((sum, { seconds }) => sum + seconds, 0);
  }

  get isOver(): boolean {
    return this.#spent + (this.#history.begunSeconds ?? 0) >= this.#seconds;
  }

  /** Where the schedule stands: by epochs, or by the clock where that is further. */
  epoch(epoch: number, epochs: number): number {
    return Math.max(epoch, (epochs * Math.min(this.#spent, this.#seconds)) / this.#seconds);
  }

  check(): void {
    if (this.isOver) this.#controller.abort();
  }
}
