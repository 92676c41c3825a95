/** What is compiled before the first window of a prediction is all that its windows need. Counted at the GPU's own interface. */
import { expect, it } from 'vitest';
import { compilePrediction, PlainConvUNet, predictSlidingWindow } from '../packages/nnunet/src/index.ts';
import { openedGpu } from '../packages/tensor/src/device/webgpu/node-gpu.testing.ts';
import { nodeShaders } from '../packages/tensor/src/device/webgpu/node-shaders.ts';
import { openWebgpu } from '../packages/tensor/src/device/webgpu/open.ts';
import { describeOn } from '../packages/tensor/src/testing.ts';

/** The GPU with its devices' compilations counted. */
async function countingGpu(compiled: () => void): Promise<GPU> {
  const gpu = await openedGpu();
  return {
    requestAdapter: async () => {
      const adapter = (await gpu.requestAdapter())!;
      const { features, limits, info } = adapter;
      return {
        features,
        limits,
        info,
        requestDevice: async (wanted: GPUDeviceDescriptor) => {
          const device = await adapter.requestDevice(wanted);
          const create = device.createComputePipelineAsync.bind(device);
          device.createComputePipelineAsync = (description) => {
            compiled();
            return create(description);
          };
          return device;
        },
      };
    },
  } as unknown as GPU;
}

describeOn('webgpu', 'the pipelines of a prediction', ({ open }) => {
  // With few classes, more than features of one network, and more than those of one but not of two.
  it.each([
    { batchSize: 1, classes: 2, folds: 1 },
    { batchSize: 3, classes: 2, folds: 1 },
    { batchSize: 8, classes: 2, folds: 1 },
    { batchSize: 1, classes: 6, folds: 1 },
    { batchSize: 1, classes: 6, folds: 2 },
    { batchSize: 1, classes: 9, folds: 2 },
  ])(
    'are compiled before the first window, all of them, and counted: $batchSize at a time, $classes classes, $folds networks',
    async ({ batchSize, classes, folds }) => {
      await open();
      let compiled = 0;
      const gpu = await countingGpu(() => compiled++);
      const device = await openWebgpu({ gpu, shaders: nodeShaders(), allowSoftware: true });
      const networks = Array.from(
        { length: folds },
        () => new PlainConvUNet({ inputChannels: 1, classes, features: [4, 8], device }),
      );
      await device.synchronize();
      const options = { patch: [8, 8, 4], mirrorAxes: [0, 2], batchSize };
      const told: [done: number, total: number][] = [];
      await compilePrediction(networks, device, options, (done, total) => told.push([done, total]));
      const total = told.at(-1)![1];
      expect(total).toBeGreaterThan(5);
      expect(told).toEqual(Array.from({ length: total + 1 }, (_, done) => [done, total]));
      const after = compiled;
      const image = { shape: [8, 16, 4, 1], data: new Float32Array(8 * 16 * 4).map((_, i) => i % 5) };
      await predictSlidingWindow(networks, device, image, options);
      expect(compiled - after, 'compiled by the prediction itself').toBe(0);
      for (const network of networks) network.dispose();
      await device.close();
    },
  );
});
