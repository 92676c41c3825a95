/** Multiplicative brightness: every value times a factor (batchgeneratorsv2, MultiplicativeBrightnessTransform). */
import { mul, type Tensor, tidy } from '@voxelgrad/tensor';
import { type ChannelValues, channelTensor } from './channel-values.ts';
import { drawMultipliers, type MultiplierSettings } from './multiplier.ts';
import { drawSamples } from './samples.ts';
import { imageStep, type Transform } from './transform.ts';

/** Multiplies each channel of each sample of `image [n, d, h, w, c]` by its factor. */
export const applyBrightness = (image: Tensor, factors: ChannelValues): Tensor =>
  tidy(() => mul(image, channelTensor(factors, 1, image.device)));

export interface BrightnessSettings extends MultiplierSettings {
  readonly probability: number;
}

export function brightness(settings: Partial<BrightnessSettings> = {}): Transform {
  const {
    probability = 0.15,
    range = [0.75, 1.25],
    distribution = 'around one',
    synchronizeChannels = false,
  } = settings;
  return {
    name: 'brightness',
    draw(random, { samples, channels }) {
      const factors = Array.from({ length: samples }, () => new Array<number | undefined>(channels).fill(undefined));
      const drawn = drawSamples(random, samples, probability);
      if (drawn.length === 0) return undefined;
      for (const sample of drawn)
        factors[sample] = drawMultipliers(random, channels, { range, distribution, synchronizeChannels });
      return imageStep((image) => applyBrightness(image, factors));
    },
  };
}
