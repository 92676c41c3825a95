/**
 * nnU-Net's training loop (nnunetv2/training/nnUNetTrainer/nnUNetTrainer.py, v2.8.1): epochs of a fixed number of iterations, a learning rate set for
 * each of them, validation patches scored by pseudo Dice, its moving average deciding which weights are best. Beyond the official one it stops
 * early on patience, and can be interrupted at any iteration and resumed with the same bits: batches are functions of their index.
 */
import { add, debug, isVoxelgradError, noGrad, scale, type Tensor, tidy, VoxelgradError } from '@voxelgrad/tensor';
import { type Batch, type BatchPart, mapParts } from './batch.ts';
import { addEpoch, type EpochRecord, emptyHistory, type TrainingHistory } from './history.ts';
import { PseudoDice } from './pseudo-dice.ts';
import { TrainingStep, type TrainingStepSettings } from './training-step.ts';

export interface TrainingSettings extends TrainingStepSettings {
  /** Whether targets are regions. */
  readonly regions: boolean;
  /** Voxels of this label count for no pseudo Dice; with regions the target's last channel marks them. */
  readonly ignoreLabel?: number | undefined;
  readonly epochs: number;
  readonly iterationsPerEpoch: number;
  /** Validation batches after each epoch; 0 for none. */
  readonly validationIterations: number;
  /** Stops after this many epochs in which the moving pseudo Dice was not best. */
  readonly patience?: number | undefined;
  /** Asked for each iteration, which is counted over the whole run. */
  readonly learningRate: (epoch: number, epochs: number, iteration: number) => number;
  /** The training batch with this index, counted over the whole run. */
  readonly trainingBatch: (index: number) => Promise<Batch>;
  readonly validationBatch?: (index: number) => Promise<Batch>;
  /** A run to go on with. */
  readonly history?: TrainingHistory | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Shown each training batch before it is used. May enqueue work on its tensors, must neither change nor keep them; what it throws ends the training. */
  readonly onBatch?: ((batch: Batch) => void) | undefined;
  readonly onIteration?: ((iteration: number, loss: number) => void) | undefined;
  /** Asked between two iterations of an epoch whether to call `onCheckpoint`. */
  readonly isCheckpointDue?: (() => boolean) | undefined;
  /** Called in the midst of an epoch, when the weights are those of the history's last loss: whoever goes on there gets the same bits. */
  readonly onCheckpoint?: ((history: TrainingHistory) => Promise<void>) | undefined;
  /** Called after each epoch, when the weights are those of its end. `best`: its moving pseudo Dice is the best so far. */
  readonly onEpoch?:
    | ((record: EpochRecord, best: boolean, history: TrainingHistory) => Promise<void> | void)
    | undefined;
}

export type TrainingEnd = 'finished' | 'patience' | 'interrupted';

/** Trains until the epochs are done, patience ends or `signal` asks to stop; then the history tells where to go on. */
export async function train(
  settings: TrainingSettings,
): Promise<{ readonly history: TrainingHistory; readonly end: TrainingEnd }> {
  const history = settings.history ?? emptyHistory();
  const step = new TrainingStep(settings);
  try {
    return await runEpochs(settings, history, step);
  } finally {
    step.dispose();
  }
}

async function runEpochs(
  settings: TrainingSettings,
  history: TrainingHistory,
  step: TrainingStep,
): Promise<{ readonly history: TrainingHistory; readonly end: TrainingEnd }> {
  const { epochs, iterationsPerEpoch, patience, signal } = settings;
  const isPatient = (): boolean => patience === undefined || history.epochsSinceBest < patience;
  while (history.epochs.length < epochs) {
    if (!isPatient()) return { history, end: 'patience' };
    // A run that is taken up again in the midst of an epoch; checkpoints of before know no such time.
    const start = performance.now() - 1000 * (history.begunSeconds ?? 0);
    const epoch = history.epochs.length;
    const last = (epoch + 1) * iterationsPerEpoch;
    if (!(await runIterations(settings, history, step, last, start))) return { history, end: 'interrupted' };
    const losses = history.losses.slice(last - iterationsPerEpoch, last);
    const record: EpochRecord = {
      trainingLoss: losses.reduce((sum, loss) => sum + loss, 0) / losses.length,
      ...(await validateBeside(step, settings, epoch)),
      learningRate: settings.optimizer.learningRate,
      seconds: (performance.now() - start) / 1000,
    };
    const best = addEpoch(history, record);
    await settings.onEpoch?.(record, best, history);
    if (!isPatient()) return { history, end: 'patience' };
    if (signal?.aborted === true && history.epochs.length < epochs) return { history, end: 'interrupted' };
  }
  return { history, end: 'finished' };
}

