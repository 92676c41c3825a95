/** What the planner says that a step takes, against what the device reports when the step runs. */
import { deepSupervision, diceAndBinaryCrossEntropy, Sgd } from '@voxelgrad/nn';
import { capture, type Device, RandomGenerator, type Tensor, tidy, zeros } from '@voxelgrad/tensor';
import { openPlanning } from '@voxelgrad/tensor/node';
import { describeOn, describeOnEach } from '@voxelgrad/tensor/testing';
import { expect, it } from 'vitest';
import { PlainConvUNet } from '../networks/plain-conv-unet.ts';

const SPACE = [16, 16, 16] as const;
const criterion = deepSupervision(diceAndBinaryCrossEntropy());

/** A step that is not yet run, and what the device holds without it. */
function prepare(device: Device, recomputation: boolean) {
  const network = new PlainConvUNet({
    inputChannels: 1,
    classes: 2,
    features: [4, 4],
    convsPerStage: [2, 1],
    convsPerDecoderStage: [2],
    device,
    recomputation,
  });
  const optimizer = new Sgd(network.parameters(), { learningRate: 0.01, momentum: 0.99 });
  const image = new RandomGenerator(1).normal([1, ...SPACE, 1], device);
  const target = zeros([1, ...SPACE, 2], { device });
  const step = (): Tensor => {
    const loss = criterion(network.forward(image), target);
    loss.backward();
    optimizer.step();
    return loss.detach();
  };
  const dispose = (): void => {
    for (const owner of [optimizer, network, image, target]) owner.dispose();
  };
  return { step, dispose, usedBytes: device.memory().usedBytes };
}

describeOnEach('planned memory on $name', ({ open }) => {
  // The larger one comes last: a device's peak only grows.
  it.each([true, false])('is what the step takes, recomputation: %s', async (recomputation) => {
    const device = await open();
    const { step, dispose, usedBytes } = prepare(device, recomputation);
    tidy(step);
    await device.synchronize();
    const ran = device.memory().peakBytes - usedBytes;

    const captured = capture(device, step);
    const { arenaBytes, eagerPeakBytes } = captured.memory;
    // Besides what tensors take, the cpu device counts what uploads pass through: a few indices here.
    if (device.kind === 'cpu') {
      expect(ran).toBeGreaterThanOrEqual(eagerPeakBytes);
      expect(ran - eagerPeakBytes).toBeLessThan(4096);
    } else expect(ran).toBe(eagerPeakBytes);
    expect(arenaBytes).toBeLessThan(eagerPeakBytes);
    captured.replay();
    await captured.result.data();
    expect(device.memory().arenaBytes).toBe(arenaBytes);
    captured.dispose();
    dispose();
  });
});

// Plans are for WebGPU.
describeOn('webgpu', 'planned memory', ({ open }) => {
  it('is the same on a device that only plans', async () => {
    const device = await open();
    const real = prepare(device, false);
    const planning = await openPlanning({ adapter: device.description });
    const planned = prepare(planning, false);
    expect(planned.usedBytes).toBe(planning.memory().usedBytes);
    const [here, there] = [capture(device, real.step), capture(planning, planned.step)];
    expect(there.memory).toEqual(here.memory);
    const before = planning.memory().usedBytes;
    tidy(planned.step);
    expect(planning.memory().peakBytes - before).toBe(there.memory.eagerPeakBytes);
    await expect(there.result.data()).rejects.toThrow('only plans');
    for (const each of [here, there]) each.dispose();
    for (const each of [real, planned]) each.dispose();
    await planning.close();
  });
});
