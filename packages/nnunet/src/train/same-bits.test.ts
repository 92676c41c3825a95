/**
 * The same seed gives the same bits: of every weight, moment and loss, however many threads compute them, and every time. That both devices do so
 * across an interruption, trainer.test.ts shows.
 */
import { createHash } from 'node:crypto';
import { autocast, type Device } from '@voxelgrad/tensor';
import { openCpu } from '@voxelgrad/tensor/node';
import { describeOnEach } from '@voxelgrad/tensor/testing';
import { describe, expect, it } from 'vitest';
import { type Precision, smallTraining } from './small-training.testing.ts';

const STEPS = 3;

/** The losses of some steps, and a digest of all that a checkpoint would hold after them. */
async function train(device: Device, precision?: Precision, features = [8, 16, 32], shape = [2, 16, 16, 16, 1]) {
  const { step, checkpoint, dispose } = smallTraining(device, features, shape);
  const losses: number[] = [];
  for (let i = 0; i < STEPS; i++) losses.push(await step(precision));
  const digest = createHash('sha256')
    .update(await checkpoint())
    .digest('hex');
  dispose();
  return { losses, digest };
}

describe.each([
  { precision: 'f32', run: <Result>(work: () => Result) => work() },
  { precision: 'mixed precision', run: autocast },
])('training on the cpu in $precision', ({ run }) => {
  it('gives the same bits with one, two and four threads, and in another run', async () => {
    const results = [];
    for (const threads of [1, 2, 4, 4]) {
      const device = await openCpu({ threads });
      expect(device.threads).toBe(threads);
      results.push(await train(device, run));
      await device.close();
    }
    expect(new Set(results[0]!.losses).size).toBe(STEPS);
    for (const result of results) expect(result).toEqual(results[0]);
  });
});

describeOnEach('training on $name', ({ open }) => {
  it('gives the same bits in two runs', async () => {
    const device = await open();
    const run = () => train(device, undefined, [4, 8], [1, 8, 8, 8, 1]);
    const first = await run();
    expect(new Set(first.losses).size).toBe(STEPS);
    expect(await run()).toEqual(first);
  });
});
