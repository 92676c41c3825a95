/** Launches conv3d/gemm: the forward pass and the data gradient as implicit matrix products. */
import type { Operand } from '../../device/device.ts';
import { read, write } from '../../device/webgpu/dispatch.ts';
import { writePreamble } from '../../device/webgpu/preamble.ts';
import type { WebgpuDevice } from '../../device/webgpu/webgpu-device.ts';
import { foldWorkgroups } from '../../device/webgpu/workgroups.ts';
import type { DType } from '../../dtype.ts';
import type { Triple } from '../../shape.ts';
import type { Conv3dGeometry } from './conv3d.kernels.ts';
import type { MatrixSize } from './conv3d.matrices.ts';
import { stagedType, type TileVariant, tileColumns, tileConstants, tileCount } from './conv3d.variants.ts';
import {
  channelsOf,
  elementBits,
  extentOf,
  forEachQuad,
  geometryWords,
  isQuads,
  kernelOf,
  tapTable,
  volume,
} from './conv3d-parameters.webgpu.ts';

export interface Product {
  readonly dataGradient: boolean;
  /** What is gathered: x, or dy for the data gradient. */
  readonly source: Operand;
  readonly weight: Operand;
  readonly bias: Operand | undefined;
  readonly result: Operand;
  /** Where the tiles of a forward pass leave their moments, if they are to: f32 `[n, tiles of a sample, 2, channels]`. */
  readonly moments?: Operand;
  readonly geometry: Conv3dGeometry;
}

/** Whether all taps of all rows lie inside of the source: no padding, and, for the data gradient, each result voxel read by one window. */
function isAllInside({ dataGradient, source, weight, result, geometry }: Product): boolean {
  const { stride, padding, dilation } = geometry;
  if (padding.some((extent) => extent > 0)) return false;
  if (!dataGradient) return true;
  const [extents, kernel] = [extentOf(result).slice(1), kernelOf(weight)];
  return kernel.every(
    (taps, axis) =>
      (taps - 1) * dilation[axis]! < stride[axis]! && extents[axis] === source.shape[axis + 1]! * stride[axis]!,
  );
}

function preambleOf(tile: TileVariant, product: Product, staged: DType, matrix?: MatrixSize): string {
  const { dataGradient, source, weight, result, moments } = product;
  const quadSource = isQuads(channelsOf(source));
  const quadResult = isQuads(channelsOf(result));
  const blocks = (tileColumns(tile) * tile.tileK) / 16;
  const wholeSlices = channelsOf(source) % tile.tileK === 0;
  const scalars = dataGradient && wholeSlices && blocks < tile.threadsM * tile.threadsN;
  const fetchRight = !dataGradient ? 'rows' : scalars ? 'scalars' : 'columns';
  return writePreamble({
    types: { element: source.dtype, staged },
    constants: {
      ...tileConstants(tile),
      LEFT_ALONG_K: true,
      RIGHT_TRANSPOSED: dataGradient && !scalars,
      DATA_GRADIENT: dataGradient,
      MAXIMUM_TAPS: tapTable(kernelOf(weight)),
      WHOLE_SLICES: wholeSlices,
      CHECKED: !(wholeSlices && isAllInside(product)),
      SOURCE_UNIT: quadSource ? 4 : 1,
      RESULT_UNIT: quadResult ? 4 : 1,
      PREFETCH: tile.prefetch,
      MOMENTS: moments !== undefined,
      PARTS_ASIDE: staged === 'f16',
      ...(matrix === undefined
        ? {}
        : { MATRIX_M: matrix.m, MATRIX_N: matrix.n, MATRIX_K: matrix.k, SUBGROUP: matrix.subgroup }),
    },
    code: `
${elementBits(source)}
fn fetch_left(lane: u32, row: u32, at: i32) {
  fetch_left_${quadSource ? 'quad' : 'element'}(lane, row, at);
}
fn fetch_right_slice(start: u32) {
  fetch_right_${fetchRight}(start);
}
fn fetch_right(lane: u32, column: u32, at: u32) {
  fetch_right_${quadSource ? 'quad' : 'element'}(lane, column, at);
}
fn load_right_row(at: u32) -> vec4<element> {
  return ${quadResult ? 'right_row_quad' : 'right_row_elements'}(at);
}
fn store_result(voxel: u32, column: u32, value: vec4f) {
  ${quadResult ? 'store_quad' : 'store_elements'}(voxel, column, value);
}
fn finish_tile(thread: u32, place: Place) {
  store_sums(thread, place);
${moments === undefined ? '' : forEachQuad(tile.resultsN / 4, (quad) => `leave_moments(thread, place, ${quad})`)}
}`,
  });
}

/** Voxels of the largest class, and classes: see the shader. A forward pass is one class. */
export function classesOf({ dataGradient, result, geometry }: Product): { rows: number; classes: number } {
  const [n, d, h, w] = extentOf(result) as [number, ...Triple];
  if (!dataGradient) return { rows: n * d * h * w, classes: 1 };
  const [sd, sh, sw] = geometry.stride;
  return { rows: n * Math.ceil(d / sd) * Math.ceil(h / sh) * Math.ceil(w / sw), classes: volume(geometry.stride) };
}

/** The parameters of conv3d/gemm, and of others that take its place. */
export function productParameters({ source, weight, bias, result, geometry }: Product, tilesN: number): number[] {
  return [
    ...extentOf(result),
    ...extentOf(source),
    ...geometryWords(kernelOf(weight), geometry),
    channelsOf(source),
    channelsOf(result),
    tilesN,
    bias === undefined ? 0 : 1,
  ];
}

/** The geometry must be one that `isGathered` accepts. */
export function gatherWebgpu(device: WebgpuDevice, product: Product, tile: TileVariant): void {
  const staged = stagedType(product.source.dtype, device.info.vendor);
  device.choose(() => `gathered, tile ${tile.name}, staged as ${staged}`);
  launch(device, product, tile, 'conv3d/gemm', preambleOf(tile, product, staged));
}

/** The same by subgroup matrices of `size`; operands are f16. */
export function matricesWebgpu(device: WebgpuDevice, product: Product, tile: TileVariant, size: MatrixSize): void {
  const preamble = preambleOf(tile, product, 'f16', size);
  device.choose(() => `gathered, tile ${tile.name}, subgroup matrices`);
  launch(device, product, tile, 'conv3d/gemm-matrices', `${ENABLE_MATRICES}\n${preamble}`);
}

/** Which rows a subgroup has depends on its number, which Tint's analysis, made for workgroups, does not take for the same in all its invocations. */
const ENABLE_MATRICES = `enable subgroups;
enable chromium_experimental_subgroup_matrix;
diagnostic(off, chromium.subgroup_matrix_uniformity);`;

function launch(device: WebgpuDevice, product: Product, tile: TileVariant, shader: string, preamble: string): void {
  const { source, weight, bias, result, moments } = product;
  const { rows, classes } = classesOf(product);
  const columns = channelsOf(result);
  const n = moments === undefined ? 1 : result.shape[0]!;
  const [x, y] = foldWorkgroups(n * tileCount(tile, rows / n, columns));
  device.dispatch({
    shader,
    preamble,
    // Without a bias something must be bound all the same: one pipeline serves both.
    bindings: [
      ...[read(source), read(weight), write(result), read(bias ?? weight)],
      ...(moments === undefined ? [] : [write(moments)]),
    ],
    parameters: productParameters(product, Math.ceil(columns / tileColumns(tile))),
    workgroups: [x, y, classes],
  });
}
