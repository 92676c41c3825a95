import { fromArray, tidy } from '@voxelgrad/tensor';
import { describeOnEach, expectClose, testValues } from '@voxelgrad/tensor/testing';
import { it } from 'vitest';
import { topKCrossEntropy } from './top-k.ts';

/** Binary logits whose second channel is right. */
const cases: readonly { readonly name: string; readonly margins: readonly number[]; readonly percent: number }[] = [
  { name: 'values that all differ', margins: [...testValues([40], 3)].map((value) => 4 * value), percent: 20 },
  { name: 'a share that is no whole number of voxels', margins: [...testValues([37], 4)], percent: 10 },
  { name: 'all voxels', margins: [...testValues([11], 5)], percent: 100 },
  // A margin of 200 has a loss of exactly 0 in f32: ln(1 + e^-200).
  { name: 'mostly losses of exactly 0', margins: [0, ...new Array<number>(9).fill(200)], percent: 50 },
  { name: 'ties at the threshold', margins: [-3, -1, -1, -1, 2, 2, -2, 0.5], percent: 50 },
];

describeOnEach('cross-entropy of the hardest voxels on $name', ({ open }) => {
  it.each(cases)('torch.topk and mean: $name', async ({ margins, percent }) => {
    const device = await open();
    const n = margins.length;
    const logits = fromArray(
      margins.flatMap((margin) => [0, margin]),
      [1, n, 2],
      { device },
    ).requireGradient();
    const target = fromArray(
      margins.flatMap(() => [0, 1]),
      [1, n, 2],
      { device },
    );
    const loss = tidy(() => {
      const loss = topKCrossEntropy(logits, target, percent);
      loss.backward();
      return loss.detach();
    });

    const losses = margins.map((margin) => Math.log1p(Math.exp(-margin)));
    const count = Math.floor((n * percent) / 100);
    const largest = [...losses].sort((a, b) => b - a).slice(0, count);
    expectClose([await loss.item()], [largest.reduce((a, b) => a + b) / count], { rtol: 1e-5 });

    // The smallest of the largest may be there several times, of which some are taken: each gets its share of their gradient.
    const threshold = largest.at(-1)!;
    const taken = largest.filter((value) => value === threshold).length;
    const share = taken / losses.filter((value) => value === threshold).length;
    const gradient = margins.flatMap((margin, i) => {
      const weight = losses[i]! > threshold ? 1 : losses[i] === threshold ? share : 0;
      const slope = (weight * -1) / (1 + Math.exp(margin)) / count;
      return [-slope, slope];
    });
    expectClose(await logits.gradient!.data(), gradient, { rtol: 1e-4, atol: 1e-7 });
    for (const tensor of [logits, target, loss]) tensor.dispose();
  });
});
