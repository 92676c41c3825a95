/** Launches the weight gradient: partial sums over splits of the voxels, then their sum in a fixed order. */
import type { Operand } from '../../device/device.ts';
import { read, write } from '../../device/webgpu/dispatch.ts';
import { writePreamble } from '../../device/webgpu/preamble.ts';
import type { WebgpuDevice } from '../../device/webgpu/webgpu-device.ts';
import { foldWorkgroups } from '../../device/webgpu/workgroups.ts';
import { sizeOf } from '../../shape.ts';
import { sumSplits } from '../sum-splits.webgpu.ts';
import type { Conv3dGeometry } from './conv3d.kernels.ts';
import {
  stagedType,
  type TileVariant,
  tileColumns,
  tileConstants,
  tileCount,
  tileRows,
  tileThreads,
} from './conv3d.variants.ts';
import {
  channelsOf,
  elementBits,
  extentOf,
  geometryWords,
  isQuads,
  kernelOf,
  volume,
} from './conv3d-parameters.webgpu.ts';

/** Workgroups that keep a large GPU busy. */
const WANTED_WORKGROUPS = 1024;
/** A split this short spends more on its partial sums than on its voxels. */
const LEAST_VOXELS = 256;
/** Bounds the memory for partial sums (64 MiB). */
const MOST_PARTIAL_SUMS = 2 ** 24;

export interface Splits {
  readonly splits: number;
  readonly voxelsPerSplit: number;
}

/** How many splits: a matter of shapes alone, so that results never depend on the machine. `step`: voxels that a workgroup takes at once. */
export function splitVoxels(voxels: number, size: number, workgroupsPerSplit: number, step: number): Splits {
  const wanted = Math.min(
    Math.ceil(WANTED_WORKGROUPS / workgroupsPerSplit),
    Math.max(1, Math.ceil(voxels / LEAST_VOXELS)),
    Math.max(1, Math.floor(MOST_PARTIAL_SUMS / size)),
  );
  const voxelsPerSplit = Math.max(step, Math.ceil(voxels / wanted / step) * step);
  return { splits: Math.ceil(voxels / voxelsPerSplit), voxelsPerSplit };
}

function preambleOf(tile: TileVariant, x: Operand, dy: Operand, vendor: string): string {
  const [quadSource, quadGradient] = [isQuads(channelsOf(x)), isQuads(channelsOf(dy))];
  return writePreamble({
    types: { element: x.dtype, staged: stagedType(x.dtype, vendor) },
    constants: {
      ...tileConstants(tile),
      LEFT_ALONG_K: false,
      RIGHT_TRANSPOSED: false,
      SOURCE_UNIT: quadSource ? 4 : 1,
      GRADIENT_UNIT: quadGradient ? 4 : 1,
    },
    code: `
${elementBits(x)}
fn load_left(columns: array<Column, 4>, offset: i32, mask: u32) -> vec4<staged> {
  return ${quadSource ? 'left_quad' : 'left_elements'}(columns, offset, mask);
}
fn load_right(at: u32) -> vec4<staged> {
  return ${quadGradient ? 'right_quad' : 'right_elements'}(at);
}`,
  });
}

/** The geometry must be one that `isGathered` accepts. */
export function weightGradientWebgpu(
  device: WebgpuDevice,
  x: Operand,
  dy: Operand,
  dweight: Operand,
  geometry: Conv3dGeometry,
  tile: TileVariant,
): void {
  const kernel = kernelOf(dweight);
  const rows = volume(kernel) * channelsOf(x);
  const columns = channelsOf(dy);
  const tiles = tileCount(tile, rows, columns);
  const voxels = sizeOf(extentOf(dy));
  const { splits, voxelsPerSplit } = splitVoxels(voxels, rows * columns, tiles, tileThreads(tile));
  device.choose(() => `gathered, tile ${tile.name}, ${splits} splits of ${voxelsPerSplit} voxels`);
  const partial = splits === 1 ? dweight : device.temporary('f32', [splits, rows, columns]);
  device.dispatch({
    shader: 'conv3d/weight-gradient',
    preamble: preambleOf(tile, x, dy, device.info.vendor),
    bindings: [read(x), read(dy), write(partial)],
    parameters: [
      ...extentOf(x),
      ...extentOf(dy),
      ...geometryWords(kernel, geometry),
      channelsOf(x),
      columns,
      Math.ceil(rows / tileRows(tile)),
      Math.ceil(columns / tileColumns(tile)),
      splits,
      voxelsPerSplit,
    ],
    workgroups: foldWorkgroups(tiles * splits),
  });
  if (partial === dweight) return;
  sumSplits(device, partial, dweight, splits);
  device.free(partial.buffer);
}
