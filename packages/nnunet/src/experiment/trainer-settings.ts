/**
 * How a network is trained: nnU-Net's numbers (nnUNetTrainer.py, v2.8.1), its named variants as changes of those numbers, and recipes of others. What nnU-Net
 * makes a class of its own for each is data here, and every number can also be set on the command line.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import { closestTo } from '../terminal/closest.ts';
import { defaultTrainer } from './model-name.ts';

export const optimizers = ['sgd', 'adam', 'adamw', 'adan'] as const;
export const schedules = ['poly', 'cosine', 'cosine-restarts', 'cosine-warm-up', 'constant'] as const;
export const augmentations = ['nnunet', 'da5', 'mild', 'nvidia', 'none'] as const;
export const losses = ['dice-ce', 'dice', 'ce', 'topk', 'dice-topk', 'dice-focal'] as const;

/** What a loss is called on charts. */
export const lossNames: Readonly<Record<(typeof losses)[number], string>> = {
  'dice-ce': 'cross-entropy − Dice',
  dice: '− Dice',
  ce: 'cross-entropy',
  topk: 'cross-entropy, worst 10 %',
  'dice-topk': 'cross-entropy, worst 10 % − Dice',
  'dice-focal': 'focal loss − Dice',
};

export interface TrainerSettings {
  readonly epochs: number;
  readonly iterationsPerEpoch: number;
  readonly validationIterations: number;
  readonly optimizer: (typeof optimizers)[number];
  readonly learningRate: number;
  readonly weightDecay: number;
  /** Of Adam: the largest second moment so far counts. */
  readonly amsgrad?: true;
  /** Of SGD, with Nesterov's correction. */
  readonly momentum: number;
  /** The gradients' common norm is clipped to it; 0 for no clipping. */
  readonly maximumNorm: number;
  readonly schedule: (typeof schedules)[number];
  /** Epochs in which the learning rate rises to its full value. */
  readonly warmUpEpochs: number;
  readonly augmentation: (typeof augmentations)[number];
  /** False: patches much thinner than wide are rotated about all axes, too. */
  readonly dummy2d?: false;
  /** Axes that patches are mirrored along: all that make sense for the patch, the first two, or none. */
  readonly mirroring: 'all' | 'first two' | 'none';
  /** What spatial transforms take by the nearest voxel, instead of interpolating it. */
  readonly nearest?: 'labels' | 'images and labels';
  /** Share of patches that must contain foreground. */
  readonly foreground: number;
  /** 'last' samples of each batch, each by chance, or each by chance with the share that the last ones have. */
  readonly oversampling: 'last' | 'probabilistic' | 'probabilistic as last';
  readonly loss: (typeof losses)[number];
  /** Batch norms instead of instance norms. */
  readonly norm?: 'batch';
  /** Dice without the small number that keeps it from 0 / 0. */
  readonly smooth?: false;
  /** 'upsampled': of the three finest outputs alone, scaled up to the target instead of this down, as NVIDIA has it. */
  readonly deepSupervision: boolean | 'upsampled';
  /** Only measures how long epochs take: nothing is kept or validated. 'same batch': without loading data. */
  readonly benchmark?: 'batches' | 'same batch';
}

const nnunetSettings: TrainerSettings = {
  epochs: 1000,
  iterationsPerEpoch: 250,
  validationIterations: 50,
  optimizer: 'sgd',
  learningRate: 1e-2,
  weightDecay: 3e-5,
  momentum: 0.99,
  maximumNorm: 12,
  schedule: 'poly',
  warmUpEpochs: 0,
  augmentation: 'nnunet',
  mirroring: 'all',
  foreground: 0.33,
  oversampling: 'last',
  loss: 'dice-ce',
  deepSupervision: true,
};

/**
 * NVIDIA DeepLearningExamples, PyTorch/Segmentation/nnUNet, main.py with `--scheduler`: Dice and cross-entropy, oversampling by chance, no clipping. Its
 * optimizer, apex's FusedAdam, decouples weight decay unless told otherwise (`adam_w_mode=True`).
 */
