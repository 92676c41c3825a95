/** One number for each channel of each sample, and what transforms do with them. */
import { type Device, fromArray, type Tensor, where } from '@voxelgrad/tensor';
import type { HostRandom } from '../random/host-random.ts';

/** `[sample][channel]`; undefined leaves the channel as it is. */
export type ChannelValues = readonly (readonly (number | undefined)[])[];

/** A tensor `[n, 1, 1, 1, c]` that broadcasts over images; `unchanged` stands for undefined. */
export function channelTensor(values: ChannelValues, unchanged: number, device: Device): Tensor {
  const flat = values.flatMap((channels) => channels.map((value) => value ?? unchanged));
  return fromArray(Float32Array.from(flat), [values.length, 1, 1, 1, values[0]?.length ?? 0], { device });
}

/** The changed image where a channel has a value, else the image. */
export function whereGiven(values: ChannelValues, changed: Tensor, image: Tensor): Tensor {
  const given = values.flatMap((channels) => channels.map((value) => (value === undefined ? 0 : 1)));
  if (!given.includes(0)) return changed;
  const shape = [values.length, 1, 1, 1, values[0]?.length ?? 0];
  return where(fromArray(Uint8Array.from(given), shape, { device: image.device, dtype: 'bool' }), changed, image);
}

/** The values of those channels that draw an event of this probability. Draws nothing where it is certain. */
export const someChannels = <Value>(
  random: HostRandom,
  values: readonly Value[],
  probability: number,
): (Value | undefined)[] =>
  values.map((value) => (probability === 1 || random.chance(probability) ? value : undefined));
