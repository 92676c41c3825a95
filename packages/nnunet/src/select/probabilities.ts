/**
 * Averages of probabilities, and the segmentation that they mean. Channels first, as nnU-Net's `.npz` files have them, `[c, z, y, x]`, and so in the order
 * in which they are read: neither a model's probabilities nor their mean are ever whole in memory.
 */
import type { Labels, NpzReader } from '@voxelgrad/io';
import { sizeOf, VoxelgradError } from '@voxelgrad/tensor';
import { outputChannels } from '../plan/channels.ts';
import { Decision } from '../predict/decision.ts';

export interface Probabilities {
  /** [c, z, y, x]. */
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** Voxels in a row, of one class. */
export interface ProbabilityPiece {
  readonly channel: number;
  /** The first voxel. */
  readonly start: number;
  readonly values: Float32Array;
}

/** Sees probabilities class after class, and decides when it has seen them all. */
export interface ProbabilityDecision {
  add(piece: ProbabilityPiece): void;
  segmentation(): Uint8Array | Uint16Array;
}

/** The shape that all models' probabilities of one case have. Throws 'shape' where they differ; `what` names the case. */
export function commonShape(all: readonly { readonly shape: readonly number[] }[], what: string): readonly number[] {
  const [first, ...others] = all.map(({ shape }) => shape);
  const other = others.find((shape) => shape.join() !== first!.join());
  if (other === undefined) return first!;
  throw new VoxelgradError('shape', {
    what: `probabilities of ${what}`,
    expected: `[${first!.join(', ')}]`,
    got: `[${other.join(', ')}]`,
    help: 'Predict the case with all models again, with --save-probabilities.',
  });
}

/** The mean of several models' probabilities `[c, z, y, x]` for one case, in f32, at most `length` voxels of a class at a time. */
export async function* meanOfProbabilities(
  all: readonly NpzReader[],
  shape: readonly number[],
  length = 2 ** 20,
): AsyncIterable<ProbabilityPiece> {
  const voxels = sizeOf(shape.slice(1));
  for (let channel = 0; channel < shape[0]!; channel++)
    for (let start = 0; start < voxels; start += length) {
      const models = all.map(() => new Float32Array(Math.min(length, voxels - start)));
      await Promise.all(all.map((reader, i) => reader.read(models[i]!)));
      const [values, ...others] = models as [Float32Array, ...Float32Array[]];
      for (const other of others) for (let i = 0; i < values.length; i++) values[i]! += other[i]!;
      for (let i = 0; i < values.length; i++) values[i]! /= all.length;
      yield { channel, start, values };
    }
  for (const reader of all) await reader.finish();
}

/** Plain labels: the most probable class, the first of equal ones. Regions: those above one half, painted in order. Throws 'shape' for other channels. */
export function decisionOn(shape: readonly number[], labels: Labels): ProbabilityDecision {
  const channels = outputChannels(labels);
  if (shape[0] !== channels)
    throw new VoxelgradError('shape', {
      what: 'probabilities',
      expected: `${channels} channels, for the labels of dataset.json`,
      got: String(shape[0]),
    });
  const decision = new Decision(sizeOf(shape.slice(1)), labels, 0.5);
  return {
    add: ({ values, channel, start }) => decision.add(values, channel, 1, start),
    segmentation: () => decision.segmentation,
  };
}