const nvidiaSettings: Partial<TrainerSettings> = {
  epochs: 300,
  optimizer: 'adamw',
  learningRate: 8e-4,
  weightDecay: 1e-4,
  maximumNorm: 0,
  schedule: 'cosine-restarts',
  augmentation: 'nvidia',
  foreground: 0.4,
  oversampling: 'probabilistic',
  deepSupervision: 'upsampled',
};

/** By the name of nnU-Net's class; the last ones are voxelgrad's. */
const variants: Readonly<Record<string, Partial<TrainerSettings>>> = {
  nnUNetTrainer: {},
  nnUNetTrainerNoMirroring: { mirroring: 'none' },
  nnUNetTrainer_onlyMirror01: { mirroring: 'first two' },
  nnUNetTrainerNoDA: { augmentation: 'none', mirroring: 'none' },
  nnUNetTrainerDiceLoss: { loss: 'dice' },
  nnUNetTrainerCELoss: { loss: 'ce' },
  nnUNetTrainerTopk10Loss: { loss: 'topk' },
  nnUNetTrainerDiceTopK10Loss: { loss: 'dice-topk' },
  nnUNetTrainerCosAnneal: { schedule: 'cosine' },
  nnUNetTrainerNoDeepSupervision: { deepSupervision: false },
  nnUNetTrainer_probabilisticOversampling: { oversampling: 'probabilistic as last' },
  nnUNetTrainer_probabilisticOversampling_033: { oversampling: 'probabilistic', foreground: 0.33 },
  nnUNetTrainer_probabilisticOversampling_010: { oversampling: 'probabilistic', foreground: 0.1 },
  nnUNetTrainerDiceCELoss_noSmooth: { smooth: false },
  nnUNetTrainer_warmup: { warmUpEpochs: 50 },
  nnUNetTrainer_noDummy2DDA: { dummy2d: false },
  nnUNetTrainerBN: { norm: 'batch' },
  nnUNetTrainerDA5: { augmentation: 'da5' },
  nnUNetTrainerDA5ord0: { augmentation: 'da5', nearest: 'images and labels' },
  nnUNetTrainerDA5Segord0: { augmentation: 'da5', nearest: 'labels' },
  nnUNetTrainerDA5_10epochs: { augmentation: 'da5', epochs: 10 },
  nnUNetTrainer_DASegOrd0: { nearest: 'labels' },
  nnUNetTrainer_DASegOrd0_NoMirroring: { nearest: 'labels', mirroring: 'none' },
  ...withTwoRates('nnUNetTrainerAdam', { optimizer: 'adamw', amsgrad: true }),
  ...withTwoRates('nnUNetTrainerVanillaAdam', { optimizer: 'adam' }),
  ...withTwoRates('nnUNetTrainerAdan', { optimizer: 'adan' }),
  nnUNetTrainerAdan1en1: { optimizer: 'adan', learningRate: 1e-1 },
  nnUNetTrainerAdanCosAnneal: { optimizer: 'adan', schedule: 'cosine' },
  nnUNetTrainerBenchmark_5epochs: { epochs: 5, benchmark: 'batches' },
  nnUNetTrainerBenchmark_5epochs_noDataLoading: { epochs: 5, benchmark: 'same batch' },
  nnUNetTrainer_250epochs_NoMirroring: { epochs: 250, mirroring: 'none' },
  nnUNetTrainer_2000epochs_NoMirroring: { epochs: 2000, mirroring: 'none' },
  nnUNetTrainer_4000epochs_NoMirroring: { epochs: 4000, mirroring: 'none' },
  nnUNetTrainer_8000epochs_NoMirroring: { epochs: 8000, mirroring: 'none' },
  // Of nnU-Net before 2.5, which then had augmentation on NumPy arrays: here the same is done to tensors.
  nnUNetTrainerDAOrd0: { nearest: 'images and labels' },
  // Adam learns in hundreds of steps what SGD with a momentum of 0.99 needs thousands for.
  voxelgradTrainerAdam: { optimizer: 'adam', learningRate: 1e-3, weightDecay: 0, augmentation: 'mild' },
  voxelgradTrainerNVIDIA: nvidiaSettings,
  // As its BraTS 2021 notebook trains; its network comes from plans of voxelgradPlannerNVIDIABraTS, the regions of BraTS from the data set.
  voxelgradTrainerNVIDIABraTS: { ...nvidiaSettings, epochs: 30, learningRate: 3e-4 },
};

