/**
 * A whole study in one call: prepare cases, train a PlainConvUNet on some, predict the others, score them, draw everything. What the two examples
 * have in common. Everything it writes lies under `out`: checkpoints, predictions, pictures, the chart of the run.
 */
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Case, DataSet } from '@voxelgrad/io';
import { writeFileAtomic } from '@voxelgrad/io/node';
import {
  Adam,
  deepSupervision,
  diceAndBinaryCrossEntropy,
  diceAndCrossEntropy,
  type Optimizer,
  polynomial,
} from '@voxelgrad/nn';
import {
  emptyHistory,
  encodeCheckpoint,
  meanDice,
  PlainConvUNet,
  resumeCheckpoint,
  type TrainingEnd,
  type TrainingHistory,
  train,
} from '@voxelgrad/nnunet';
import { compileBar, type Dashboard, Progress } from '@voxelgrad/nnunet/node';
import { type Device, type Triple, VoxelgradError } from '@voxelgrad/tensor';
import { StudyBatches } from './batches.ts';
import { saveChart } from './chart.ts';
import { type Evaluation, evaluateCases } from './evaluate.ts';
import { type PreparedCase, prepareCase } from './prepare.ts';

export interface StudySettings {
  readonly title: string;
  readonly dataSet: DataSet;
  readonly training: readonly Case[];
  readonly heldOut: readonly Case[];
  readonly device: Device;
  readonly out: string;
  readonly features: readonly number[];
  readonly patch: Triple;
  readonly batchSize: number;
  readonly epochs: number;
  readonly iterationsPerEpoch: number;
  readonly validationIterations: number;
  readonly learningRate: number;
  readonly patience?: number | undefined;
  readonly seed: number;
  /** Goes on with the last checkpoint under `out`. */
  readonly resume: boolean;
  /** Axes mirrored in training and prediction. */
  readonly mirrorAxes: readonly number[];
  readonly signal: AbortSignal;
  readonly dashboard?: Dashboard | undefined;
}

export interface StudyResult {
  readonly history: TrainingHistory;
  readonly end: TrainingEnd;
  /** Seconds of training, this run only. */
  readonly seconds: number;
  /** Absent where the run was interrupted. */
  readonly evaluation?: Evaluation;
}

export async function runStudy(settings: StudySettings): Promise<StudyResult> {
  const { dataSet, device, signal, out } = settings;
  await mkdir(out, { recursive: true });
  const training = await prepareAll('reading training cases', settings.training, signal);
  const heldOut = await prepareAll('reading held-out cases', settings.heldOut, signal);
  const labels = dataSet.labels!;
  const network = new PlainConvUNet({
    inputChannels: dataSet.channelNames.length,
    classes: labels.regions ? labels.classes.length : labels.classes.length + 1,
    features: settings.features,
    device,
    seed: settings.seed,
  });
  const optimizer = new Adam(network.parameters(), { learningRate: settings.learningRate, maximumNorm: 12 });
  const start = performance.now();
  const { history, end } = await trainNetwork(settings, network, optimizer, training, heldOut);
  const seconds = (performance.now() - start) / 1000;
  if (end === 'interrupted') return { history, end, seconds };
  const progress = new Progress({ total: heldOut.length, label: 'predicting', unit: 'case' });
  const evaluation = await evaluateCases(heldOut, {
    dataSet,
    network,
    device,
    out,
    window: { patch: settings.patch, mirrorAxes: settings.mirrorAxes, signal },
    onCase: (name, done, cases) => {
      progress.advance(done === 0 ? 0 : 1, name);
      settings.dashboard?.caseDone(done, cases);
    },
  });
  progress.finish();
  optimizer.dispose();
  network.dispose();
  return { history, end, seconds, evaluation };
}

