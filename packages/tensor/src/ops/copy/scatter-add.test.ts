/** Adding slices back along an axis, in every dtype: what fits is summed in f32, what does not is refused before a kernel writes past its memory. */
import { expect, it } from 'vitest';
import { isVoxelgradError } from '../../errors.ts';
import { fromArray, gather, padBorder, scatterAdd, sum, tidy } from '../../index.ts';
import { describeOnEach } from '../../testing.ts';
import { skipOn } from '../../testing-skips.ts';

describeOnEach('scatterAdd on $name', ({ open }) => {
  it('adds f16 up in f32', async (context) => {
    const device = await open();
    skipOn(context, device, 'f16');
    const index = fromArray(Int32Array.of(0, 0, 1, 0), [4], { device });
    // 2048 + 1 + 1 in f16 additions is 2048.
    const x = fromArray([2048, 1, 3, 1], [4], { device, dtype: 'f16' });
    const out = scatterAdd(x, index, 0, 3);
    expect(out.dtype).toBe('f16');
    expect([...(await out.data())]).toEqual([2050, 3, 0]);
    for (const tensor of [index, x, out]) tensor.dispose();
  });

  it('is the gradient of a gather in f16 that repeats entries, and of padding with the edge', async (context) => {
    const device = await open();
    skipOn(context, device, 'f16');
    const x = fromArray([1, 2, 3], [3], { device, dtype: 'f16' }).requireGradient();
    const index = fromArray(Int32Array.of(0, 0, 1), [3], { device });
    tidy(() => sum(gather(x, index, 0)).backward());
    expect([...(await x.gradient!.data())]).toEqual([2, 1, 0]);
    const y = fromArray([1, 2, 3], [3], { device, dtype: 'f16' }).requireGradient();
    tidy(() => sum(padBorder(y, [[1, 1]], 'edge')).backward());
    expect([...(await y.gradient!.data())]).toEqual([2, 1, 2]);
    for (const tensor of [x, index, y]) tensor.dispose();
  });

  it.each(['i32', 'u8', 'bool'] as const)('refuses %s', async (dtype) => {
    const device = await open();
    const index = fromArray(Int32Array.of(0, 0, 1), [3], { device });
    const x = fromArray([1, 1, 1], [3], { device, dtype });
    let error: unknown;
    try {
      scatterAdd(x, index, 0, 3);
    } catch (thrown) {
      error = thrown;
    }
    expect(isVoxelgradError(error, 'dtype')).toBe(true);
    index.dispose();
    x.dispose();
  });
});
