/**
 * Damaged `plans.json` and `dataset_fingerprint.json` end in a typed error or in plans whose configurations can be asked for, in less than two seconds
 * and without a piece of memory above twice the file. From one seed; `VOXELGRAD_FUZZ` is how many files.
 */

// First, so that it watches what comes after it.
import '../../packages/io/src/testing/count-allocations.ts';
import {
  configurationOf,
  formatFingerprint,
  formatPlans,
  networkOptions,
  parseFingerprint,
  parsePlans,
  planExperiment,
} from '@voxelgrad/nnunet';
import { VoxelgradError } from '@voxelgrad/tensor';
import { describe, expect, it } from 'vitest';
import { hostRandom } from '../../packages/io/src/phantom/random.ts';
import { takeLargest } from '../../packages/io/src/testing/count-allocations.ts';
import { damaged } from '../../packages/io/src/testing/damage.ts';
import { type Json, oddJson } from './odd-json.ts';

const rounds = Number(process.env.VOXELGRAD_FUZZ ?? 20_000) / 2;
const description = {
  channelNames: ['CT'],
  labels: { classes: [{ name: 'a', values: [1] }], regions: false },
  fileEnding: '.nii.gz',
  numTraining: 10,
};
const fingerprint = {
  spacings: [[3, 1, 1]],
  shapes_after_crop: [[80, 300, 300]],
  median_relative_size_after_cropping: 1,
  foreground_intensity_properties_per_channel: {
    0: { max: 9, mean: 4, median: 4, min: 0, percentile_00_5: 0, percentile_99_5: 8, std: 2 },
  },
};
const files = {
  'plans.json': {
    text: formatPlans(planExperiment('Dataset001_A', description, fingerprint)),
    read(text: string): void {
      const plans = parsePlans(text, 'plans.json');
      for (const name of Object.keys(plans.configurations))
        networkOptions(configurationOf(plans, name).architecture, 1, 2);
    },
  },
  'dataset_fingerprint.json': {
    text: formatFingerprint(fingerprint),
    read(text: string): void {
      planExperiment('Dataset001_A', description, parseFingerprint(text, 'dataset_fingerprint.json'));
    },
  },
};

const cpuSeconds = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

describe('damaged plans', () => {
  it.each(Object.entries(files))('%s', { timeout: 600_000 }, (name, { text, read }) => {
    const whole = new TextEncoder().encode(text);
    const random = hostRandom(20261128, name.length);
    let [readable, slowest] = [0, 0];
    for (let round = 0; round < rounds; round++) {
      // Hardly any JSON outlives the loss of a byte: every other file is well-formed, and odd.
      const odd = round % 2 === 1;
      const changed = odd
        ? JSON.stringify(oddJson(JSON.parse(text) as Json, random))
        : new TextDecoder().decode(damaged(whole, random, whole.length));
      takeLargest();
      const before = cpuSeconds();
      try {
        read(changed);
        readable++;
      } catch (error) {
        if (!(error instanceof VoxelgradError)) throw new Error(`round ${round}: ${changed}`, { cause: error });
        expect(['format', 'option', 'dataset']).toContain(error.code);
      }
      slowest = Math.max(slowest, cpuSeconds() - before);
      expect(takeLargest()).toBeLessThanOrEqual(2 * changed.length + 1024);
    }
    console.info(`${name}: ${readable} read, ${rounds - readable} refused; the slowest took ${slowest.toFixed(3)} s`);
    expect(slowest).toBeLessThan(2);
    expect(readable).toBeGreaterThan(0);
    expect(readable).toBeLessThan(rounds);
  });
});
