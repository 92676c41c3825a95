/** Plans for a given memory: what they take is counted on a device that only keeps books, so every bound can be checked. */
import { parseLabels } from '@voxelgrad/io';
import { describeOnEach } from '@voxelgrad/tensor/testing';
import { describe, expect, it } from 'vitest';
import type { DatasetFingerprint } from '../../fingerprint/fingerprint.ts';
import { configurationOf } from '../parse-plans.ts';
import { type MemoryTargets, planExperiment } from '../planner.ts';
import { measureDeviceMemory } from './device-memory.ts';
import { fittingTargets, trainingBytes } from './training-memory.ts';

const fingerprint: DatasetFingerprint = {
  spacings: Array.from({ length: 200 }, () => [1, 1, 1]),
  shapes_after_crop: Array.from({ length: 200 }, () => [96, 112, 104]),
  median_relative_size_after_cropping: 1,
  foreground_intensity_properties_per_channel: {},
};
const labels = parseLabels({ background: 0, a: 1, b: 2 }, undefined, 'test');
const planFor = (memory: MemoryTargets) =>
  planExperiment('Dataset001_A', { channelNames: ['T1', 'T2'], labels, numTraining: 200 }, fingerprint, { memory });
const voxels = ({ patch_size, batch_size }: { patch_size: readonly number[]; batch_size: number }): number =>
  patch_size.reduce((product, extent) => product * extent, batch_size);

describe('fittingTargets', () => {
  it('uses the memory, and no more', async () => {
    const sizes: number[] = [];
    for (const bytes of [1e9, 4e9]) {
      const plans = planFor(await fittingTargets(planFor, 3, { bytes, mixedPrecision: false }));
      for (const name of ['2d', '3d_fullres']) {
        const taken = await trainingBytes(configurationOf(plans, name), 3, false);
        expect(taken).toBeLessThanOrEqual(bytes);
        expect(taken).toBeGreaterThan(bytes / 2);
      }
      sizes.push(voxels(configurationOf(plans, '3d_fullres')));
    }
    expect(sizes[1]).toBeGreaterThan(2 * sizes[0]!);
  }, 120_000);

  it('takes less for mixed precision, and refuses what nothing fits into', async () => {
    const configuration = configurationOf(planFor({ '2d': 1, '3d': 1 }), '3d_fullres');
    expect(await trainingBytes(configuration, 3, true)).toBeLessThan(
      0.75 * (await trainingBytes(configuration, 3, false)),
    );
    await expect(fittingTargets(planFor, 3, { bytes: 1e6, mixedPrecision: false })).rejects.toThrow(
      /a 2d plan for 0\.00100 GB: expected memory for a small patch/,
    );
  }, 60_000);
});

describeOnEach('measureDeviceMemory on $name', ({ open }) => {
  it('finds what it may take, and gives it back', async () => {
    const device = await open();
    const before = device.memory().usedBytes;
    const limit = 2 ** 26;
    const { bytes, largestTensor } = await measureDeviceMemory(device, limit);
    expect(bytes).toBeGreaterThan(limit / 2);
    expect(bytes).toBeLessThanOrEqual(limit);
    expect(largestTensor).toBeGreaterThan(0);
    expect(device.memory().usedBytes).toBe(before);
  });
});
