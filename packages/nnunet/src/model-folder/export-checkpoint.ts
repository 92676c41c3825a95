/**
 * Checkpoints that the official nnU-Net 2.8 loads, to predict with them or to train on (`nnUNetTrainer.save_checkpoint` and `load_checkpoint`):
 * weights under all their official names, optimizer, gradient scaler, log, and what the trainer was made with. `torch.load(weights_only=True)` reads
 * them. The same model gives the same bytes.
 */
import { encodeTorchFile, type Pickled, PickledFloat, PickledTuple, TensorToSave, TorchDevice } from '@voxelgrad/io';
import { Adam, AdamW, Adan, type Optimizer, type ParameterState, toTorchLayout, toTorchShape } from '@voxelgrad/nn';
import { type Tensor, VoxelgradError } from '@voxelgrad/tensor';
import { defaultTrainer } from '../experiment/model-name.ts';
import type { SegmentationNetwork } from '../networks/unet.ts';
import type { Plans } from '../plan/plans.ts';
import type { Fold } from '../splits/splits.ts';
import { emptyHistory, meanDice, movingAverage, type TrainingHistory } from '../train/history.ts';
import { officialNames, originalName } from './official-names.ts';

export interface CheckpointExport {
  readonly network: SegmentationNetwork;
  readonly plans: Plans;
  readonly configuration: string;
  readonly fold: Fold;
  /** dataset.json as it stands. */
  readonly datasetJson: unknown;
  /** Spatial axes along which predictions may be mirrored. */
  readonly mirrorAxes: readonly number[];
  readonly trainer?: string;
  readonly history?: TrainingHistory;
  /** With it, the official trainer can go on training. */
  readonly optimizer?: ExportedOptimizer;
}

export interface ExportedOptimizer {
  readonly optimizer: Optimizer;
  /** The settings of the first epoch, as PyTorch's `param_groups` have them. */
  readonly initialLearningRate: number;
  readonly weightDecay: number;
  readonly momentum?: number;
  readonly nesterov?: boolean;
  /** Whether the loss is scaled, in mixed precision. */
  readonly lossScaling?: boolean;
}

/** The bytes of `checkpoint_final.pth`. Weights are read from the device one after the other, as they are written. */
export async function encodeNnunetCheckpoint(model: CheckpointExport): Promise<AsyncIterable<Uint8Array>> {
  const history = model.history ?? emptyHistory();
  return encodeTorchFile(
    dict({
      network_weights: networkWeights(model.network),
      optimizer_state: model.optimizer === undefined ? emptyOptimizer() : await optimizerState(model, model.optimizer),
      grad_scaler_state: await scalerState(model.optimizer),
      logging: loggingOf(history),
      _best_ema: history.bestMovingDice === null ? null : new PickledFloat(history.bestMovingDice),
      current_epoch: history.epochs.length,
      init_args: dict({
        plans: fromJson(model.plans),
        configuration: model.configuration,
        fold: model.fold,
        dataset_json: fromJson(model.datasetJson),
        device: new TorchDevice('cpu'),
      }),
      trainer_name: model.trainer ?? defaultTrainer,
      inference_allowed_mirroring_axes: new PickledTuple(model.mirrorAxes),
    }),
    'checkpoint_final',
  );
}

/** The weights alone under the official names: what `network.load_state_dict` takes. */
export const encodeStateDict = (network: SegmentationNetwork): AsyncIterable<Uint8Array> =>
  encodeTorchFile(networkWeights(network), 'state_dict');

function networkWeights(network: SegmentationNetwork): Map<Pickled, Pickled> {
  const own = new Map(network.namedState().map(([name, tensor]) => [name, torchTensor(name, tensor)]));
  return new Map(officialNames([...own.keys()]).map((name) => [name, own.get(name) ?? own.get(originalName(name))!]));
}

/** Counts are whole numbers in PyTorch. */
const torchTensor = (name: string, parameter: Tensor): TensorToSave =>
  name.endsWith('.num_batches_tracked')
    ? new TensorToSave('i64', [], async () => BigInt64Array.of(BigInt(await parameter.item())))
    : new TensorToSave('f32', toTorchShape(parameter.shape), async () =>
        toTorchLayout((await parameter.data()) as Float32Array, parameter.shape),
      );

/** Names of optimizers' states in PyTorch, by our own. */
export const optimizerStateNames: Readonly<Record<string, string>> = {
  momentum: 'momentum_buffer',
  'first moment': 'exp_avg',
  'second moment': 'exp_avg_sq',
  'largest second moment': 'max_exp_avg_sq',
  'previous gradient': 'prev_grad',
  'moving gradient': 'm',
  'moving difference': 'v',
  'moving square': 'n',
};

