/** Separable Gaussian blur with a width of its own for each sample, channel and axis (batchgeneratorsv2, GaussianBlurTransform). */
import { filterAxis, fromArray, roundHalfEven, type Tensor, type Triple, tidy } from '@voxelgrad/tensor';
import type { Range } from './multiplier.ts';
import { drawSamples, onSamples } from './samples.ts';
import { imageStep, type Transform } from './transform.ts';

/** How long the filter for a standard deviation is, in voxels; odd. */
export type FilterLength = (deviation: number) => number;

/** nnU-Net's: the odd number nearest to 6 σ + 0.5, so the tails are cut at about 3 σ. */
export function nnunetFilterLength(deviation: number): number {
  const wanted = deviation * 6 + 0.5;
  const rounded = roundHalfEven(wanted);
  if (rounded % 2 === 1) return rounded;
  return wanted >= rounded ? rounded + 1 : rounded - 1;
}

/** DALI's: 3 σ to either side, rounded up. */
export const daliFilterLength: FilterLength = (deviation) => 2 * Math.ceil(3 * deviation) + 1;

/** A Gaussian at whole distances from its middle, normalised to the sum 1. */
export function gaussianTaps(deviation: number, length: number): number[] {
  const taps = Array.from({ length }, (_, i) => Math.exp(-0.5 * ((i - (length - 1) / 2) / deviation) ** 2));
  const total = taps.reduce((sum, tap) => sum + tap, 0);
  return taps.map((tap) => tap / total);
}

/** `[sample][channel]`: standard deviations in voxels along depth, height and width; undefined leaves the channel as it is. */
export type BlurDeviations = readonly (readonly (Triple | undefined)[])[];

/** Blurs each channel of each sample of `image [n, d, h, w, c]`; the image is mirrored at its edges. Axes of one voxel are left alone. */
export function applyGaussianBlur(
  image: Tensor,
  deviations: BlurDeviations,
  filterLength = nnunetFilterLength,
): Tensor {
  return tidy(() =>
    ([0, 1, 2] as const).reduce((blurred, axis) => {
      if (image.shape[axis + 1] === 1) return blurred;
      const along = deviations.flatMap((channels) => channels.map((triple) => triple?.[axis]));
      const lengths = along.map((deviation) => (deviation === undefined ? 1 : filterLength(deviation)));
      const longest = Math.max(...lengths);
      const taps = new Float32Array(along.length * longest);
      for (const [i, deviation] of along.entries()) {
        const length = lengths[i]!;
        taps.set(deviation === undefined ? [1] : gaussianTaps(deviation, length), i * longest + (longest - length) / 2);
      }
      const shape = [image.shape[0]!, image.shape[4]!, longest];
      return filterAxis(blurred, fromArray(taps, shape, { device: image.device }), (axis + 1) as 1 | 2 | 3);
    }, image),
  );
}

export interface GaussianBlurSettings {
  readonly probability: number;
  /** Chance of each channel of a drawn sample. */
  readonly channelProbability: number;
  /** The standard deviation in voxels is uniform in this range. */
  readonly deviation: Range;
  /** One deviation for all axes and channels of a sample, or for all axes of each channel. */
  readonly synchronize: boolean | 'axes';
  readonly filterLength: FilterLength;
}

export function gaussianBlur(settings: Partial<GaussianBlurSettings> = {}): Transform {
  const { probability = 0.2, channelProbability = 0.5, deviation = [0.5, 1], synchronize = false } = settings;
  const { filterLength = nnunetFilterLength } = settings;
  return {
    name: 'gaussian blur',
    draw(random, { samples, channels }) {
      const drawOne = (): number => random.uniform(...deviation);
      const drawn = drawSamples(random, samples, probability).map((sample) => {
        const common = drawOne();
        const triples = Array.from({ length: channels }, (): Triple | undefined => {
          if (!random.chance(channelProbability)) return undefined;
          if (synchronize === false) return [drawOne(), drawOne(), drawOne()];
          const deviation = synchronize === 'axes' ? drawOne() : common;
          return [deviation, deviation, deviation];
        });
        return { sample, triples };
      });
      const blurred = drawn.filter(({ triples }) => triples.some((triple) => triple !== undefined));
      if (blurred.length === 0) return undefined;
      const which = blurred.map(({ sample }) => sample);
      const deviations = blurred.map(({ triples }) => triples);
      return imageStep((image) => onSamples(image, which, (rows) => applyGaussianBlur(rows, deviations, filterLength)));
    },
  };
}
