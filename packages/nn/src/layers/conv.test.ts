/** A convolution with the norm behind it as one unit, against the two layers. */
import { fromArray, gradients, RandomGenerator, sum, type Tensor, tidy } from '@voxelgrad/tensor';
import { describeOnEach, expectClose, testValues } from '@voxelgrad/tensor/testing';
import { it } from 'vitest';
import { Conv } from './conv.ts';
import { InstanceNorm } from './norm.ts';

describeOnEach('layers of convolution and norm on $name', ({ open }) => {
  it.each([
    { shape: [2, 5, 6, 7, 3], kernel: [3, 3, 3], stride: [1, 2, 2] },
    { shape: [2, 13, 12, 3], kernel: [3, 1], stride: [1, 2] },
  ])('$kernel: as one unit they are what they are apart', async ({ shape, kernel, stride }) => {
    const device = await open();
    const initialization = { device, random: new RandomGenerator(1) };
    const conv = new Conv({ inputChannels: 3, outputChannels: 6, kernel, stride }, initialization);
    const norm = new InstanceNorm({ channels: 6, epsilon: 1e-2, slope: 0.2 }, initialization);
    norm.weight.write(Float32Array.of(1, -2, 3, 0.5, 1, 2));
    norm.bias.write(Float32Array.of(0.1, 0.2, 0.3, 0.4, 0.5, 0.6));
    const x = fromArray(testValues(shape), shape, { device });
    const run = async (unit: boolean) => {
      const results = tidy(() => {
        const y = unit ? conv.forward(x, norm) : norm.forward(conv.forward(x));
        return [y.detach(), ...gradients(sum(y), [norm.weight])] as Tensor[];
      });
      const [values, slopes] = await Promise.all(results.map((tensor) => tensor.data()));
      for (const tensor of results) tensor.dispose();
      return { values: values!, slopes: slopes! };
    };
    const [unit, apart] = [await run(true), await run(false)];
    expectClose(unit.values, apart.values, { rtol: 1e-5, atol: 1e-5 });
    expectClose(unit.slopes, apart.slopes, { rtol: 1e-5, atol: 1e-4 });
  });
});