async function optimizerState({ network }: CheckpointExport, exported: ExportedOptimizer): Promise<Pickled> {
  const { optimizer } = exported;
  const states = await optimizer.parameterStates();
  const parameters = network.parameters();
  if (states.length !== parameters.length || states.some(({ parameter }, i) => parameter !== parameters[i]))
    throw new VoxelgradError('option', {
      what: 'optimizer to export',
      expected: 'one over all parameters of the network, in their order',
      got: 'another',
    });
  const { steps } = await optimizer.statistics();
  return dict({
    state: new Map(steps === 0 ? [] : states.map((state, i) => [i, parameterState(state, optimizer, steps)])),
    param_groups: [
      parameterGroup(exported, parameters.length, states[0]?.values.has('largest second moment') ?? false),
    ],
  });
}

function parameterState({ parameter, values }: ParameterState, optimizer: Optimizer, steps: number): Pickled {
  const entries = [...values].map(([name, data]): [string, Pickled] => [
    optimizerStateNames[name]!,
    new TensorToSave('f32', toTorchShape(parameter.shape), () => toTorchLayout(data, parameter.shape)),
  ]);
  return new Map<Pickled, Pickled>([...stepEntry(optimizer, steps), ...entries]);
}

function stepEntry(optimizer: Optimizer, steps: number): [string, Pickled][] {
  if (optimizer instanceof Adan) return [['step', steps]];
  return optimizer instanceof Adam ? [['step', new TensorToSave('f32', [], () => Float32Array.of(steps))]] : [];
}

function parameterGroup(exported: ExportedOptimizer, count: number, amsgrad: boolean): Pickled {
  const { optimizer, initialLearningRate, weightDecay, momentum = 0, nesterov = false } = exported;
  const adam = optimizer instanceof Adam;
  const rates = { lr: new PickledFloat(optimizer.learningRate), initial_lr: new PickledFloat(initialLearningRate) };
  const params = Array.from({ length: count }, (_, i) => i);
  if (optimizer instanceof Adan)
    return dict({
      lr: rates.lr,
      betas: new PickledTuple([0.02, 0.08, 0.01].map((beta) => new PickledFloat(beta))),
      eps: new PickledFloat(1e-8),
      weight_decay: new PickledFloat(weightDecay),
      restart_cond: null,
      initial_lr: rates.initial_lr,
      params,
    });
  return dict({
    lr: rates.lr,
    ...(adam
      ? { betas: new PickledTuple([0.9, 0.999].map((beta) => new PickledFloat(beta))), eps: new PickledFloat(1e-8) }
      : { momentum: new PickledFloat(momentum), dampening: 0 }),
    weight_decay: new PickledFloat(weightDecay),
    ...(adam ? { amsgrad } : { nesterov }),
    maximize: false,
    foreach: null,
    ...(adam ? { capturable: false } : {}),
    differentiable: false,
    fused: null,
    ...(adam ? { decoupled_weight_decay: optimizer instanceof AdamW } : {}),
    initial_lr: rates.initial_lr,
    params,
  });
}

const emptyOptimizer = (): Pickled => dict({ state: new Map(), param_groups: [] });

/** torch.amp.GradScaler's state; None where the loss is not scaled, as the trainer writes it. */
async function scalerState(exported: ExportedOptimizer | undefined): Promise<Pickled> {
  if (exported?.lossScaling !== true) return null;
  const { lossScale } = await exported.optimizer.statistics();
  return dict({
    scale: new PickledFloat(lossScale),
    growth_factor: new PickledFloat(2),
    backoff_factor: new PickledFloat(0.5),
    growth_interval: 2000,
    _growth_tracker: 0,
  });
}

/** The trainer's log: a list for each curve, with one value an epoch. */
function loggingOf({ epochs }: TrainingHistory): Pickled {
  const floats = (values: readonly (number | null)[]): Pickled[] =>
    values.map((value) => new PickledFloat(value ?? Number.NaN));
  const means = epochs.map(({ pseudoDice }) => meanDice(pseudoDice));
  const moving: (number | null)[] = [];
  for (const mean of means) {
    const before = moving.at(-1) ?? null;
    moving.push(mean === null ? before : movingAverage(before, mean));
  }
  // Epochs are given one after the other, from zero: when they ran is not kept.
  const ends = epochs.map((_, i) => epochs.slice(0, i + 1).reduce((sum, { seconds }) => sum + seconds, 0));
  return dict({
    mean_fg_dice: floats(means),
    ema_fg_dice: floats(moving),
    dice_per_class_or_region: epochs.map(({ pseudoDice }) => floats(pseudoDice)),
    train_losses: floats(epochs.map(({ trainingLoss }) => trainingLoss)),
    val_losses: floats(epochs.map(({ validationLoss }) => validationLoss ?? null)),
    lrs: floats(epochs.map(({ learningRate }) => learningRate)),
    epoch_start_timestamps: floats([0, ...ends].slice(0, ends.length)),
    epoch_end_timestamps: floats(ends),
  });
}

const dict = (entries: Readonly<Record<string, Pickled>>): Map<Pickled, Pickled> => new Map(Object.entries(entries));

/** JSON as Python's `json.load` gives it. */
function fromJson(value: unknown): Pickled {
  if (Array.isArray(value)) return value.map(fromJson);
  if (typeof value === 'object' && value !== null)
    return new Map(
      Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(([key, item]) => [key, fromJson(item)]),
    );
  return value === undefined ? null : (value as Pickled);
}
