import { expect, it } from 'vitest';
import { fromArray } from './create.ts';
import { gradients } from './gradients.ts';
import { mul } from './ops/elementwise/elementwise.ts';
import { square } from './ops/elementwise/unary.ts';
import { sum } from './ops/reduce/reduce.ts';
import { tidy } from './scope.ts';
import { describeOnEach, expectClose } from './testing.ts';

describeOnEach('gradients as values on $name', ({ open }) => {
  it('on leaves and on what lies between, without touching any leaf', async () => {
    const device = await open();
    const [x, y, unused] = [
      [1, 2],
      [3, 4],
      [5, 6],
    ].map((values) => fromArray(values, [2], { device }).requireGradient()) as [
      ReturnType<typeof fromArray>,
      ReturnType<typeof fromArray>,
      ReturnType<typeof fromArray>,
    ];
    const found = tidy(() => {
      const hidden = mul(x, y);
      // f = Σ (xy)²
      return gradients(sum(square(hidden)), [x, y, hidden, unused, x]);
    });
    const expected = [
      [18, 64],
      [6, 32],
      [6, 16],
      [0, 0],
      [18, 64],
    ];
    for (const [i, gradient] of found.entries()) expectClose(await gradient.data(), expected[i]!);
    for (const leaf of [x, y, unused]) expect(leaf.gradient).toBeUndefined();
    for (const tensor of [...found, x, y, unused]) tensor.dispose();
  });

  it('along a direction, and again', async () => {
    const device = await open();
    const x = fromArray([1, 2], [2], { device }).requireGradient();
    const [slope, curvature] = tidy(() => {
      const direction = fromArray([1, 10], [2], { device });
      const [slope] = gradients(mul(square(x), x), [x], { gradient: direction, createGraph: true });
      const [curvature] = gradients(sum(slope!), [x]);
      return [slope!, curvature!];
    }) as [ReturnType<typeof fromArray>, ReturnType<typeof fromArray>];
    expectClose(await slope.data(), [3, 120]);
    expectClose(await curvature.data(), [6, 120]);
    for (const tensor of [slope, curvature, x]) tensor.dispose();
  });

  it('says which input has no history', async () => {
    const device = await open();
    tidy(() => {
      const x = fromArray([1, 2], [2], { device }).requireGradient();
      expect(() => gradients(sum(x), [x, x.detach()])).toThrowError(/input 1, Tensor\(f32 \[2\]/);
    });
  });
});
