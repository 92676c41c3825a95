/**
 * Simulated low resolution: a channel is scaled down taking the nearest voxels and up again by linear interpolation
 * (batchgeneratorsv2, SimulateLowResolutionTransform).
 */
import { interpolate, roundHalfEven, type Tensor, type Triple } from '@voxelgrad/tensor';
import { onChannels } from './channels.ts';
import type { Range } from './multiplier.ts';
import { drawSamples, onSamples } from './samples.ts';
import { imageStep, type Transform } from './transform.ts';

/** `[sample][channel]`: the size to go down to; undefined leaves the channel as it is. */
export type LowResolutionSizes = readonly (readonly (Triple | undefined)[])[];

/** Takes each channel of each sample of `image [n, d, h, w, c]` down to its size and back. */
export function applyLowResolution(image: Tensor, sizes: LowResolutionSizes): Tensor {
  const space = image.shape.slice(1, 4) as unknown as Triple;
  const reduced = (channel: Tensor, size: Triple): Tensor =>
    interpolate(interpolate(channel, size, { mode: 'nearest-exact' }), space, { mode: 'linear' });
  return onChannels(image, sizes, reduced);
}

export interface LowResolutionSettings {
  readonly probability: number;
  /** Chance of each channel of a drawn sample. */
  readonly channelProbability: number;
  /** The share of the resolution that is left, one for all axes of a channel. */
  readonly scale: Range;
  /** Keeps the depth: for 2-D patches and those whose slices are far apart. */
  readonly inPlane: boolean;
}

export function lowResolution(settings: Partial<LowResolutionSettings> = {}): Transform {
  const { probability = 0.25, channelProbability = 0.5, scale = [0.5, 1], inPlane = false } = settings;
  return {
    name: 'low resolution',
    draw(random, { samples, channels, size }) {
      const drawSize = (): Triple | undefined => {
        if (!random.chance(channelProbability)) return undefined;
        const share = random.uniform(...scale);
        const reduced = (axis: number): number => Math.max(1, roundHalfEven(size[axis]! * share));
        return [inPlane ? size[0] : reduced(0), reduced(1), reduced(2)];
      };
      const drawn = drawSamples(random, samples, probability)
        .map((sample) => ({ sample, sizes: Array.from({ length: channels }, drawSize) }))
        .filter(({ sizes }) => sizes.some((reduced) => reduced !== undefined));
      if (drawn.length === 0) return undefined;
      const which = drawn.map(({ sample }) => sample);
      const sizes = drawn.map(({ sizes }) => sizes);
      return imageStep((image) => onSamples(image, which, (rows) => applyLowResolution(rows, sizes)));
    },
  };
}
