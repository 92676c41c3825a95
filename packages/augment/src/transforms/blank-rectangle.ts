/** Rectangles that are overwritten by their mean (batchgeneratorsv2, BlankRectangleTransform). */
import { fromArray, greater, mean, mul, scalar, slice, type Tensor, type Triple, tidy, where } from '@voxelgrad/tensor';
import type { HostRandom } from '../random/host-random.ts';
import { type ChannelChance, channelTransform } from './channels.ts';
import type { PatchesShape, Transform } from './transform.ts';

export interface Rectangle {
  readonly start: Triple;
  readonly size: Triple;
}

/** `channel [1, d, h, w, 1]` with one rectangle after the other filled with the mean of what is in it by then. */
export function applyBlankRectangles(channel: Tensor, rectangles: readonly Rectangle[]): Tensor {
  const { device, shape } = channel;
  return tidy(() =>
    rectangles.reduce((current, { start, size }) => {
      const end = start.map((first, axis) => first + size[axis]!);
      const inside = [0, 1, 2].map((axis) => {
        const indicator = Float32Array.from({ length: shape[axis + 1]! }, (_, i) =>
          i >= start[axis]! && i < end[axis]! ? 1 : 0,
        );
        return fromArray(
          indicator,
          shape.map((_, other) => (other === axis + 1 ? indicator.length : 1)),
          { device },
        );
      });
      const mask = greater(mul(mul(inside[0]!, inside[1]!), inside[2]!), scalar(0, { device }));
      const value = mean(slice(current, [0, ...start, 0], [1, ...end, 1]));
      return where(mask, value, current);
    }, channel),
  );
}

export interface BlankRectangleSettings extends ChannelChance {
  /** How many, from the first on and below the second. */
  readonly count: readonly [number, number];
  /** Extents along an axis of so many voxels: from the first on, and below the second. */
  readonly extents: (voxels: number) => readonly [number, number];
}

export const blankRectangle = ({ count, extents, ...chance }: BlankRectangleSettings): Transform =>
  channelTransform(
    'blank rectangle',
    chance,
    (random, { size }) => Array.from({ length: random.integer(...count) }, () => drawRectangle(random, size, extents)),
    applyBlankRectangles,
  );

function drawRectangle(
  random: HostRandom,
  patch: PatchesShape['size'],
  extents: BlankRectangleSettings['extents'],
): Rectangle {
  const size = patch.map((voxels) => {
    const [low, high] = extents(voxels);
    return voxels === 1 ? 1 : random.integer(low, Math.max(low + 1, high));
  }) as unknown as Triple;
  const start = patch.map((voxels, axis) => random.integer(0, voxels - size[axis]! + 1)) as unknown as Triple;
  return { start, size };
}
