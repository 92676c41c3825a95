import { Adam, deepSupervision, diceAndCrossEntropy } from '@voxelgrad/nn';
import { autocast, type Device, fromArray, type Tensor, tidy } from '@voxelgrad/tensor';
import { describeOnEach, expectClose, testValues } from '@voxelgrad/tensor/testing';
import { skipOn } from '@voxelgrad/tensor/testing-skips';
import { expect, it } from 'vitest';
import { PlainConvUNet } from './plain-conv-unet.ts';

const SHAPE = [1, 8, 8, 8, 1] as const;

function batch(device: Device): { image: Tensor; label: Tensor } {
  const values = testValues(SHAPE, 5);
  const label = Int32Array.from(values, (value) => (value > 0.2 ? 1 : 0));
  return { image: fromArray(values, SHAPE, { device }), label: fromArray(label, SHAPE.slice(0, 4), { device }) };
}

const criterion = deepSupervision(diceAndCrossEntropy());

describeOnEach('gradient checkpointing and recomputation on $name', ({ open }) => {
  it('gives the same gradients, bit for bit, with less memory', async () => {
    const device = await open();
    const { image, label } = batch(device);
    const run = async (gradientCheckpointing: boolean, recomputation: boolean) => {
      const network = new PlainConvUNet({
        inputChannels: 1,
        classes: 2,
        features: [8, 8, 8],
        device,
        seed: 2,
        gradientCheckpointing,
        recomputation,
      });
      const before = device.memory().usedBytes;
      const outputs = network.forward(image);
      const held = device.memory().usedBytes - before;
      tidy(() => criterion(outputs, label).backward());
      const gradients = await Promise.all(network.parameters().map((parameter) => parameter.gradient?.data()));
      for (const output of outputs) output.dispose();
      network.dispose();
      return { held, gradients };
    };
    const plain = await run(false, false);
    const recomputed = await run(false, true);
    expect(recomputed.gradients).toEqual(plain.gradients);
    expect(recomputed.held).toBeLessThan(plain.held * 0.8);
    for (const recomputation of [false, true]) {
      const checkpointed = await run(true, recomputation);
      expect(checkpointed.gradients).toEqual(plain.gradients);
      expect(checkpointed.held).toBeLessThan(plain.held * 0.7);
    }
    image.dispose();
    label.dispose();
  });
});

describeOnEach('mixed precision on $name', ({ open }) => {
  const trained = async (device: Device, half: boolean, steps: number): Promise<number[]> => {
    const { image, label } = batch(device);
    const network = new PlainConvUNet({ inputChannels: 1, classes: 2, features: [4, 8], device, seed: 2 });
    const optimizer = new Adam(network.parameters(), { learningRate: 0.003, maximumNorm: 12, lossScaling: half });
    const losses: number[] = [];
    for (let step = 0; step < steps; step++) {
      const value = tidy(() => {
        const forward = () => criterion(network.forward(image), label);
        const loss = half ? autocast(forward) : forward();
        optimizer.scaleLoss(loss).backward();
        optimizer.step();
        return loss.detach();
      });
      losses.push(await value.item());
      value.dispose();
    }
    expect((await optimizer.statistics()).skippedSteps).toBe(0);
    for (const owner of [optimizer, network, image, label]) owner.dispose();
    return losses;
  };

  it('follows the f32 losses to two hundredths', async (context) => {
    const device = await open();
    skipOn(context, device, 'f16');
    const single = await trained(device, false, 8);
    const half = await trained(device, true, 8);
    expect(half).not.toEqual(single);
    expectClose(half, single, { rtol: 2e-2, atol: 2e-2 });
  });

  it('skips and counts steps that are not finite, lowers the scale, and raises it again', async () => {
    const device = await open();
    const x = fromArray([1, 2], [2], { device }).requireGradient();
    const lossScaling = { initialScale: 8, growthInterval: 2 };
    const optimizer = new Adam([x], { learningRate: 0.1, lossScaling });
    const stepWith = async (gradient: number) => {
      const given = fromArray([gradient, 1], [2], { device });
      device.kernels.accumulate(given, x.gradient!, 1);
      given.dispose();
      optimizer.step();
      const { lossScale, skippedSteps } = await optimizer.statistics();
      return [lossScale, skippedSteps];
    };
    expect(await stepWith(Number.POSITIVE_INFINITY)).toEqual([4, 1]);
    expect([...(await x.data())]).toEqual([1, 2]);
    expect(await stepWith(Number.NaN)).toEqual([2, 2]);
    expect([...(await x.data())]).toEqual([1, 2]);
    expect(await stepWith(1)).toEqual([2, 2]);
    expect((await x.data())[0]).toBeLessThan(1);
    expect(await stepWith(1)).toEqual([4, 2]);
    optimizer.dispose();
    x.dispose();
  });
});
