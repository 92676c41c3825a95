import { fromArray, mul, sum, tidy } from '@voxelgrad/tensor';
import { describeOnEach, expectClose } from '@voxelgrad/tensor/testing';
import { expect, it } from 'vitest';
import { Sgd } from './optimizer.ts';

describeOnEach('statistics of an optimizer on $name', ({ open }) => {
  it('the norm of the gradients is theirs, whatever the loss scale, also as that grows', async () => {
    const device = await open();
    const parameter = fromArray([1, 2], [2], { device }).requireGradient();
    const lossScaling = { initialScale: 1024, growthInterval: 1 };
    const optimizer = new Sgd([parameter], { learningRate: 0, lossScaling });
    for (let step = 1; step <= 3; step++) {
      tidy(() => optimizer.scaleLoss(sum(mul(parameter, fromArray([3, -4], [2], { device })))).backward());
      optimizer.step();
      const { gradientNorm, lossScale } = await optimizer.statistics();
      expectClose([gradientNorm], [5]);
      expect(lossScale).toBe(1024 * 2 ** step);
    }
    optimizer.dispose();
    parameter.dispose();
  });
});
