/** Trainers by nnU-Net's names have the numbers of its classes, and those that are missing are named. */
import { expect, it } from 'vitest';
import { officialTrainerName, trainerNames, trainerSettings } from './trainer-settings.ts';

const standard = trainerSettings('nnUNetTrainer');

// nnunetv2/training/nnUNetTrainer/variants, v2.8.1.
it.each([
  ['nnUNetTrainerAdam', { optimizer: 'adamw', amsgrad: true, learningRate: 1e-2, weightDecay: 3e-5 }],
  ['nnUNetTrainerAdam1en3', { optimizer: 'adamw', amsgrad: true, learningRate: 1e-3 }],
  ['nnUNetTrainerAdam3en4', { optimizer: 'adamw', amsgrad: true, learningRate: 3e-4 }],
  ['nnUNetTrainerVanillaAdam', { optimizer: 'adam', learningRate: 1e-2, weightDecay: 3e-5 }],
  ['nnUNetTrainerVanillaAdam3en4', { optimizer: 'adam', learningRate: 3e-4 }],
  ['nnUNetTrainer_noDummy2DDA', { dummy2d: false }],
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

it.each([
  'nnUNetTrainerBN',
  'nnUNetTrainerDA5',
  'nnUNetTrainerDAOrd0',
  'nnUNetTrainerBenchmark_5epochs',
  'nnUNetTrainerDA5_20epochs',
])('says of %s what is missing, and lists what there is', (name) => {
  expect(() => trainerSettings(name)).toThrow(
    /expected nnUNetTrainer, .*\nhelp: Only nnU-Net itself has this one: voxelgrad has not /,
  );
});

it('names the trainer that was meant', () => {
  expect(() => trainerSettings('nnUNetTrainerAdan1')).toThrow(/Did you mean nnUNetTrainerAdam\?/);
  for (const name of trainerNames) trainerSettings(name);
});
