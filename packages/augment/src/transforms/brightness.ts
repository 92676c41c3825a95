/**
 * Brightness: every value times a factor (batchgeneratorsv2, MultiplicativeBrightnessTransform), or shifted by a normally distributed number
 * (BrightnessAdditiveTransform).
 */
import { add, mul, type Tensor, tidy } from '@voxelgrad/tensor';
import { type ChannelValues, channelTensor, someChannels } from './channel-values.ts';
import { drawMultipliers, type MultiplierSettings } from './multiplier.ts';
import { drawSamples, onSamples } from './samples.ts';
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

/** Adds its shift to each channel of each sample of `image [n, d, h, w, c]`. */
export const applyAdditiveBrightness = (image: Tensor, shifts: ChannelValues): Tensor =>
  tidy(() => add(image, channelTensor(shifts, 0, image.device)));

export interface AdditiveBrightnessSettings {
  readonly probability: number;
  /** Chance of each channel of a drawn sample. */
  readonly channelProbability: number;
  /** Of the shifts, whose mean is 0. */
  readonly deviation: number;
}

export const additiveBrightness = ({
  probability,
  channelProbability,
  deviation,
}: AdditiveBrightnessSettings): Transform => ({
  name: 'additive brightness',
  draw(random, { samples, channels }) {
    const drawn = drawSamples(random, samples, probability);
    if (drawn.length === 0) return undefined;
    const shifts = drawn.map(() =>
      someChannels(
        random,
        Array.from({ length: channels }, () => random.normal(0, deviation)),
        channelProbability,
      ),
    );
    return imageStep((image) => onSamples(image, drawn, (rows) => applyAdditiveBrightness(rows, shifts)));
  },
});
