/** NVIDIA's networks: poolings worked out by hand after the rule of its `get_unet_params`, for patches and spacings of its table. */
import { type DatasetDescription, parseLabels } from '@voxelgrad/io';
import { describe, expect, it } from 'vitest';
import type { DatasetFingerprint } from '../fingerprint/fingerprint.ts';
import { inputChannelNames } from './channels.ts';
import { nvidiaTopology } from './nvidia-network.ts';
import { configurationOf, parsePlans } from './parse-plans.ts';
import { type PlannerOptions, planExperiment } from './planner.ts';
import { formatPlans } from './plans.ts';

const [one, two, three] = [
  [1, 1, 1],
  [2, 2, 2],
  [3, 3, 3],
];

describe('poolings', () => {
  it('of BraTS 2021: six times in two along every axis, down to 2 voxels', () => {
    expect(nvidiaTopology([1, 1, 1], [128, 128, 128], { depth: 6, smallestFeatureMap: 2 })).toEqual({
      strides: [one, two, two, two, two, two, two],
      kernels: [three, three, three, three, three, three, three],
      patch: [128, 128, 128],
      divisors: [64, 64, 64],
    });
  });

  it('of the prostate: slices first, and its sixth stage where the depth ends', () => {
    // 20 × 320 × 256 at 3.6 × 0.62 × 0.62 mm; ratios 5.8, 2.9, 1.5, then all within two; 20 slices are halved twice.
    const flat = [1, 2, 2];
    expect(nvidiaTopology([3.6, 0.62, 0.62], [20, 320, 256])).toEqual({
      strides: [one, flat, flat, two, two, flat],
      kernels: [[1, 3, 3], [1, 3, 3], three, three, three, three],
      patch: [20, 320, 256],
      divisors: [4, 32, 32],
    });
  });

  it('take axes that are exactly twice as coarse along, and stop at the least feature map', () => {
    const { strides, kernels } = nvidiaTopology([2, 1, 1], [16, 32, 32], { smallestFeatureMap: 8 });
    expect(strides).toEqual([one, two, [1, 2, 2]]);
    expect(kernels).toEqual([three, three, three]);
  });

  it('make patches larger until they divide', () => {
    // 36 is 9 · 4, which is halved to 4.5; 48 is 3 · 16.
    const { patch, divisors } = nvidiaTopology([1, 1], [36, 48]);
    expect(patch.map((extent, axis) => extent % divisors[axis]!)).toEqual([0, 0]);
    expect([patch, divisors]).toEqual([
      [40, 48],
      [8, 8],
    ]);
  });
});

describe('plans', () => {
  const fingerprint: DatasetFingerprint = {
    spacings: Array.from({ length: 50 }, () => [1, 1, 1]),
    shapes_after_crop: Array.from({ length: 50 }, () => [140, 171, 136]),
    median_relative_size_after_cropping: 1,
    foreground_intensity_properties_per_channel: {},
  };
  const labels = { background: 0, 'whole tumor': [1, 2, 3], 'tumor core': [2, 3], 'enhancing tumor': [3] };
  const description: DatasetDescription = {
    channelNames: ['T1', 'T1ce', 'T2', 'Flair'],
    labels: parseLabels(labels, [1, 2, 3], 'test'),
    fileEnding: '.nii.gz',
    numTraining: 50,
  };
  const planned = (options: PlannerOptions) => {
    const plans = planExperiment('Dataset137_BraTS21', description, fingerprint, options);
    expect(parsePlans(formatPlans(plans))).toEqual(JSON.parse(formatPlans(plans)));
    return plans;
  };

  it('of BraTS have the network, patch and channel of the notebook', () => {
    const plans = planned({ planner: 'voxelgradPlannerNVIDIABraTS' });
    expect(Object.keys(plans.configurations)).toEqual(['2d', '3d_fullres']);
    const configuration = configurationOf(plans, '3d_fullres');
    expect(configuration).toMatchObject({
      data_identifier: 'voxelgradNVIDIABraTSPlans_3d_fullres',
      patch_size: [128, 128, 128],
      batch_size: 2,
      batch_dice: true,
    });
    expect(configuration.architecture.arch_kwargs.features_per_stage).toEqual([64, 96, 128, 192, 256, 384, 512]);
    expect(inputChannelNames(description, configuration)).toEqual(['T1', 'T1ce', 'T2', 'Flair', 'foreground']);
  });

  it('have 32 to 320 features and the data of nnU-Net by default, and change what is asked for', () => {
    const plans = planned({ planner: 'voxelgradPlannerNVIDIA' });
    const configuration = configurationOf(plans, '3d_fullres');
    expect(configuration.architecture.arch_kwargs.features_per_stage).toEqual([32, 64, 128, 256, 320, 320]);
    expect([configuration.data_identifier, configuration.foreground_mask_channel]).toEqual([
      'nnUNetPlans_3d_fullres',
      undefined,
    ]);
    const changed = planned({
      planner: 'voxelgradPlannerNVIDIA',
      network: { depth: 2, features: [8, 16, 24], patch: [32, 48, 64], foregroundMask: true },
    });
    expect(configurationOf(changed, '3d_fullres')).toMatchObject({
      patch_size: [32, 48, 64],
      foreground_mask_channel: true,
    });
  });

  it('are refused where the filters do not fit, or the planner is another', () => {
    const network = { features: [8, 16] };
    expect(() => planned({ planner: 'voxelgradPlannerNVIDIA', network })).toThrow(
      /expected \d+, one for each stage, got 2/,
    );
    expect(() => planned({ network })).toThrow(/one of NVIDIA's planners, got ExperimentPlanner/);
  });
});
