/** A look at a patch shows what is there, and changes no bit of the training. */
import { Adam, deepSupervision, diceAndBinaryCrossEntropy, diceAndCrossEntropy, stateDict } from '@voxelgrad/nn';
import { type Device, fromArray } from '@voxelgrad/tensor';
import { describeOnEach } from '@voxelgrad/tensor/testing';
import { expect, it } from 'vitest';
import { PlainConvUNet } from '../networks/plain-conv-unet.ts';
import type { Batch } from './batch.ts';
import { type PatchSnapshot, takeSnapshot } from './patch-snapshot.ts';
import { train } from './trainer.ts';

const size = 8;
const voxels = size ** 3;

/** Two patches of two channels, and labels 0 to 2 or two regions. */
function batchOf(
  device: Device,
  regions: boolean,
  index: number,
): Batch & { readonly values: Float32Array; readonly labels: number[] } {
  const values = Float32Array.from({ length: 4 * voxels }, (_, i) => Math.sin(1.7 * i + index));
  const labels = Array.from({ length: 2 * voxels }, (_, i) => (values[2 * i]! > 0.5 ? 2 : values[2 * i]! > 0 ? 1 : 0));
  const image = fromArray(values, [2, size, size, size, 2], { device });
  const target = regions
    ? fromArray(
        Float32Array.from(labels.flatMap((label) => [Number(label > 0), Number(label > 1)])),
        [2, size, size, size, 2],
        { device },
      )
    : fromArray(Int32Array.from(labels), [2, size, size, size], { device });
  return { image, target, values, labels };
}

const networkOn = (device: Device, regions: boolean): PlainConvUNet =>
  new PlainConvUNet({ inputChannels: 2, classes: regions ? 2 : 3, features: [4, 8], device, seed: 3 });

describeOnEach('a look at a patch on $name', ({ open }) => {
  it.each([false, true])('shows the last sample, its truth and the prediction (regions: %s)', async (regions) => {
    const device = await open();
    const network = networkOn(device, regions);
    const { image, target, values, labels } = batchOf(device, regions, 0);
    const before = device.memory().usedBytes;
    const snapshot = await takeSnapshot({ image, target }, network, regions);
    expect(device.memory().usedBytes).toBe(before);
    expect([snapshot.shape, snapshot.channels]).toEqual([[size, size, size], 2]);
    expect(snapshot.image).toEqual(values.slice(2 * voxels));
    const wanted = labels.slice(voxels).map((label) => (regions ? [0, 1, 3][label]! : label));
    expect([...snapshot.truth]).toEqual(wanted);
    const logits = await network.predict(image).data();
    const classes = regions ? 2 : 3;
    const predicted = Array.from({ length: voxels }, (_, voxel) => {
      const scores = [...logits.subarray((voxels + voxel) * classes, (voxels + voxel + 1) * classes)];
      return regions ? Number(scores[0]! > 0) + 2 * Number(scores[1]! > 0) : scores.indexOf(Math.max(...scores));
    });
    expect([...snapshot.prediction]).toEqual(predicted);
    image.dispose();
    target.dispose();
    network.dispose();
  });

  it('shows patches in the plane', async () => {
    const device = await open();
    const network = new PlainConvUNet({
      inputChannels: 1,
      classes: 2,
      features: [4, 8],
      kernels: [
        [3, 3],
        [3, 3],
      ],
      device,
    });
    const image = fromArray(
      Float32Array.from({ length: 128 }, (_, i) => i),
      [2, 8, 8, 1],
      { device },
    );
    const target = fromArray(
      Int32Array.from({ length: 128 }, (_, i) => i % 2),
      [2, 8, 8],
      { device },
    );
    const snapshot = await takeSnapshot({ image, target }, network, false);
    expect(snapshot.shape).toEqual([1, 8, 8]);
    expect([snapshot.image[0], snapshot.truth[1], snapshot.prediction.length]).toEqual([64, 1, 64]);
  });

  it.each([false, true])('changes no bit of the training (regions: %s)', async (regions) => {
    const device = await open();
    const run = async (looked: boolean) => {
      const network = networkOn(device, regions);
      const optimizer = new Adam(network.parameters(), { learningRate: 0.01, maximumNorm: 12 });
      const looks: Promise<PatchSnapshot>[] = [];
      const { history } = await train({
        network,
        optimizer,
        loss: deepSupervision(regions ? diceAndBinaryCrossEntropy() : diceAndCrossEntropy()),
        regions,
        epochs: 1,
        iterationsPerEpoch: 4,
        validationIterations: 0,
        learningRate: () => 0.01,
        trainingBatch: async (index) => batchOf(device, regions, index),
        onBatch: (batch) => looked && looks.push(takeSnapshot(batch, network, regions)),
      });
      const predictions = (await Promise.all(looks)).map(({ prediction }) => [...prediction].join(''));
      const weights = [...(await stateDict(network))].map(([name, { data }]) => [name, [...data]]);
      optimizer.dispose();
      network.dispose();
      return { losses: history.losses, weights, predictions };
    };
    const [plain, looked] = [await run(false), await run(true)];
    expect(looked.losses).toEqual(plain.losses);
    expect(looked.weights).toEqual(plain.weights);
    // And each look is at the weights of its time.
    expect(looked.predictions).toHaveLength(4);
    expect(new Set(looked.predictions).size).toBeGreaterThan(1);
  });
});
