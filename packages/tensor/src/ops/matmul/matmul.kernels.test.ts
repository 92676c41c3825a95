/** Matrix products on every device against plain loops in double precision. */
import { beforeAll, describe, it } from 'vitest';
import type { Device } from '../../device/device.ts';
import { describeOnEach, empty, expectClose, testValues, upload } from '../../testing.ts';
import { skipOn } from '../../testing-skips.ts';
import { type ProductShape, referenceMatmul } from './matmul.reference.ts';

/** Whether a and b are transposed. */
type Transposes = readonly [boolean, boolean];

interface Product extends ProductShape {
  readonly transposes: readonly Transposes[];
}

const NONE: readonly Transposes[] = [[false, false]];
const ALL: readonly Transposes[] = [false, true].flatMap((a) => [[a, false] as const, [a, true] as const]);

const PRODUCTS: readonly Product[] = [
  { batch: 1, m: 1, n: 1, k: 1, transposes: NONE },
  { batch: 2, m: 33, n: 17, k: 5, transposes: ALL },
  { batch: 1, m: 64, n: 72, k: 48, transposes: ALL },
  { batch: 3, m: 20, n: 12, k: 28, transposes: NONE },
  { batch: 1, m: 130, n: 3, k: 31, transposes: NONE },
  { batch: 1, m: 7, n: 100, k: 260, transposes: NONE },
  { batch: 2, m: 5, n: 8, k: 0, transposes: NONE },
];

describeOnEach('matmul kernel on $name', ({ open }) => {
  let device: Device;
  beforeAll(async () => {
    device = await open();
  });

  describe.each(PRODUCTS)('$batch × [$m, $k] · [$k, $n]', (product) => {
    it.for(['f32', 'f16'] as const)('in %s', async (dtype, context) => {
      if (dtype === 'f16') skipOn(context, device, 'f16');
      const { batch, m, n, k, transposes } = product;
      const coarse = (size: number, seed: number) =>
        testValues([size], seed).map((value) => Math.round(value * 256) / 256);
      const [as, bs] = [coarse(batch * m * k, 1), coarse(batch * k * n, 2)];
      const results = transposes.map(([transposeA, transposeB]) => {
        const a = upload(device, dtype, transposeA ? [batch, k, m] : [batch, m, k], as);
        const b = upload(device, dtype, transposeB ? [batch, n, k] : [batch, k, n], bs);
        const out = empty(device, dtype, [batch, m, n]);
        device.kernels.matmul(a, b, out, transposeA, transposeB);
        for (const { buffer } of [a, b]) device.free(buffer);
        return { out, expected: referenceMatmul(as, bs, product, transposeA, transposeB) };
      });
      for (const { out, expected } of results) {
        expectClose(
          await device.read(out),
          expected,
          dtype === 'f16' ? { rtol: 6e-4, atol: 1e-5 } : { rtol: 1e-5, atol: 1e-5 },
        );
        device.free(out.buffer);
      }
    });
  });
});
