/** Changing single channels of single samples. */
import { concat, narrow, type Tensor, tidy } from '@voxelgrad/tensor';
import type { HostRandom } from '../random/host-random.ts';
import { someChannels } from './channel-values.ts';
import { drawSamples, onSamples } from './samples.ts';
import { imageStep, type PatchesShape, type Transform } from './transform.ts';

/** `image [n, d, h, w, c]` with each channel of each sample, `[1, d, h, w, 1]`, changed by what is given for it; undefined leaves it as it is. */
export function onChannels<Value>(
  image: Tensor,
  values: readonly (readonly (Value | undefined)[])[],
  change: (channel: Tensor, value: Value) => Tensor,
): Tensor {
  return tidy(() => {
    const samples = values.map((channels, n) => {
      const sample = narrow(image, 0, n, 1);
      const parts = channels.map((value, c) => {
        const channel = narrow(sample, 4, c, 1);
        return value === undefined ? channel : change(channel, value);
      });
      return parts.length === 1 ? parts[0]! : concat(parts, 4);
    });
    return samples.length === 1 ? samples[0]! : concat(samples, 0);
  });
}

export interface ChannelChance {
  readonly probability: number;
  /** Chance of each channel of a drawn sample. */
  readonly channelProbability: number;
}

/** A transform of channels, each by a value that is drawn for it. */
export const channelTransform = <Value>(
  name: string,
  { probability, channelProbability }: ChannelChance,
  drawValue: (random: HostRandom, shape: PatchesShape) => Value,
  change: (channel: Tensor, value: Value) => Tensor,
): Transform => ({
  name,
  draw(random, shape) {
    const drawn = drawSamples(random, shape.samples, probability)
      .map((sample) => ({
        sample,
        values: someChannels(
          random,
          Array.from({ length: shape.channels }, () => drawValue(random, shape)),
          channelProbability,
        ),
      }))
      .filter(({ values }) => values.some((value) => value !== undefined));
    if (drawn.length === 0) return undefined;
    const which = drawn.map(({ sample }) => sample);
    const values = drawn.map((each) => each.values);
    return imageStep((image) => onSamples(image, which, (rows) => onChannels(rows, values, change)));
  },
});