async function prepareAll(label: string, cases: readonly Case[], signal: AbortSignal): Promise<PreparedCase[]> {
  const progress = new Progress({ total: cases.length, label, unit: 'case' });
  const prepared: PreparedCase[] = [];
  for (const entry of cases) {
    signal.throwIfAborted();
    prepared.push(await prepareCase(entry));
    progress.advance(1, entry.name);
  }
  progress.finish('');
  return prepared;
}

/** What must be equal for a checkpoint to go on: with another patch or seed the batches would be others. */
const identity = ({ title, features, patch, batchSize, seed, iterationsPerEpoch, training }: StudySettings) => ({
  title,
  features,
  patch,
  batchSize,
  seed,
  iterationsPerEpoch,
  training: training.map(({ name }) => name),
});

async function trainNetwork(
  settings: StudySettings,
  network: PlainConvUNet,
  optimizer: Optimizer,
  training: readonly PreparedCase[],
  heldOut: readonly PreparedCase[],
): Promise<{ history: TrainingHistory; end: TrainingEnd }> {
  const { dataSet, epochs, iterationsPerEpoch, validationIterations, out } = settings;
  const labels = dataSet.labels!;
  const criterion = labels.regions
    ? diceAndBinaryCrossEntropy({ batchDice: true })
    : diceAndCrossEntropy({ batchDice: true, ignoreLabel: labels.ignore });
  const checkpoint = join(out, 'checkpoint_latest.safetensors');
  const history = settings.resume ? await resume(checkpoint, settings, network, optimizer) : undefined;
  const batches = new StudyBatches({ ...settings, labels, training, heldOut, iterations: epochs * iterationsPerEpoch });
  const done = history?.losses.length ?? 0;
  const progress = new Progress({ total: epochs * iterationsPerEpoch - done, label: 'training', unit: 'iteration' });
  let note = '';
  const save = async (history: TrainingHistory): Promise<void> =>
    writeFileAtomic(
      checkpoint,
      await encodeCheckpoint(network, optimizer, { history, description: identity(settings) }),
    );
  const { dashboard } = settings;
  const begun = history ?? emptyHistory();
  const { spacing } = training[0]!.geometry;
  dashboard?.start({ network, history: begun, device: settings.device, spacing });
  const result = await train({
    network,
    optimizer,
    loss: deepSupervision(criterion),
    regions: labels.regions,
    epochs,
    iterationsPerEpoch,
    validationIterations,
    patience: settings.patience,
    learningRate: (epoch, total) => polynomial(settings.learningRate, epoch, total),
    trainingBatch: (index) => batches.training(index),
    validationBatch: (index) => batches.validation(index),
    history: begun,
    signal: settings.signal,
    onCompile: compileBar(),
    onBatch: dashboard && ((batch) => dashboard.showBatch(batch)),
    onIteration: (_, loss) => {
      progress.advance(1, `loss ${loss.toFixed(3)}${note}`);
      dashboard?.iterationDone();
    },
    onEpoch: async (record, _, history) => {
      dashboard?.epochDone(record);
      const dice = meanDice(record.pseudoDice);
      note = dice === null ? '' : `, pseudo Dice ${dice.toFixed(3)}`;
      await save(history);
      await saveChart(settings, history);
    },
  });
  progress.finish(result.end === 'interrupted' ? 'interrupted' : undefined);
  await batches.close();
  await save(result.history);
  return result;
}

async function resume(
  checkpoint: string,
  settings: StudySettings,
  network: PlainConvUNet,
  optimizer: Optimizer,
): Promise<TrainingHistory | undefined> {
  if (!existsSync(checkpoint))
    throw new VoxelgradError('file', {
      what: checkpoint,
      expected: 'a checkpoint to go on with',
      got: 'nothing there',
      help: 'name the folder of the run with --out, or start anew without --resume',
    });
  const expected = { path: checkpoint, description: identity(settings), help: 'start anew without --resume' };
  return resumeCheckpoint(new Uint8Array(await readFile(checkpoint)), expected, network, optimizer);
}
