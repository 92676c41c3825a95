/** Launches the WebGPU matrix product: the tiles of the convolutions, without the gathering. */
import type { Operand } from '../../device/device.ts';
import { read, write } from '../../device/webgpu/dispatch.ts';
import { writePreamble } from '../../device/webgpu/preamble.ts';
import type { WebgpuDevice } from '../../device/webgpu/webgpu-device.ts';
import { foldWorkgroups } from '../../device/webgpu/workgroups.ts';
import { defaultTile, type ProductShape, suitingTiles } from '../conv3d/conv3d.defaults.ts';
import {
  stagedType,
  TILE_VARIANTS,
  type TileVariant,
  tileColumns,
  tileConstants,
  tileCount,
  tileRows,
} from '../conv3d/conv3d.variants.ts';
import type { MatmulKernels } from './matmul.kernels.ts';

/** What a kernel of the table is given. */
interface Matmul {
  readonly a: Operand;
  readonly b: Operand;
  readonly out: Operand;
  readonly transposeA: boolean;
  readonly transposeB: boolean;
}

function chosenTile(device: WebgpuDevice, product: Matmul): TileVariant {
  const { a, b, out, transposeA, transposeB } = product;
  const [batch, rows, columns] = out.shape as [number, number, number];
  const shape: ProductShape = {
    direction: 'matmul',
    rows: batch * rows,
    columns,
    channels: a.shape[transposeA ? 1 : 2]!,
    staged: stagedType(a.dtype, device.info.vendor),
    subgroup: undefined,
  };
  const name = device.choices.choose({
    kernel: 'matmul',
    detail: [transposeA ? 'aᵀ' : 'a', transposeB ? 'bᵀ' : 'b'].join(' '),
    operands: [a, b, out],
    candidates: suitingTiles(shape, device.limits),
    preset: defaultTile(shape, device.description),
    run: (name, [a, b, out]) => matmulOn(device, { ...product, a: a!, b: b!, out: out! }, TILE_VARIANTS[name]),
  });
  return TILE_VARIANTS[name];
}

/** The matrix product in tiles of one shape. */
export function matmulOn(
  device: WebgpuDevice,
  { a, b, out, transposeA, transposeB }: Matmul,
  tile = chosenTile(device, { a, b, out, transposeA, transposeB }),
): void {
  const [batch, rows, columns] = out.shape as [number, number, number];
  const depth = a.shape[transposeA ? 1 : 2]!;
  const staged = stagedType(a.dtype, device.info.vendor);
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
    parameters: [batch, rows, columns, depth, Math.ceil(rows / tileRows(tile)), Math.ceil(columns / tileColumns(tile))],
    workgroups: foldWorkgroups(batch * tileCount(tile, rows, columns)),
  });
}

export const matmulWebgpu = (device: WebgpuDevice): MatmulKernels => ({
  matmul: (a, b, out, transposeA, transposeB) => matmulOn(device, { a, b, out, transposeA, transposeB }),
});
