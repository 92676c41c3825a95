/**
 * Changes that fade with the distance from a place, which may lie outside of the image: a Gaussian of brightness that is added, and a gamma correction
 * (batchgeneratorsv2: LocalTransform, BrightnessGradientAdditiveTransform, LocalGammaTransform).
 */
import {
  add,
  clamp,
  div,
  fromArray,
  max,
  min,
  mul,
  neg,
  pow,
  scalar,
  scale,
  shift,
  sub,
  type Tensor,
  type Triple,
  tidy,
} from '@voxelgrad/tensor';
import type { HostRandom } from '../random/host-random.ts';
import { type ChannelChance, channelTransform } from './channels.ts';
import type { Range } from './multiplier.ts';
import { normalIntegral } from './normal-integral.ts';
import type { PatchesShape, Transform } from './transform.ts';

/** A Gaussian: where its middle is, in voxels from the outer edge of the first one on, and its deviation, along each axis. */
export interface LocalPlace {
  readonly middle: Triple;
  readonly deviation: Triple;
}

/** `[1, d, h, w, 1]`: the Gaussian's share of each voxel, moved and scaled so that it goes from 0 to 1; undefined where it is the same everywhere. */
export function localWeights(channel: Tensor, { middle, deviation }: LocalPlace): Tensor | undefined {
  const axes = [0, 1, 2].map((axis) => {
    const edges = Float64Array.from({ length: channel.shape[axis + 1]! + 1 }, (_, i) =>
      normalIntegral((i - 0.5 - middle[axis]!) / deviation[axis]!),
    );
    // A patch in the plane has no third axis.
    return edges.length === 2
      ? Float32Array.of(1)
      : Float32Array.from(edges.subarray(1), (upper, i) => upper - edges[i]!);
  });
  // The extremes of a product of what is not negative are the products of the extremes.
  const lowest = axes.reduce((product, values) => product * Math.min(...values), 1);
  const range = axes.reduce((product, values) => product * Math.max(...values), 1) - lowest;
  if (!(range > 0)) return undefined;
  return tidy(() => {
    const [z, y, x] = axes.map((values, axis) =>
      fromArray(
        values,
        channel.shape.map((_, other) => (other === axis + 1 ? values.length : 1)),
        { device: channel.device },
      ),
    ) as [Tensor, Tensor, Tensor];
    // Divided before the product, which may be too small for a float.
    return shift(mul(mul(scale(z, 1 / range), y), x), -lowest / range);
  });
}

/** `channel [1, d, h, w, 1]` with a Gaussian of height `strength` added. */
export function applyBrightnessGradient(channel: Tensor, place: LocalPlace, strength: number): Tensor {
  return tidy(() => {
    const weights = localWeights(channel, place);
    return weights === undefined ? channel : add(channel, scale(weights, strength));
  });
}

/** `channel [1, d, h, w, 1]` where it is corrected by `gamma` within its range, the less the further from the place. */
export function applyLocalGamma(channel: Tensor, place: LocalPlace, gamma: number): Tensor {
  return tidy(() => {
    const weights = localWeights(channel, place);
    if (weights === undefined) return channel;
    const low = min(channel);
    const range = clamp(sub(max(channel), low), 1e-8, undefined);
    const share = div(sub(channel, low), range);
    const corrected = pow(share, scalar(gamma, { device: channel.device }));
    const blended = add(mul(share, shift(neg(weights), 1)), mul(corrected, weights));
    return add(mul(blended, range), low);
  });
}

export interface LocalSettings extends ChannelChance {
  /** Where the middle lies, in extents of the image. */
  readonly location: Range;
  /** Of the strength or the gamma: one range as likely as the other. */
  readonly values: readonly [Range, Range];
}

/** The deviation along an axis of `voxels`: between a sixth of them and all, its logarithm uniform. */
const drawDeviation = (random: HostRandom, voxels: number): number =>
  Math.exp(random.uniform(Math.log(Math.max(1, Math.floor(voxels / 6))), Math.log(voxels)));

const drawLocal =
  ({ location, values }: LocalSettings) =>
  (random: HostRandom, { size }: PatchesShape) => ({
    place: {
      middle: size.map((voxels) => random.uniform(...location) * voxels) as unknown as Triple,
      deviation: size.map((voxels) => drawDeviation(random, voxels)) as unknown as Triple,
    },
    value: random.uniform(...values[random.chance(0.5) ? 0 : 1]),
  });

export const brightnessGradient = (settings: LocalSettings): Transform =>
  channelTransform('brightness gradient', settings, drawLocal(settings), (channel, { place, value }) =>
    applyBrightnessGradient(channel, place, value),
  );

export const localGamma = (settings: LocalSettings): Transform =>
  channelTransform('local gamma', settings, drawLocal(settings), (channel, { place, value }) =>
    applyLocalGamma(channel, place, value),
  );
