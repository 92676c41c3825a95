/** Learning rates and optimizers of named trainers by what their formulas say at places where the cosine is known. */
import { parseLabels } from '@voxelgrad/io';
import { AdamW } from '@voxelgrad/nn';
import { fromArray } from '@voxelgrad/tensor';
import { openDevice, openPlanning } from '@voxelgrad/tensor/node';
import { testValues } from '@voxelgrad/tensor/testing';
import { describe, expect, it } from 'vitest';
import { PlainConvUNet } from '../networks/plain-conv-unet.ts';
import { criterionFor, learningRateFor, optimizerFor } from './learning.ts';
import { trainerSettings } from './trainer-settings.ts';

describe("NVIDIA's trainers", () => {
  it.each([
    ['voxelgradTrainerNVIDIA', 8e-4],
    ['voxelgradTrainerNVIDIABraTS', 3e-4],
  ])('%s: half a cosine from %d to 8e-5, again every 4096 iterations', (name, initial) => {
    const rate = learningRateFor(trainerSettings(name));
    const at = (iteration: number) => rate(Math.floor(iteration / 250), 300, iteration);
    for (const start of [0, 4096, 8192]) {
      expect(at(start)).toBe(initial);
      expect(at(start + 2048)).toBeCloseTo((initial + 8e-5) / 2, 12);
      expect(at(start + 4095)).toBeLessThan(1.001 * 8e-5);
      // A third of the way the cosine is one half.
      expect(at(start + 4096 / 3)).toBeCloseTo(8e-5 + 0.75 * (initial - 8e-5), 12);
    }
  });

  it('may take the schedule of 2021: a rise over 250 iterations, half a cosine to the end of the run', () => {
    const rate = learningRateFor({ ...trainerSettings('voxelgradTrainerNVIDIABraTS'), schedule: 'cosine-warm-up' });
    const at = (iteration: number) => rate(Math.floor(iteration / 250), 5, iteration);
    expect([0, 125, 250].map(at)).toEqual([0, 1.5e-4, 3e-4]);
    // A third, a half and two thirds of the thousand iterations that are left.
    for (const [share, part] of [
      [1 / 3, 0.75],
      [1 / 2, 0.5],
      [2 / 3, 0.25],
    ] as const)
      expect(at(250 + 1000 * share)).toBeCloseTo(3e-4 * part, 12);
    expect(at(1250)).toBe(0);
    // Under a time budget that is half over after few iterations.
    expect(rate(3, 5, 300)).toBeCloseTo(3e-4 * 0.5, 12);
  });

  it('decouple weight decay, as apex does unless told otherwise', async () => {
    const device = await openPlanning();
    const network = new PlainConvUNet({ inputChannels: 1, classes: 2, features: [4, 8], device });
    expect(optimizerFor(network, trainerSettings('voxelgradTrainerNVIDIA'), false)).toBeInstanceOf(AdamW);
    await device.close();
  });
});

it('dice-focal for regions is the sigmoid one, and skips what is ignored', async () => {
  const device = await openDevice('cpu');
  const settings = { ...trainerSettings('nnUNetTrainer'), loss: 'dice-focal' } as const;
  const labels = parseLabels({ background: 0, whole: [1, 2], core: 2, ignore: 3 }, [1, 2], 'test');
  const shape = [2, 3, 4, 5, 2];
  const values = testValues(shape, 3).map((value) => 4 * value);
  // Regions as 0 and 1, then the mask of what is ignored.
  const truth = Float32Array.from({ length: 3 * 120 }, (_, i) => Number((i * 7) % 5 < 2));
  const [logits, target] = [fromArray(values, shape, { device }), fromArray(truth, [2, 3, 4, 5, 3], { device })];
  const focal = Array.from(values, (x, i) => {
    const [voxel, region] = [Math.floor(i / 2), i % 2];
    const p = 1 / (1 + Math.exp(truth[3 * voxel + region] === 1 ? -x : x));
    return truth[3 * voxel + 2] === 1 ? 0 : -((1 - p) ** 2) * Math.log(p);
  });
  const counted = Array.from({ length: 120 }, (_, voxel) => 1 - truth[3 * voxel + 2]!).reduce((a, b) => a + b, 0);
  const loss = (choice: 'dice' | 'dice-focal') =>
    criterionFor({ ...settings, loss: choice }, labels, true)([logits], target);
  const [dice, both] = [await loss('dice').item(), await loss('dice-focal').item()];
  expect(both - dice).toBeCloseTo(focal.reduce((a, b) => a + b, 0) / counted, 4);
  expect(() => criterionFor({ ...settings, loss: 'topk' }, labels, true)).toThrow(
    /dice-ce, dice, ce, dice-focal, got topk/,
  );
  await device.close();
});

it('a rate by epochs does not change within one, also behind a warm-up', () => {
  const rate = learningRateFor({ ...trainerSettings('nnUNetTrainer_warmup'), epochs: 100 });
  expect(new Set([0, 100, 249].map((iteration) => rate(60, 100, iteration))).size).toBe(1);
  expect(rate(60, 100, 15_000)).toBeCloseTo(0.01 * (1 - 10 / 50) ** 0.9, 12);
});
