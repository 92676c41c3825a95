/** Tensors that no device can hold are refused before anything is allocated, with the numbers. */
import { expect, it } from 'vitest';
import { broadcastTo, concat, full, isVoxelgradError, ones, tidy } from './index.ts';
import { describeOnEach } from './testing.ts';

const GIBIBYTE = 2 ** 30;

describeOnEach('a tensor above 2 GiB on $name', ({ open }) => {
  it.each([
    { what: 'f32', shape: [2 ** 29 + 64], dtype: 'f32', bytes: '2,147,483,904 bytes' },
    { what: 'f32 of many axes', shape: [2, 512, 512, 512, 5], dtype: 'f32', bytes: '5,368,709,120 bytes' },
    { what: 'f16', shape: [GIBIBYTE + 64], dtype: 'f16', bytes: '2,147,483,776 bytes' },
  ] as const)('is refused: $what', async ({ shape, dtype, bytes }) => {
    const device = await open();
    const before = device.memory();
    let error: unknown;
    try {
      full(0, shape, { device, dtype });
    } catch (thrown) {
      error = thrown;
    }
    expect(isVoxelgradError(error, 'out-of-memory')).toBe(true);
    expect(String(error)).toContain(
      `a ${dtype} tensor of shape [${shape.join(', ')}]: expected at most 2 GiB, got ${bytes}`,
    );
    expect(String(error)).toContain('help: use a smaller patch or batch');
    expect(device.memory()).toEqual(before);
  });

  it.each([[2 ** 31], [2 ** 20, 2 ** 20, 2 ** 20], [-1], [1.5], [Number.NaN]].map((shape) => ({ shape })))(
    'has a shape that is none: $shape',
    async ({ shape }) => {
      const device = await open();
      expect(() => full(0, shape, { device, dtype: 'u8' })).toThrowError(
        /whole extents ≥ 0 with fewer than 2³¹ elements/,
      );
    },
  );

  it('is refused as the result of an op, and what the op was given lives on', async () => {
    const device = await open();
    const x = ones([1, 64], { device });
    const before = device.memory().usedBytes;
    expect(() => tidy(() => broadcastTo(x, [2 ** 24, 64]))).toThrowError(/at most 2 GiB, got 4,294,967,296 bytes/);
    const many = Array.from({ length: 2 ** 10 }, () => x);
    expect(() => tidy(() => broadcastTo(concat(many, 0), [2 ** 14, 2 ** 10, 64]))).toThrowError(/at most 2 GiB/);
    expect(device.memory().usedBytes).toBe(before);
    expect([...(await x.data())]).toEqual(new Array(64).fill(1));
    x.dispose();
  });
});
