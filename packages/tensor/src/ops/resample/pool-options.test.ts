/** One number as the window, the stride or the padding of a pooling stands for all axes. Values by hand. */
import { expect, it } from 'vitest';
import { averagePool2d, fromArray, maxPool3d, tidy } from '../../index.ts';
import { describeOnEach } from '../../testing.ts';

describeOnEach('pooling with one number for all axes on $name', ({ open }) => {
  it('of a volume: the last voxel of each block is the largest', async () => {
    const device = await open();
    const counted = fromArray(
      Array.from({ length: 64 }, (_, i) => i),
      [1, 4, 4, 4, 1],
      { device },
    );
    const largest = tidy(() => maxPool3d(counted, { kernel: 2 }));
    expect(largest.shape).toEqual([1, 2, 2, 2, 1]);
    expect([...(await largest.data())]).toEqual([21, 23, 29, 31, 53, 55, 61, 63]);
    for (const tensor of [counted, largest]) tensor.dispose();
  });

  it('of an image, padded: each corner of a 3 × 3 window hangs over', async () => {
    const device = await open();
    const image = fromArray([9, 18, 27, 36], [1, 2, 2, 1], { device });
    const mean = tidy(() => averagePool2d(image, { kernel: 3, stride: 1, padding: 1 }));
    expect([...(await mean.data())]).toEqual([10, 10, 10, 10]);
    for (const tensor of [image, mean]) tensor.dispose();
  });
});
