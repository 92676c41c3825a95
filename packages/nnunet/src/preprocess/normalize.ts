/** nnU-Net's normalisations of one channel, in place (preprocessing/normalization/default_normalization_schemes.py of nnU-Net 2.8). */
import { zScore } from '@voxelgrad/io/images';
import { VoxelgradError } from '@voxelgrad/tensor';
import type { IntensityProperties } from '../fingerprint/fingerprint.ts';
import { type NormalizationScheme, normalizationSchemes } from '../plan/normalization.ts';

export interface NormalizationContext {
  /** 1 inside the nonzero mask and where there are labels; only z-scores heed it, and only if it is given. */
  readonly mask?: ArrayLike<number>;
  /** Of the channel, over the whole data set: what CT is normalised by. */
  readonly intensities?: IntensityProperties;
  /** Names the channel in messages. */
  readonly what: string;
}

/** Throws 'option' for a scheme that voxelgrad does not have, 'dataset' for values that a scheme does not take. */
export function normalize(channel: Float32Array, scheme: string, context: NormalizationContext): void {
  const run = Object.hasOwn(schemes, scheme) ? schemes[scheme as NormalizationScheme] : undefined;
  if (run === undefined)
    throw new VoxelgradError('option', {
      what: `normalisation of ${context.what}`,
      expected: normalizationSchemes.join(', '),
      got: scheme,
    });
  run(channel, context);
}

type Scheme = (channel: Float32Array, context: NormalizationContext) => void;

const smallestDivisor = 1e-8;

const schemes: Readonly<Record<NormalizationScheme, Scheme>> = {
  ZScoreNormalization: (channel, { mask }) => void zScore(channel, mask),
  NoNormalization: () => undefined,

  CTNormalization(channel, { intensities, what }) {
    if (intensities === undefined)
      throw new VoxelgradError('dataset', {
        what: `CT normalisation of ${what}`,
        expected: 'intensity properties of the channel in the plans',
        got: 'none',
      });
    const { mean, std, percentile_00_5: lowest, percentile_99_5: highest } = intensities;
    const divisor = Math.max(std, smallestDivisor);
    for (let i = 0; i < channel.length; i++)
      channel[i] = (Math.min(Math.max(channel[i]!, lowest), highest) - mean) / divisor;
  },

  RescaleTo01Normalization(channel) {
    const [low, high] = rangeOf(channel);
    const divisor = Math.max(high - low, smallestDivisor);
    for (let i = 0; i < channel.length; i++) channel[i] = (channel[i]! - low) / divisor;
  },

  RGBTo01Normalization(channel, { what }) {
    const [low, high] = rangeOf(channel);
    if (low < 0 || high > 255)
      throw new VoxelgradError('dataset', { what, expected: 'colours from 0 to 255', got: `${low} to ${high}` });
    for (let i = 0; i < channel.length; i++) channel[i] = channel[i]! / 255;
  },
};

function rangeOf(values: Float32Array): readonly [number, number] {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return [low, high];
}
