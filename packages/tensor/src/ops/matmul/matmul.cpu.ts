/** Launches matrix products. A long k with few tiles is split, so that there is work for all threads. f16 is computed on f32 copies. */
import { chunkFor } from '../../device/cpu/chunk.ts';
import type { CpuDevice } from '../../device/cpu/cpu-device.ts';
import { inFloats } from '../copy/in-floats.cpu.ts';
import type { MatmulKernels } from './matmul.kernels.ts';

/** Steps along k that a kernel packs at a time. */
const DEPTH = 256;
const TILE_ROWS = 64;
const TILE_COLUMNS = 64;
/** Items that a product should at least be cut into, if that leaves each this many multiply-adds. */
const ITEMS = 16;
const SMALLEST_ITEM = 1 << 17;

export const matmulCpu = (device: CpuDevice): MatmulKernels => ({
  matmul(a, b, out, transposeA, transposeB) {
    inFloats(device, [a, b], [out], ([a, b], [out]) => {
      const [batches, m, n] = out.shape as readonly [number, number, number];
      const k = a.shape[transposeA ? 1 : 2]!;
      if (batches * m * n === 0) return;
      if (k === 0) {
        device.enqueue('fill', 1, [device.address(out), 4 * batches * m * n, 4 * batches * m * n, 0]);
        return;
      }
      const tileRows = Math.min(TILE_ROWS, m);
      const tileColumns = Math.min(TILE_COLUMNS, Math.ceil(n / 8) * 8);
      const rowTiles = Math.ceil(m / tileRows);
      const columnTiles = Math.ceil(n / tileColumns);
      const tiles = batches * rowTiles * columnTiles;
      const wanted = Math.min(Math.ceil(ITEMS / tiles), Math.ceil((m * n * k * batches) / SMALLEST_ITEM));
      const depthPerSplit = Math.ceil(Math.ceil(k / Math.max(1, wanted)) / DEPTH) * DEPTH;
      const splits = Math.ceil(k / depthPerSplit);
      const size = batches * m * n;
      device.choose(() => `tiles of ${tileRows}×${tileColumns}, ${splits} splits of depth ${depthPerSplit}`);
      const scratch = device.allocate(4 * tileColumns * DEPTH * device.threads);
      const partials = splits > 1 ? device.allocate(4 * size * splits) : undefined;
      device.enqueue('matmul', tiles * splits, [
        ...[device.address(a), device.address(b)],
        ...[partials === undefined ? device.address(out) : device.addressOf(partials), device.addressOf(scratch)],
        ...[m, n, k],
        ...(transposeA ? [4, 4 * m] : [4 * k, 4]),
        ...(transposeB ? [4, 4 * k] : [4 * n, 4]),
        ...[4 * m * k, 4 * k * n, batches, tileRows, tileColumns, rowTiles, columnTiles, splits, depthPerSplit],
      ]);
      device.free(scratch);
      if (partials === undefined) return;
      const chunk = chunkFor(size);
      const parameters = [device.addressOf(partials), device.address(out), size, chunk, splits];
      device.enqueue('matmulSplits', Math.ceil(size / chunk), parameters);
      device.free(partials);
    });
  },
});
