/** Picking samples out of a batch and putting them back, so that a transform computes only for the samples that drew it. */
import { concat, fromArray, gather, type Tensor, tidy } from '@voxelgrad/tensor';
import type { HostRandom } from '../random/host-random.ts';
import type { Patches } from './transform.ts';

/** The samples that drew an event of this probability, in ascending order. */
export const drawSamples = (random: HostRandom, samples: number, probability: number): number[] =>
  Array.from({ length: samples }, (_, sample) => sample).filter(() => random.chance(probability));

/** The given samples of a batch, in that order. */
export function takeSamples(x: Tensor, samples: readonly number[]): Tensor {
  return tidy(() => gather(x, fromArray(Int32Array.from(samples), [samples.length], { device: x.device }), 0));
}

/** The batch with `change` applied to some of its samples. `change` keeps the shape of a sample. */
export function onSamples(x: Tensor, samples: readonly number[], change: (rows: Tensor) => Tensor): Tensor {
  const count = x.shape[0]!;
  if (samples.length === count) return change(x);
  return tidy(() => {
    const source = Array.from({ length: count }, (_, sample) => sample);
    for (const [row, sample] of samples.entries()) source[sample] = count + row;
    return takeSamples(concat([x, change(takeSamples(x, samples))], 0), source);
  });
}

/** A batch put together from groups of its samples: `groups[g]` says which samples the rows of `parts[g]` are. */
export function joinSamples(parts: readonly Tensor[], groups: readonly (readonly number[])[]): Tensor {
  const order = groups.flat();
  const joined = parts.length === 1 ? parts[0]! : concat(parts, 0);
  if (order.every((sample, row) => sample === row)) return joined;
  const source = new Array<number>(order.length);
  for (const [row, sample] of order.entries()) source[sample] = row;
  return takeSamples(joined, source);
}

/** Patches put together by `join` from the same part of each: images, labels and, of a cascade, what the stage before found. */
export function joinPatches(parts: readonly Patches[], join: (parts: readonly Tensor[]) => Tensor): Patches {
  const previous = parts.flatMap((part) => part.previous ?? []);
  return {
    image: join(parts.map((part) => part.image)),
    label: join(parts.map((part) => part.label)),
    ...(previous.length === 0 ? {} : { previous: join(previous) }),
  };
}
