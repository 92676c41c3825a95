/** Learning rates and optimizers of named trainers by what their formulas say at places where the cosine is known. */
import { AdamW } from '@voxelgrad/nn';
import { openPlanning } from '@voxelgrad/tensor/node';
import { describe, expect, it } from 'vitest';
import { PlainConvUNet } from '../networks/plain-conv-unet.ts';
import { learningRateFor, optimizerFor } from './learning.ts';
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

  it('decouple weight decay, as apex does unless told otherwise', async () => {
    const device = await openPlanning();
    const network = new PlainConvUNet({ inputChannels: 1, classes: 2, features: [4, 8], device });
    expect(optimizerFor(network, trainerSettings('voxelgradTrainerNVIDIA'), false)).toBeInstanceOf(AdamW);
    await device.close();
  });
});

it('a rate by epochs does not change within one, also behind a warm-up', () => {
  const rate = learningRateFor({ ...trainerSettings('nnUNetTrainer_warmup'), epochs: 100 });
  expect(new Set([0, 100, 249].map((iteration) => rate(60, 100, iteration))).size).toBe(1);
  expect(rate(60, 100, 15_000)).toBeCloseTo(0.01 * (1 - 10 / 50) ** 0.9, 12);
});
