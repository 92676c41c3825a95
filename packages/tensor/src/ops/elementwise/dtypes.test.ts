/** Which dtypes elementwise ops take: what would lose a fraction or read memory as something else is refused by name. */
import { expect, it } from 'vitest';
import { isVoxelgradError } from '../../errors.ts';
import {
  add,
  div,
  equal,
  fromArray,
  logicalAnd,
  logicalOr,
  logicalXor,
  maximum,
  mul,
  pow,
  sub,
  type Tensor,
} from '../../index.ts';
import { describeOnEach } from '../../testing.ts';

function dtypeErrorOf(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    expect(isVoxelgradError(error, 'dtype')).toBe(true);
    return String(error);
  }
  throw new Error('nothing was thrown');
}

describeOnEach('elementwise ops on $name', ({ open }) => {
  it('of i32 and a number are those of i32 tensors', async () => {
    const device = await open();
    const x = fromArray(Int32Array.of(4, 6, -7), [3], { device });
    const values = async (tensor: Tensor) => {
      const data = [...(await tensor.data())];
      tensor.dispose();
      return data;
    };
    expect(await values(div(x, 2))).toEqual([2, 3, -3]);
    expect(await values(mul(x, -3))).toEqual([-12, -18, 21]);
    expect(await values(add(x, 1))).toEqual([5, 7, -6]);
    expect(await values(sub(x, 1))).toEqual([3, 5, -8]);
    x.dispose();
  });

  it('refuse a number that i32 cannot hold', async () => {
    const device = await open();
    const x = fromArray(Int32Array.of(4, 6), [2], { device });
    for (const op of [add, sub, mul, div])
      for (const number of [0.5, 2 ** 40, Number.NaN]) expect(dtypeErrorOf(() => op(x, number))).toContain('whole');
    x.dispose();
  });

  it('refuse logic on numbers, and arithmetic on bytes', async () => {
    const device = await open();
    for (const dtype of ['f32', 'i32', 'u8'] as const) {
      const x = fromArray([1, 0], [2], { device, dtype });
      for (const op of [logicalAnd, logicalOr, logicalXor]) expect(dtypeErrorOf(() => op(x, x))).toContain('bool');
      x.dispose();
    }
    for (const dtype of ['u8', 'bool'] as const) {
      const x = fromArray([1, 0], [2], { device, dtype });
      for (const op of [add, sub, mul, div, pow, maximum])
        expect(dtypeErrorOf(() => op(x, x))).toContain('f32 or f16 or i32');
      const same = equal(x, x);
      expect([...(await same.data())]).toEqual([1, 1]);
      for (const tensor of [x, same]) tensor.dispose();
    }
  });
});
