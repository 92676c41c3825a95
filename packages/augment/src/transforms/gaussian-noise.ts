/**
 * Additive Gaussian noise (batchgeneratorsv2, GaussianNoiseTransform). What nnU-Net calls its variance is used as a standard deviation, and so it is
 * here.
 */
import { add, mul, type Tensor, tidy } from '@voxelgrad/tensor';
import { type ChannelValues, channelTensor } from './channel-values.ts';
import type { Range } from './multiplier.ts';
import { drawSamples, onSamples } from './samples.ts';
import { imageStep, type Transform } from './transform.ts';

/** Adds `noise`, `[n, d, h, w, 1 or c]` with deviation 1, times the deviations of each sample and channel. */
export const applyGaussianNoise = (image: Tensor, deviations: ChannelValues, noise: Tensor): Tensor =>
  tidy(() => add(image, mul(noise, channelTensor(deviations, 0, image.device))));

export interface GaussianNoiseSettings {
  readonly probability: number;
  /** The standard deviation is uniform in this range, in units of the normalised image. */
  readonly deviation: Range;
  /** All channels get the same noise. */
  readonly synchronizeChannels: boolean;
}

export function gaussianNoise(settings: Partial<GaussianNoiseSettings> = {}): Transform {
  const { probability = 0.1, deviation = [0, 0.1], synchronizeChannels = true } = settings;
  return {
    name: 'gaussian noise',
    draw(random, { samples, channels }) {
      const drawn = drawSamples(random, samples, probability);
      if (drawn.length === 0) return undefined;
      const deviations = drawn.map(() => new Array<number>(channels).fill(random.uniform(...deviation)));
      return imageStep((image, noise) =>
        onSamples(image, drawn, (rows) => {
          const shape = [...rows.shape.slice(0, 4), synchronizeChannels ? 1 : channels];
          return tidy(() => applyGaussianNoise(rows, deviations, noise.normal(shape, image.device)));
        }),
      );
    },
  };
}
