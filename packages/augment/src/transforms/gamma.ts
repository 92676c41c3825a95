/**
 * Gamma correction within an image's range, of the image or of its negative, by default with mean and standard deviation restored afterwards
 * (batchgeneratorsv2, GammaTransform; the deviation is the unbiased one, as torch.std computes it).
 */
import {
  add,
  clamp,
  div,
  max,
  mean,
  min,
  mul,
  neg,
  pow,
  standardDeviation,
  sub,
  type Tensor,
  tidy,
} from '@voxelgrad/tensor';
import { type ChannelValues, channelTensor, whereGiven } from './channel-values.ts';
import { drawMultipliers, type MultiplierSettings } from './multiplier.ts';
import { drawSamples, onSamples } from './samples.ts';
import { imageStep, type Transform } from './transform.ts';

export interface GammaParameters {
  readonly gamma: ChannelValues;
  /** Corrects the negative of the image: bright values are spread instead of dark ones. */
  readonly invert: boolean;
  /** Gives each channel its mean and standard deviation back. */
  readonly retainStatistics: boolean;
}

/** Keeps constant channels from being divided by 0. */
const smallest = 1e-7;
const perChannel = { axes: [1, 2, 3], keepAxes: true } as const;

/** Corrects each channel of each sample of `image [n, d, h, w, c]`. */
export function applyGamma(image: Tensor, { gamma, invert, retainStatistics }: GammaParameters): Tensor {
  return tidy(() => {
    const x = invert ? neg(image) : image;
    const powered = powerWithinRange(x, channelTensor(gamma, 1, image.device));
    const corrected = retainStatistics ? withStatisticsOf(x, powered) : powered;
    return whereGiven(gamma, invert ? neg(corrected) : corrected, image);
  });
}

// A batch of patches is large: each part frees its intermediate results before the next one makes its own.

const powerWithinRange = (x: Tensor, exponent: Tensor): Tensor =>
  tidy(() => {
    const low = min(x, perChannel);
    const range = sub(max(x, perChannel), low);
    const share = div(sub(x, low), clamp(range, smallest, undefined));
    return add(mul(pow(share, exponent), range), low);
  });

const withStatisticsOf = (x: Tensor, changed: Tensor): Tensor =>
  tidy(() => {
    const ratio = div(deviation(x), clamp(deviation(changed), smallest, undefined));
    return add(mul(sub(changed, mean(changed, perChannel)), ratio), mean(x, perChannel));
  });

const deviation = (x: Tensor): Tensor => tidy(() => standardDeviation(x, perChannel));

export interface GammaSettings extends MultiplierSettings {
  readonly probability: number;
  readonly invert: boolean;
  readonly retainStatistics: boolean;
}

/** nnU-Net uses it twice: first inverted with probability 0.1, then plain with 0.3. */
export function gamma(settings: Partial<GammaSettings> = {}): Transform {
  const { invert = false, retainStatistics = true, probability = invert ? 0.1 : 0.3 } = settings;
  const { range = [0.7, 1.5], distribution = 'around one', synchronizeChannels = false } = settings;
  return {
    name: invert ? 'inverted gamma' : 'gamma',
    draw(random, { samples, channels }) {
      const drawn = drawSamples(random, samples, probability);
      if (drawn.length === 0) return undefined;
      const values = drawn.map(() => drawMultipliers(random, channels, { range, distribution, synchronizeChannels }));
      return imageStep((image) =>
        onSamples(image, drawn, (rows) => applyGamma(rows, { gamma: values, invert, retainStatistics })),
      );
    },
  };
}
