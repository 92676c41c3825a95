/** Matrix products in every tile shape, also where the default would be another, against plain loops in double precision. */
import { beforeAll, describe, it } from 'vitest';
import { WebgpuDevice } from '../../device/webgpu/webgpu-device.ts';
import { describeOn, empty, expectClose, testValues, upload } from '../../testing.ts';
import { skipOn } from '../../testing-skips.ts';
import { TILE_VARIANTS } from '../conv3d/conv3d.variants.ts';
import { referenceMatmul } from './matmul.reference.ts';
import { matmulOn } from './matmul.webgpu.ts';

/** Rows, columns and depth that fill no tile; each tile with other operands transposed: software drivers take seconds to compile a pipeline. */
const SHAPE = { batch: 2, m: 37, n: 42, k: 27 };
const TILES = Object.values(TILE_VARIANTS).map((tile, i) => ({
  tile,
  name: tile.name,
  transposeA: i % 2 === 1,
  transposeB: i % 3 === 1,
}));

describeOn('webgpu', 'tiles of matmul on webgpu', ({ open }) => {
  let device: WebgpuDevice;
  beforeAll(async () => {
    const opened = await open();
    if (!(opened instanceof WebgpuDevice)) throw new Error(`${opened.description} is no WebGPU device`);
    device = opened;
  });

  describe.each(TILES)('$name', ({ tile, transposeA, transposeB }) => {
    it.for(['f32', 'f16'] as const)('in %s', async (dtype, context) => {
      if (dtype === 'f16') skipOn(context, device, 'f16');
      const { batch, m, n, k } = SHAPE;
      const coarse = (size: number, seed: number) =>
        testValues([size], seed).map((value) => Math.round(value * 256) / 256);
      const [as, bs] = [coarse(batch * m * k, 1), coarse(batch * k * n, 2)];
      const a = upload(device, dtype, transposeA ? [batch, k, m] : [batch, m, k], as);
      const b = upload(device, dtype, transposeB ? [batch, n, k] : [batch, k, n], bs);
      const out = empty(device, dtype, [batch, m, n]);
      matmulOn(device, { a, b, out, transposeA, transposeB }, tile);
      expectClose(
        await device.read(out),
        referenceMatmul(as, bs, SHAPE, transposeA, transposeB),
        dtype === 'f16' ? { rtol: 6e-4, atol: 1e-5 } : { rtol: 1e-5, atol: 1e-5 },
      );
      for (const { buffer } of [a, b, out]) device.free(buffer);
    });
  });
});
