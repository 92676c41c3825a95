/** What a long run must not do: grow, or depend on how many threads it has. */
import { Adam, diceAndCrossEntropy } from '@voxelgrad/nn';
import { type Device, fromArray, tidy } from '@voxelgrad/tensor';
import { openCpu } from '@voxelgrad/tensor/node';
import { testDevices, testValues } from '@voxelgrad/tensor/testing';
import { describe, expect, it } from 'vitest';
import { PlainConvUNet } from '../networks/plain-conv-unet.ts';

const SHAPE = [1, 4, 4, 4, 1] as const;
const STEPS = 1000;
/** What engines and drivers need once: compiled code, pools, the heap's working size. */
const WARM_UP = 500;

/** Bytes of live JavaScript objects. The whole process's memory says less: it follows the collector's and the test runner's moods. */
function collectedHeap(): number {
  if (global.gc === undefined) throw new Error('run with --expose-gc');
  global.gc();
  return process.memoryUsage().heapUsed;
}

/** One step after the other on a network that is as small as can be. */
function trainer(device: Device, features: readonly number[], shape: readonly number[]) {
  const network = new PlainConvUNet({
    inputChannels: 1,
    classes: 2,
    features,
    convsPerStage: features.map(() => 1),
    convsPerDecoderStage: features.slice(1).map(() => 1),
    device,
  });
  const optimizer = new Adam(network.parameters(), { learningRate: 0.01 });
  const criterion = diceAndCrossEntropy();
  const values = testValues(shape, 3);
  const step = async (): Promise<number> => {
    const loss = tidy(() => {
      const image = fromArray(values, shape, { device });
      const label = fromArray(
        Int32Array.from(values, (value) => (value > 0 ? 1 : 0)),
        shape.slice(0, 4),
        { device },
      );
      const value = criterion(network.predict(image), label);
      value.backward();
      optimizer.step();
      return value.detach();
    });
    const value = await loss.item();
    loss.dispose();
    return value;
  };
  const dispose = (): void => {
    optimizer.dispose();
    network.dispose();
  };
  return { step, dispose };
}

describe.each(testDevices())('a thousand steps on $name', ({ open }) => {
  it('leave the memory where it was', { timeout: 600_000 }, async () => {
    const device = await open();
    const { step, dispose } = trainer(device, [2, 2], SHAPE);
    for (let i = 0; i < WARM_UP; i++) await step();
    const before = { ...device.memory(), heap: collectedHeap() };
    for (let i = WARM_UP; i < STEPS; i++) await step();
    const after = { ...device.memory(), heap: collectedHeap() };
    expect(after.usedBytes).toBe(before.usedBytes);
    expect(after.buffers).toBe(before.buffers);
    expect(after.reservedBytes).toBe(before.reservedBytes);
    // A step makes some hundred objects: if one of each stayed, this would be 10 MB.
    expect(after.heap - before.heap).toBeLessThan(2e6);
    dispose();
  });
});

describe('the cpu device', () => {
  it('gives the same bits with one, two and four threads', async () => {
    const losses: number[][] = [];
    for (const threads of [1, 2, 4]) {
      const device = await openCpu({ threads });
      const { step, dispose } = trainer(device, [8, 16, 32], [2, 16, 16, 16, 1]);
      losses.push([]);
      for (let i = 0; i < 5; i++) losses.at(-1)!.push(await step());
      dispose();
      await device.close();
    }
    expect(losses[1]).toEqual(losses[0]);
    expect(losses[2]).toEqual(losses[0]);
  });
});
