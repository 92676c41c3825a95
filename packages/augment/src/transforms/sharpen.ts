/** Sharpening: what differs from the neighbours is raised, by a share of the discrete Laplacian (batchgeneratorsv2, SharpeningTransform). */
import { add, fromArray, gather, scale, sub, type Tensor, tidy } from '@voxelgrad/tensor';
import { type ChannelChance, channelTransform } from './channels.ts';
import type { Range } from './multiplier.ts';
import type { Transform } from './transform.ts';

/** `channel [n, d, h, w, c]` plus `strength` times its differences from the neighbours across faces. At the edges the image is continued by its last voxel. */
export function applySharpening(channel: Tensor, strength: number): Tensor {
  return tidy(() =>
    [1, 2, 3].reduce((result, axis) => {
      const count = channel.shape[axis]!;
      if (count === 1) return result;
      const neighbour = (step: number): Tensor => {
        const index = Int32Array.from({ length: count }, (_, i) => Math.min(count - 1, Math.max(0, i + step)));
        return gather(channel, fromArray(index, [count], { device: channel.device }), axis);
      };
      const difference = sub(scale(channel, 2), add(neighbour(-1), neighbour(1)));
      return add(result, scale(difference, strength));
    }, channel),
  );
}

export interface SharpenSettings extends ChannelChance {
  readonly strength: Range;
}

export const sharpen = ({ strength, ...chance }: SharpenSettings): Transform =>
  channelTransform('sharpen', chance, (random) => random.uniform(...strength), applySharpening);
