/** Splines of every device against the textbook way in double precision (reference/splines.ts). */
import { describe, expect, it } from 'vitest';
import { fromArray } from '../../create.ts';
import { resized } from '../../reference/splines.ts';
import type { Shape, Triple } from '../../shape.ts';
import { describeOnEach, expectClose, testValues } from '../../testing.ts';
import { mul } from '../elementwise/elementwise.ts';
import { sum } from '../reduce/reduce.ts';
import { resize, type SplineOrder } from './resize.ts';

const SIZES: Record<string, readonly [Shape, Triple]> = {
  larger: [
    [2, 3, 5, 4, 3],
    [5, 8, 9],
  ],
  smaller: [
    [1, 9, 8, 14, 1],
    [4, 5, 6],
  ],
  'one axis': [
    [1, 3, 20, 4, 2],
    [3, 7, 4],
  ],
  'an axis of one voxel': [
    [1, 1, 6, 5, 4],
    [1, 4, 11],
  ],
  'the same': [
    [1, 3, 4, 5, 1],
    [3, 4, 5],
  ],
};

describeOnEach('resize on $name', ({ open }) => {
  describe.each([0, 1, 2, 3] as const)('order %i', (order) => {
    it.each(Object.keys(SIZES))('%s', async (name) => {
      const device = await open();
      const [shape, size] = SIZES[name]!;
      const values = testValues(shape, 3);
      const x = fromArray(values, shape, { device });
      const out = resize(x, size, order);
      expect(out.shape).toEqual([shape[0], ...size, shape[4]]);
      const expected = resized({ shape, data: Float64Array.from(values) }, size, order);
      expectClose(await out.data(), expected.data, { rtol: 1e-5, atol: 2e-6 });
      for (const tensor of [x, out]) tensor.dispose();
    });
  });

  it.each([1, 3] as const)('has the transposed matrix as gradient, order %i', async (order) => {
    const device = await open();
    const [shape, size] = SIZES.larger!;
    const x = fromArray(testValues(shape, 5), shape, { device }).requireGradient();
    const outShape = [shape[0]!, ...size, shape[4]!];
    const weights = fromArray(testValues(outShape, 7), outShape, { device });
    const total = sum(mul(resize(x, size, order), weights));
    total.backward();
    // ⟨R x, g⟩ = ⟨x, Rᵀ g⟩, as R is linear.
    const product = sum(mul(x.detach(), x.gradient!));
    expectClose(await product.data(), await total.data(), { rtol: 1e-4, atol: 1e-4 });
    for (const tensor of [product, total, weights, x]) tensor.dispose();
  });

  it('refuses other orders, sizes and shapes', async () => {
    const device = await open();
    const x = fromArray(new Float32Array(8), [1, 2, 2, 2, 1], { device });
    expect(() => resize(x, [2, 0, 2], 3)).toThrow(/whole numbers ≥ 1/);
    expect(() => resize(x, [2, 2, 2], 4 as SplineOrder)).toThrow(/order: expected 0, 1, 2 or 3, got 4/);
    x.dispose();
  });
});
