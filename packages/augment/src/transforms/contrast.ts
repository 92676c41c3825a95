/** Contrast: distances from the mean are multiplied, and the result kept in the image's range (batchgeneratorsv2, ContrastTransform). */
import { add, max, maximum, mean, min, minimum, mul, sub, type Tensor, tidy } from '@voxelgrad/tensor';
import { type ChannelValues, channelTensor, someChannels, whereGiven } from './channel-values.ts';
import { drawMultipliers, type MultiplierSettings } from './multiplier.ts';
import { drawSamples, onSamples } from './samples.ts';
import { imageStep, type Transform } from './transform.ts';

export interface ContrastParameters {
  readonly factors: ChannelValues;
  /** What stays in place: each channel's mean, or 0 (as in NVIDIA's recipe). */
  readonly about?: 'mean' | 'zero';
  /** The range that values are clamped to: each channel's own, that of all the sample's channels, or none. */
  readonly range?: 'channel' | 'sample' | 'none';
}

/** Changes the contrast of each channel of each sample of `image [n, d, h, w, c]`. */
export function applyContrast(
  image: Tensor,
  { factors, about = 'mean', range = 'channel' }: ContrastParameters,
): Tensor {
  return tidy(() => {
    const factor = channelTensor(factors, 1, image.device);
    const stretched = about === 'zero' ? mul(image, factor) : stretchAboutMean(image, factor);
    return whereGiven(factors, range === 'none' ? stretched : clampToRange(stretched, image, range), image);
  });
}

function stretchAboutMean(image: Tensor, factor: Tensor): Tensor {
  const centre = mean(image, { axes: [1, 2, 3], keepAxes: true });
  return add(mul(sub(image, centre), factor), centre);
}

function clampToRange(values: Tensor, image: Tensor, range: 'channel' | 'sample'): Tensor {
  const options = { axes: range === 'channel' ? [1, 2, 3] : [1, 2, 3, 4], keepAxes: true };
  return minimum(maximum(values, min(image, options)), max(image, options));
}

export interface ContrastSettings extends MultiplierSettings, Required<Omit<ContrastParameters, 'factors' | 'range'>> {
  readonly probability: number;
  /** Chance of each channel of a drawn sample; 1 by default. */
  readonly channelProbability?: number;
  readonly clampTo: 'channel' | 'sample' | 'none';
}

export function contrast(settings: Partial<ContrastSettings> = {}): Transform {
  const {
    probability = 0.15,
    range = [0.75, 1.25],
    distribution = 'around one',
    synchronizeChannels = false,
  } = settings;
  const { about = 'mean', clampTo = 'channel', channelProbability = 1 } = settings;
  return {
    name: 'contrast',
    draw(random, { samples, channels }) {
      const drawn = drawSamples(random, samples, probability);
      if (drawn.length === 0) return undefined;
      const drawFactors = () => drawMultipliers(random, channels, { range, distribution, synchronizeChannels });
      const factors = drawn.map(() => someChannels(random, drawFactors(), channelProbability));
      return imageStep((image) =>
        onSamples(image, drawn, (rows) => applyContrast(rows, { factors, about, range: clampTo })),
      );
    },
  };
}