/** Trains up to iteration `last` of an epoch that began at `start` (ms). The loss of each is read while the next one is computed. False if asked to stop before. */
async function runIterations(
  settings: TrainingSettings,
  history: TrainingHistory,
  step: TrainingStep,
  last: number,
  start: number,
): Promise<boolean> {
  let pending: Promise<number> | undefined;
  const settle = async (): Promise<void> => {
    if (pending === undefined) return;
    const loss = await pending;
    pending = undefined;
    if (!Number.isFinite(loss))
      throw new VoxelgradError('kernel', {
        what: `the loss of iteration ${history.losses.length}`,
        expected: 'a finite number',
        got: String(loss),
        help: 'lower the learning rate, or look for NaN and extreme values in the images',
      });
    history.losses.push(loss);
    history.begunSeconds = (performance.now() - start) / 1000;
    settings.onIteration?.(history.losses.length, loss);
  };
  const first = history.losses.length;
  for (let iteration = first; iteration < last; iteration++) {
    if (settings.signal?.aborted === true) {
      await settle();
      return false;
    }
    if (iteration > first && settings.isCheckpointDue?.() === true) {
      await settle();
      await settings.onCheckpoint?.(history);
    }
    const { epochs, optimizer } = settings;
    optimizer.learningRate = settings.learningRate(history.epochs.length, epochs, iteration);
    const batch = await settings.trainingBatch(iteration);
    settings.onBatch?.(batch);
    const loss = await step.run(batch);
    await settle();
    pending = loss();
    // Should something else fail meanwhile, that is the error to be told, not that this value never came.
    pending.catch(() => undefined);
  }
  await settle();
  return true;
}

/** Where there is no room beside the captured step, that makes room; the next iteration captures it anew. */
async function validateBeside(step: TrainingStep, settings: TrainingSettings, epoch: number) {
  try {
    return await validate(settings, epoch);
  } catch (error) {
    if (step.memory === undefined || !isVoxelgradError(error, 'out-of-memory')) throw error;
    debug(1, () => 'the captured step is given up for the validation, which has no room beside it');
    step.dispose();
    // What is freed can be written to once all that was enqueued before is done.
    await settings.network.parameters()[0]!.device.synchronize();
    return await validate(settings, epoch);
  }
}

async function validate(
  { network, loss, regions, ignoreLabel, validationBatch, validationIterations, accumulation = 1 }: TrainingSettings,
  epoch: number,
): Promise<Pick<EpochRecord, 'validationLoss' | 'pseudoDice'>> {
  if (validationBatch === undefined || validationIterations === 0) return { pseudoDice: [] };
  const dice = new PseudoDice(regions, ignoreLabel);
  let total = 0;
  for (let i = 0; i < validationIterations; i++) {
    const batch = await validationBatch(epoch * validationIterations + i);
    const score = (part: () => BatchPart): Tensor =>
      tidy(() => {
        const { image, target, share } = part();
        const outputs = network.forward(image);
        dice.add(outputs[0]!, target);
        return scale(loss(outputs, target), share);
      });
    try {
      const losses = () => mapParts(batch, accumulation, score);
      const value = noGrad(() => tidy(() => losses().reduce((sum, part) => add(sum, part))));
      total += await value.item();
      value.dispose();
    } catch (error) {
      dice.dispose();
      throw error;
    } finally {
      batch.image.dispose();
      batch.target.dispose();
    }
  }
  const pseudoDice = (await dice.take()).map((each) => (Number.isNaN(each) ? null : each));
  return { validationLoss: total / validationIterations, pseudoDice };
}
