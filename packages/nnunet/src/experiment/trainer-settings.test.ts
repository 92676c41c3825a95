/** Trainers by nnU-Net's names have the numbers of its classes, and those that are missing are named. */
import { expect, it } from 'vitest';
import { oversamplingOf } from './fold-batches.ts';
import { officialTrainerName, trainerNames, trainerSettings } from './trainer-settings.ts';

const standard = trainerSettings('nnUNetTrainer');

// nnunetv2/training/nnUNetTrainer/variants, v2.8.1.
it.each([
  ['nnUNetTrainerAdam', { optimizer: 'adamw', amsgrad: true, learningRate: 1e-2, weightDecay: 3e-5 }],
  ['nnUNetTrainerAdam1en3', { optimizer: 'adamw', amsgrad: true, learningRate: 1e-3 }],
  ['nnUNetTrainerAdam3en4', { optimizer: 'adamw', amsgrad: true, learningRate: 3e-4 }],
  ['nnUNetTrainerVanillaAdam', { optimizer: 'adam', learningRate: 1e-2, weightDecay: 3e-5 }],
  ['nnUNetTrainerVanillaAdam3en4', { optimizer: 'adam', learningRate: 3e-4 }],
  ['nnUNetTrainerAdan', { optimizer: 'adan', learningRate: 1e-2, weightDecay: 3e-5 }],
  ['nnUNetTrainerAdan1en3', { optimizer: 'adan', learningRate: 1e-3 }],
  ['nnUNetTrainerAdan3en4', { optimizer: 'adan', learningRate: 3e-4 }],
  ['nnUNetTrainerAdan1en1', { optimizer: 'adan', learningRate: 0.1 }],
  ['nnUNetTrainerAdanCosAnneal', { optimizer: 'adan', schedule: 'cosine' }],
  ['nnUNetTrainer_noDummy2DDA', { dummy2d: false }],
  ['nnUNetTrainerBenchmark_5epochs', { epochs: 5, benchmark: 'batches' }],
  ['nnUNetTrainerBenchmark_5epochs_noDataLoading', { epochs: 5, benchmark: 'same batch' }],
  ['nnUNetTrainerBN', { norm: 'batch' }],
  ['nnUNetTrainerDA5', { augmentation: 'da5' }],
  ['nnUNetTrainerDA5ord0', { augmentation: 'da5', nearest: 'images and labels' }],
  ['nnUNetTrainerDA5Segord0', { augmentation: 'da5', nearest: 'labels' }],
  ['nnUNetTrainerDA5_10epochs', { augmentation: 'da5', epochs: 10 }],
  ['nnUNetTrainer_DASegOrd0', { nearest: 'labels' }],
  ['nnUNetTrainer_DASegOrd0_NoMirroring', { nearest: 'labels', mirroring: 'none' }],
  ['nnUNetTrainerDiceCELoss_noSmooth', { smooth: false }],
  ['nnUNetTrainer_probabilisticOversampling_033', { oversampling: 'probabilistic' }],
  ['nnUNetTrainer_probabilisticOversampling_010', { oversampling: 'probabilistic', foreground: 0.1 }],
  ['nnUNetTrainer_1epoch', { epochs: 1 }],
  ['nnUNetTrainer_5epochs', { epochs: 5 }],
  ['nnUNetTrainer_8000epochs', { epochs: 8000 }],
  ['nnUNetTrainer_250epochs_NoMirroring', { epochs: 250, mirroring: 'none' }],
])('%s changes what its class changes, and no more', (name, changed) => {
  expect(trainerSettings(name)).toEqual({ ...standard, ...changed });
  expect(officialTrainerName(name)).toBe(name);
});

it('has the numbers of the plain trainer', () => {
  expect(standard).toMatchObject({
    epochs: 1000,
    iterationsPerEpoch: 250,
    validationIterations: 50,
    learningRate: 0.01,
  });
  expect([standard.amsgrad, standard.dummy2d]).toEqual([undefined, undefined]);
});

it.each(['nnUNet_Primus_M_Trainer', 'nnUNet_Primus_L_Trainer_20epochs'])(
  'says of %s what is missing, and lists what there is',
  (name) => {
    expect(() => trainerSettings(name)).toThrow(
      /expected nnUNetTrainer, .*\nhelp: Only nnU-Net itself has this one: voxelgrad has not /,
    );
  },
);

it('names the trainer that was meant', () => {
  expect(() => trainerSettings('nnUNetTrainerAdon')).toThrow(/Did you mean nnUNetTrainerAda[mn]\?/);
  for (const name of trainerNames) trainerSettings(name);
});

it('writes checkpoints of trainers that nnU-Net no longer has under the name of its plain one', () => {
  expect(trainerSettings('nnUNetTrainerDAOrd0')).toEqual({ ...standard, nearest: 'images and labels' });
  expect(officialTrainerName('nnUNetTrainerDAOrd0')).toBe('nnUNetTrainer');
  expect(officialTrainerName('nnUNetTrainerDAOrd0_5epochs')).toBe('nnUNetTrainer');
});

// Samples i of a batch of b that are not i < round(b · 0.67), Python's rounding, as nnUNetTrainer_probabilisticOversampling counts them.
it.each([
  [2, 1 / 2],
  [3, 1 / 3],
  [9, 3 / 9],
  [12, 4 / 12],
  [1, 0],
])('foreground by chance in a batch of %d has the share that the last samples have', (batch, share) => {
  const { foreground, oversampling } = oversamplingOf(
    trainerSettings('nnUNetTrainer_probabilisticOversampling'),
    batch,
  );
  expect(foreground).toBeCloseTo(share, 12);
  expect(oversampling).toBe('probabilistic');
  expect(oversamplingOf(standard, batch)).toEqual({ foreground: 0.33, oversampling: 'last' });
});
