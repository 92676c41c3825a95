/**
 * Goes on with a training that the official nnU-Net began (`nnUNetTrainer.load_checkpoint`): weights, the optimizer's state, the loss scale and the log
 * of its checkpoint. The opposite of `encodeNnunetCheckpoint`.
 */
import {
  countsOf,
  type FileSource,
  itemsOf,
  type Pickled,
  readTorchFile,
  readTorchTensor,
  TorchTensor,
  toFloats,
} from '@voxelgrad/io';
import { fromTorchLayout, loadStateDict, type Optimizer, toTorchShape } from '@voxelgrad/nn';
import { type Tensor, VoxelgradError } from '@voxelgrad/tensor';
import type { SegmentationNetwork } from '../networks/unet.ts';
import { type EpochRecord, emptyHistory, type TrainingHistory } from '../train/history.ts';
import { optimizerStateNames } from './export-checkpoint.ts';
import { readWeights } from './state-dicts.ts';

export interface ResumedTraining {
  readonly network: SegmentationNetwork;
  /** Over all parameters of the network in their order, of the kind that the checkpoint's was. */
  readonly optimizer: Optimizer;
  /** nnU-Net's are 250. Losses are logged by epoch: each iteration of one gets its mean. */
  readonly iterationsPerEpoch?: number;
}

/** Sets weights and optimizer; returns the history to go on with. Throws 'format' where the checkpoint is of another network or optimizer. */
export async function resumeNnunetCheckpoint(
  source: FileSource,
  { network, optimizer, iterationsPerEpoch = 250 }: ResumedTraining,
): Promise<TrainingHistory> {
  const value = await readTorchFile(source);
  loadStateDict(network, await readWeights(source));
  const states = entriesOf(entriesOf(entriesOf(value).get('optimizer_state')).get('state'));
  const parameters = network.parameters();
  const restored: ReadonlyMap<string, Float32Array>[] = [];
  let steps = states.size === 0 ? 0 : 1;
  for (const [i, parameter] of parameters.entries()) {
    const state = entriesOf(states.get(i));
    restored.push(await parameterState(state, parameter, `${source.path}: optimizer state ${i}`));
    steps = Math.max(steps, await stepsOf(state.get('step')));
  }
  const scale = entriesOf(entriesOf(value).get('grad_scaler_state')).get('scale');
  await optimizer.restoreParameterStates(restored, {
    steps,
    lossScale: typeof scale === 'number' ? scale : undefined,
  });
  return historyOf(entriesOf(value), iterationsPerEpoch);
}

const entriesOf = (value: Pickled | undefined): ReadonlyMap<Pickled, Pickled> =>
  value instanceof Map ? value : new Map();

/** By the names that the optimizer has for them. */
async function parameterState(
  state: ReadonlyMap<Pickled, Pickled>,
  parameter: Tensor,
  what: string,
): Promise<ReadonlyMap<string, Float32Array>> {
  const shape = toTorchShape(parameter.shape);
  const found = new Map<string, Float32Array>();
  for (const [name, torchName] of Object.entries(optimizerStateNames)) {
    const tensor = state.get(torchName);
    if (!(tensor instanceof TorchTensor)) continue;
    if (tensor.shape.join() !== shape.join())
      throw new VoxelgradError('format', {
        what,
        expected: `[${shape.join(', ')}]`,
        got: `[${tensor.shape.join(', ')}]`,
        help: 'the checkpoint is one of another network',
      });
    found.set(name, fromTorchLayout(toFloats(await readTorchTensor(tensor, what)), parameter.shape));
  }
  return found;
}

/** SGD counts no steps: one is enough to know that its momentum holds something. */
async function stepsOf(step: Pickled | undefined): Promise<number> {
  if (step instanceof TorchTensor && step.size === 1) return toFloats(await readTorchTensor(step))[0]!;
  return typeof step === 'number' ? step : 0;
}

const numbersOf = (value: Pickled | undefined): readonly (number | null)[] =>
  (itemsOf(value) ?? []).map((item) => (typeof item === 'number' && !Number.isNaN(item) ? item : null));

function historyOf(checkpoint: ReadonlyMap<Pickled, Pickled>, iterationsPerEpoch: number): TrainingHistory {
  const logging = entriesOf(checkpoint.get('logging'));
  const curve = (name: string) => numbersOf(logging.get(name));
  const [training, validation, rates] = [curve('train_losses'), curve('val_losses'), curve('lrs')];
  const [starts, ends, moving] = [curve('epoch_start_timestamps'), curve('epoch_end_timestamps'), curve('ema_fg_dice')];
  const dice = itemsOf(logging.get('dice_per_class_or_region')) ?? [];
  const [count = 0] = countsOf([checkpoint.get('current_epoch') ?? 0]) ?? [];
  const epochs = Array.from({ length: Math.min(count, training.length) }, (_, i): EpochRecord => {
    const validationLoss = validation[i] ?? undefined;
    return {
      trainingLoss: training[i] ?? Number.NaN,
      ...(validationLoss === undefined ? {} : { validationLoss }),
      pseudoDice: numbersOf(dice[i]),
      learningRate: rates[i] ?? 0,
      seconds: (ends[i] ?? 0) - (starts[i] ?? 0),
    };
  });
  const best = checkpoint.get('_best_ema');
  const known = moving.slice(0, epochs.length).map((value) => value ?? Number.NEGATIVE_INFINITY);
  return {
    ...emptyHistory(),
    losses: epochs.flatMap(({ trainingLoss }) => Array.from({ length: iterationsPerEpoch }, () => trainingLoss)),
    epochs,
    movingDice: moving[epochs.length - 1] ?? null,
    bestMovingDice: typeof best === 'number' ? best : null,
    epochsSinceBest: known.length === 0 ? 0 : known.length - 1 - known.lastIndexOf(Math.max(...known)),
  };
}
