/**
 * The random numbers of one batch. A batch is a function of (seed, index): whatever was prepared ahead, skipped or computed elsewhere, batch 1000 is
 * the same, and the number of batches seen is all that a checkpoint must hold.
 */
import { RandomGenerator } from '@voxelgrad/tensor';
import { HostRandom } from './host-random.ts';

export interface BatchRandom {
  /** Decisions. */
  readonly host: HostRandom;
  /** Noise, made on the device. */
  readonly device: RandomGenerator;
}

/** Random tensors that a batch may draw without meeting those of the next batch. */
const tensorsPerBatch = 1024;

export const batchRandom = (seed: number, index: number): BatchRandom => ({
  host: new HostRandom(seed, index),
  device: new RandomGenerator(seed, index * tensorsPerBatch),
});
