/** Averages of probabilities, and the segmentation that they mean. Channels first, as nnU-Net's `.npz` files have them: `[c, z, y, x]`. */
import type { Labels } from '@voxelgrad/io';
import { VoxelgradError } from '@voxelgrad/tensor';
import { outputChannels } from '../plan/channels.ts';
import { Decision } from '../predict/decision.ts';

export interface Probabilities {
  /** [c, z, y, x]. */
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

/** The mean of several models' probabilities for one case, in f32. Throws 'shape' where they differ in shape; `what` names the case. */
export function meanOfProbabilities(all: readonly Probabilities[], what: string): Probabilities {
  const first = all[0]!;
  const sum = new Float32Array(first.data.length);
  for (const { shape, data } of all) {
    if (shape.join() !== first.shape.join())
      throw new VoxelgradError('shape', {
        what: `probabilities of ${what}`,
        expected: `[${first.shape.join(', ')}]`,
        got: `[${shape.join(', ')}]`,
        help: 'Predict the case with all models again, with --save-probabilities.',
      });
    for (let i = 0; i < sum.length; i++) sum[i]! += data[i]!;
  }
  for (let i = 0; i < sum.length; i++) sum[i]! /= all.length;
  return { shape: first.shape, data: sum };
}

/** Plain labels: the most probable class, the first of equal ones. Regions: those above one half, painted in order. */
export function segmentationOf({ shape, data }: Probabilities, labels: Labels): Uint8Array | Uint16Array {
  const channels = outputChannels(labels);
  if (shape[0] !== channels)
    throw new VoxelgradError('shape', {
      what: 'probabilities',
      expected: `${channels} channels, for the labels of dataset.json`,
      got: String(shape[0]),
    });
  const voxels = data.length / channels;
  const decision = new Decision(voxels, labels, 0.5);
  for (let c = 0; c < channels; c++) decision.add(data.subarray(c * voxels, (c + 1) * voxels), c, 1);
  return decision.segmentation;
}
