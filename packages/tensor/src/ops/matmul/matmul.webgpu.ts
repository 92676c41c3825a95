/** Launches the WebGPU matrix product: the tiles of the convolutions, without the gathering. */
import { read, write } from '../../device/webgpu/dispatch.ts';
import { writePreamble } from '../../device/webgpu/preamble.ts';
import type { WebgpuDevice } from '../../device/webgpu/webgpu-device.ts';
import { foldWorkgroups } from '../../device/webgpu/workgroups.ts';
import { defaultTile, stagedType, tileColumns, tileConstants, tileCount, tileRows } from '../conv3d/conv3d.variants.ts';
import type { MatmulKernels } from './matmul.kernels.ts';

export const matmulWebgpu = (device: WebgpuDevice): MatmulKernels => ({
  matmul(a, b, out, transposeA, transposeB) {
    const [batch, rows, columns] = out.shape as [number, number, number];
    const depth = a.shape[transposeA ? 1 : 2]!;
    const staged = stagedType(a.dtype, device.info.vendor);
    const tile = defaultTile(batch * rows, columns, { quads: depth % 4 === 0, staged, software: device.software });
    device.choose(() => `tile ${tile.name}, staged as ${staged}`);
    const access = (contiguous: number): string => (contiguous % 4 === 0 ? 'quad' : 'elements');
    device.dispatch({
      shader: 'matmul/matmul',
      preamble: writePreamble({
        types: { element: a.dtype, staged },
        constants: {
          ...tileConstants(tile),
          LEFT_ALONG_K: !transposeA,
          RIGHT_TRANSPOSED: transposeB,
        },
        code: `
fn load_left(index: u32, count: u32) -> vec4<staged> { return left_${access(transposeA ? rows : depth)}(index, count); }
fn load_right(index: u32, count: u32) -> vec4<staged> { return right_${access(transposeB ? depth : columns)}(index, count); }
fn store_result(index: u32, count: u32, value: vec4f) { store_${access(columns)}(index, count, value); }`,
      }),
      bindings: [read(a), read(b), write(out)],
      parameters: [
        batch,
        rows,
        columns,
        depth,
        Math.ceil(rows / tileRows(tile)),
        Math.ceil(columns / tileColumns(tile)),
      ],
      workgroups: foldWorkgroups(batch * tileCount(tile, rows, columns)),
    });
  },
});
