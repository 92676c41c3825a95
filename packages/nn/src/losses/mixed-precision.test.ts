/** Every loss takes the logits of a network that ran in f16 and gives the value and the gradient that it gives for the same numbers in f32. */
import { autocast, cast, fromArray, softmax, type Tensor, tidy } from '@voxelgrad/tensor';
import { describeOnEach, expectClose, testValues } from '@voxelgrad/tensor/testing';
import { skipOn } from '@voxelgrad/tensor/testing-skips';
import { expect, it } from 'vitest';
import { binaryCrossEntropy, crossEntropy } from './cross-entropy.ts';
import { diceLoss } from './dice.ts';
import { focalLoss, tverskyLoss } from './focal.ts';
import { oneHot } from './segmentation.ts';
import { topKCrossEntropy } from './top-k.ts';

const SHAPE = [2, 3, 4, 2, 3] as const;

const LOSSES: Readonly<Record<string, (logits: Tensor, target: Tensor, mask: Tensor) => Tensor>> = {
  'cross-entropy': (logits, target) => crossEntropy(logits, target),
  'masked cross-entropy': crossEntropy,
  'binary cross-entropy': (logits, target) => binaryCrossEntropy(logits, target),
  'masked binary cross-entropy': binaryCrossEntropy,
  Dice: (logits, target) => diceLoss(softmax(logits), target),
  'masked Dice': (logits, target, mask) => diceLoss(softmax(logits), target, { background: false }, mask),
  focal: (logits, target) => focalLoss(logits, target),
  Tversky: (logits, target) => tverskyLoss(softmax(logits), target),
  'top-k cross-entropy': (logits, target) => topKCrossEntropy(logits, target, 20),
};

describeOnEach('losses of f16 logits on $name', ({ open }) => {
  it.for(Object.keys(LOSSES))('%s', async (name, context) => {
    const device = await open();
    skipOn(context, device, 'f16');
    const labels = Int32Array.from({ length: 48 }, (_, i) => (i * 7) % 3);
    const counted = Float32Array.from({ length: 48 }, (_, i) => (i % 5 === 0 ? 0 : 1));
    const results = tidy(() => {
      const half = cast(fromArray(testValues(SHAPE, 9), SHAPE, { device }), 'f16').requireGradient();
      const wide = cast(half.detach(), 'f32').requireGradient();
      const target = oneHot(fromArray(labels, SHAPE.slice(0, 4), { device }), 3);
      const mask = fromArray(counted, [...SHAPE.slice(0, 4), 1], { device });
      return [half, wide].map((logits) => {
        const loss = autocast(() => LOSSES[name]!(logits, target, mask));
        expect(loss.dtype).toBe('f32');
        loss.backward();
        return [loss.detach(), cast(logits.gradient!.detach(), 'f32')] as const;
      }) as [readonly [Tensor, Tensor], readonly [Tensor, Tensor]];
    });
    const [half, wide] = results;
    // The probabilities of Dice and Tversky are f16 themselves.
    expectClose(await half[0].data(), await wide[0].data(), { rtol: 1e-3 });
    expectClose(await half[1].data(), await wide[1].data(), { rtol: 5e-3, atol: 2e-4 });
    for (const tensor of results.flat()) tensor.dispose();
  });
});
