/** Launches conv3d/gemm: the forward pass and the data gradient as implicit matrix products. */
import { debug } from '../../debug.ts';
import type { Operand } from '../../device/device.ts';
import { read, write } from '../../device/webgpu/dispatch.ts';
import { writePreamble } from '../../device/webgpu/preamble.ts';
import type { WebgpuDevice } from '../../device/webgpu/webgpu-device.ts';
import { foldWorkgroups } from '../../device/webgpu/workgroups.ts';
import { showShape, type Triple } from '../../shape.ts';
import type { Conv3dGeometry } from './conv3d.kernels.ts';
import { defaultTile, stagedType, type TileVariant, tileColumns, tileConstants, tileCount } from './conv3d.variants.ts';
import {
  channelsOf,
  extentOf,
  geometryWords,
  isQuads,
  kernelOf,
  tapTable,
  volume,
} from './conv3d-parameters.webgpu.ts';

interface Product {
  readonly dataGradient: boolean;
  /** What is gathered: x, or dy for the data gradient. */
  readonly source: Operand;
  readonly weight: Operand;
  readonly bias: Operand | undefined;
  readonly result: Operand;
  readonly geometry: Conv3dGeometry;
}

function preambleOf(tile: TileVariant, { dataGradient, source, weight, result }: Product, vendor: string): string {
  const quadSource = isQuads(channelsOf(source));
  const quadResult = isQuads(channelsOf(result));
  return writePreamble({
    types: { element: source.dtype, staged: stagedType(source.dtype, vendor) },
    constants: {
      ...tileConstants(tile),
      DATA_GRADIENT: dataGradient,
      MAXIMUM_TAPS: tapTable(kernelOf(weight)),
      WHOLE_SLICES: channelsOf(source) % tile.tileK === 0,
      SOURCE_UNIT: quadSource ? 4 : 1,
    },
    code: `
fn gather_left(offsets: vec4i, masks: vec4u, slice: Slice, quad_k: u32) -> array<vec4<staged>, 4> {
  return ${quadSource ? 'gather_quads' : 'gather_elements'}(offsets, masks, slice, quad_k);
}
fn load_right_row(at: u32) -> vec4<staged> {
  return ${quadResult ? 'right_row_quad' : 'right_row_elements'}(at);
}
fn load_right_columns(slice: Slice, quad_k: u32, column: u32) -> array<vec4<staged>, 4> {
  return ${quadSource ? 'right_column_quads' : 'right_column_elements'}(slice, quad_k, column);
}
fn stage_right(slice: Slice, column0: u32, depth: u32, thread: u32) {
  ${dataGradient ? 'stage_right_columns' : 'stage_right_rows'}(slice, column0, depth, thread);
}
fn store_result(voxel: u32, column: u32, value: vec4f) {
  ${quadResult ? 'store_quad' : 'store_elements'}(voxel, column, value);
}`,
  });
}

/** Voxels of the largest class, and classes: see the shader. A forward pass is one class. */
function classesOf({ dataGradient, result, geometry }: Product): { rows: number; classes: number } {
  const [n, d, h, w] = extentOf(result) as [number, ...Triple];
  if (!dataGradient) return { rows: n * d * h * w, classes: 1 };
  const [sd, sh, sw] = geometry.stride;
  return { rows: n * Math.ceil(d / sd) * Math.ceil(h / sh) * Math.ceil(w / sw), classes: volume(geometry.stride) };
}

/** The geometry must be one that `isGathered` accepts. */
export function gatherWebgpu(device: WebgpuDevice, product: Product, variant?: TileVariant): void {
  const { source, weight, bias, result, geometry } = product;
  const { rows, classes } = classesOf(product);
  const columns = channelsOf(result);
  const tile = variant ?? defaultTile(rows * classes, columns);
  debug(2, () => {
    const name = product.dataGradient ? 'conv3dDataGradient' : 'conv3d';
    return `${name} ${showShape(source.shape)} to ${showShape(result.shape)}: tile ${tile.name}`;
  });
  const [x, y] = foldWorkgroups(tileCount(tile, rows, columns));
  device.dispatch({
    shader: 'conv3d/gemm',
    preamble: preambleOf(tile, product, device.info.vendor),
    // Without a bias something must be bound all the same: one pipeline serves both.
    bindings: [read(source), read(weight), write(result), read(bias ?? weight)],
    parameters: [
      ...extentOf(result),
      ...extentOf(source),
      ...geometryWords(kernelOf(weight), geometry),
      channelsOf(source),
      columns,
      Math.ceil(columns / tileColumns(tile)),
      bias === undefined ? 0 : 1,
    ],
    workgroups: [x, y, classes],
  });
}