/** The learning rate of SGD, and two that suit Adam better (nnUNetTrainerAdam.py, nnUNetTrainerAdan.py). */
function withTwoRates(name: string, settings: Partial<TrainerSettings>): Record<string, Partial<TrainerSettings>> {
  return {
    [name]: settings,
    [`${name}1en3`]: { ...settings, learningRate: 1e-3 },
    [`${name}3en4`]: { ...settings, learningRate: 3e-4 },
  };
}

/** Trainers of nnU-Net that people ask for, and what voxelgrad has not of them. */
const absent: Readonly<Record<string, string>> = {
  nnUNet_Primus_S_Trainer: 'vision transformers',
  nnUNet_Primus_B_Trainer: 'vision transformers',
  nnUNet_Primus_M_Trainer: 'vision transformers',
  nnUNet_Primus_L_Trainer: 'vision transformers',
};

export const trainerNames: readonly string[] = Object.keys(variants);

/** Numbers of epochs that nnU-Net has classes for: `nnUNetTrainer_250epochs`. */
const officialEpochs: readonly number[] = [1, 5, 10, 20, 50, 100, 250, 500, 750, 2000, 4000, 8000];

/** Trainers that nnU-Net once had. */
const former: readonly string[] = ['nnUNetTrainerDAOrd0'];

/** The class under which nnU-Net opens a checkpoint of this trainer: its own, where it has one, else the plain trainer, which predicts the same. */
export function officialTrainerName(name: string): string {
  if (Object.hasOwn(variants, name) && !isOwnTrainer(name) && !former.includes(name)) return name;
  const [, base, epochs] = nameParts(name);
  const known = epochs === undefined ? !isOwnTrainer(base) && !former.includes(base) : base === defaultTrainer;
  return known && (epochs === undefined || officialEpochs.includes(Number(epochs))) ? name : defaultTrainer;
}

/** Whether nnU-Net has no such trainer. */
export const isOwnTrainer = (name: string | undefined): boolean => name?.startsWith('voxelgrad') === true;

const nameParts = (name: string) => /^(.*?)(?:_(\d+)epochs?)?$/.exec(name) as unknown as [string, string, string?];

/** The settings of a trainer by name; `_20epochs` at its end changes their number, as in nnU-Net. Throws 'option' for names that are not known. */
export function trainerSettings(name: string): TrainerSettings {
  if (Object.hasOwn(variants, name)) return { ...nnunetSettings, ...variants[name] };
  const [, base, epochs] = nameParts(name);
  const variant = Object.hasOwn(variants, base) ? variants[base] : undefined;
  if (variant === undefined) throw unknownTrainer(name, base);
  return { ...nnunetSettings, ...variant, ...(epochs === undefined ? {} : { epochs: Number(epochs) }) };
}

function unknownTrainer(name: string, base: string): VoxelgradError {
  const lacking = [name, base].find((each) => Object.hasOwn(absent, each));
  const meant = lacking === undefined ? closestTo(base, trainerNames) : undefined;
  const help =
    lacking === undefined
      ? meant && `Did you mean ${meant}?`
      : `Only nnU-Net itself has this one: voxelgrad has not ${absent[lacking]}. Train with one of those named above.`;
  return new VoxelgradError('option', {
    what: 'trainer',
    expected: trainerNames.join(', '),
    got: name,
    ...(help === undefined ? {} : { help }),
  });
}
