/** Median filters of a random size (batchgeneratorsv2, MedianFilterTransform). */
import { medianFilter, type Tensor } from '@voxelgrad/tensor';
import { type ChannelChance, channelTransform } from './channels.ts';
import type { Transform } from './transform.ts';

/** `channel [n, d, h, w, c]` filtered by windows of `size` voxels along each axis that it has. */
export const applyMedian = (channel: Tensor, size: number): Tensor =>
  medianFilter(channel, [channel.shape[1] === 1 ? 1 : size, size, size]);

export interface MedianSettings extends ChannelChance {
  /** From the first on, and below the second. */
  readonly size: readonly [number, number];
}

export const median = ({ size, ...chance }: MedianSettings): Transform =>
  channelTransform('median', chance, (random) => random.integer(...size), applyMedian);
