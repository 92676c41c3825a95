/** Launches the convolutions without workgroup memory: the candidates for drivers that compute on the processor. */
import type { Operand } from '../../device/device.ts';
import { read, write } from '../../device/webgpu/dispatch.ts';
import { writePreamble } from '../../device/webgpu/preamble.ts';
import type { WebgpuDevice } from '../../device/webgpu/webgpu-device.ts';
import { foldWorkgroups } from '../../device/webgpu/workgroups.ts';
import { sizeOf } from '../../shape.ts';
import { sumSplits } from '../sum-splits.webgpu.ts';
import type { Conv3dGeometry } from './conv3d.kernels.ts';
import type { RegisterVariant } from './conv3d.variants.ts';
import { classesOf, type Product, productParameters } from './conv3d-gather.webgpu.ts';
import {
  channelsOf,
  elementBits,
  extentOf,
  forEachQuad,
  geometryWords,
  kernelOf,
  volume,
} from './conv3d-parameters.webgpu.ts';
import { splitVoxels } from './conv3d-weight-gradient.webgpu.ts';

/** Invocations of a workgroup, where they have nothing to do with each other. */
const INVOCATIONS = 16;

/** Invocations that fetch together: those of a subgroup. */
const lanesOf = ({ info }: WebgpuDevice, { broadcast }: RegisterVariant): number =>
  broadcast === undefined ? 1 : (info.subgroupMaxSize ?? 1);

/**
 * What a lane fetched, for all of its subgroup. Not by subgroupBroadcast: for each of them Mesa's software driver finds out which lane is the first that is
 * active, while a shuffle is one instruction.
 */
const broadcast = (part: number, lanes: number): string =>
  `subgroupShuffle(fetched[${Math.floor(part / lanes)}], ${part % lanes})`;

/** The weight of a quad of columns, put together from what each lane fetched. */
function broadcastQuad(quad: number, quads: number, dataGradient: boolean, lanes: number): string {
  const parts = Array.from({ length: 4 }, (_, i) => broadcast(dataGradient ? 4 * quad + i : i * quads + quad, lanes));
  const matrix = `mat4x4f(${parts.join(', ')})`;
  return dataGradient ? `transpose(${matrix})` : matrix;
}

const SUBGROUPS = 'enable subgroups;\n';

/** The geometry must be one that `isGathered` accepts, channels of both sides multiples of 4. */
export function registersWebgpu(device: WebgpuDevice, product: Product, variant: RegisterVariant): void {
  const { dataGradient, source, weight, bias, result } = product;
  const { rows, quads } = variant;
  const lanes = lanesOf(device, variant);
  const invocations = Math.max(INVOCATIONS, lanes);
  const { rows: voxels, classes } = classesOf(product);
  const tilesN = Math.ceil(channelsOf(result) / (4 * quads));
  const [x, y] = foldWorkgroups(Math.ceil(voxels / rows / invocations) * tilesN);
  const loaded = (quad: number): string =>
    `${dataGradient ? 'right_columns' : 'right_rows'}(tap, k, column_of(${quad}, column0))`;
  const right = (quad: number): string => (lanes > 1 ? broadcastQuad(quad, quads, dataGradient, lanes) : loaded(quad));
  const preamble = writePreamble({
    types: { element: source.dtype },
    constants: { DATA_GRADIENT: dataGradient, ROWS: rows, QUADS: quads, LANES: lanes, INVOCATIONS: invocations },
    code: `
${elementBits(source)}
fn add_products(left: array<vec4f, ROWS>, tap: u32, k: u32, column0: u32) {
${forEachQuad(quads, (quad) => `add_quad(left, ${quad}, ${right(quad)})`)}
}`,
  });
  device.choose(() => `in registers, ${rows}x${4 * quads}${lanes > 1 ? `, weights from ${lanes} lanes` : ''}`);
  device.dispatch({
    shader: 'conv3d/registers',
    preamble: `${lanes > 1 ? SUBGROUPS : ''}${preamble}`,
    bindings: [read(source), read(weight), write(result), read(bias ?? weight)],
    parameters: productParameters(product, tilesN),
    workgroups: [x, y, classes],
  });
}

/** The geometry must be one that `isGathered` accepts, channels of both sides multiples of 4. */
export function weightGradientRegisters(
  device: WebgpuDevice,
  x: Operand,
  dy: Operand,
  dweight: Operand,
  geometry: Conv3dGeometry,
  variant: RegisterVariant,
): void {
  const { rows, quads } = variant;
  const kernel = kernelOf(dweight);
  const lanes = lanesOf(device, variant);
  const invocations = lanes > 1 ? lanes : INVOCATIONS;
  const tilesM = Math.ceil(channelsOf(x) / rows);
  const tilesN = Math.ceil(channelsOf(dy) / (4 * quads * lanes));
  const tiles = volume(kernel) * tilesM * tilesN;
  const tilesPerWorkgroup = invocations / lanes;
  const lines = sizeOf(extentOf(dy).slice(0, 3));
  const size = sizeOf(dweight.shape);
  const { splits, voxelsPerSplit: linesPerSplit } = splitVoxels(lines, size, Math.ceil(tiles / tilesPerWorkgroup), 1);
  const partial = splits === 1 ? dweight : device.temporary('f32', [splits, size]);
  const products = (j: number): string => `let right${j} = right_at(gradient_at + min(${j}, last_quad), last_voxel);
${forEachQuad(rows / 4, (i) => `add_quads(${i}, ${j}, right${j})`)}`;
  device.choose(() => `in registers, ${rows}x${4 * quads}, ${lanes} lanes, ${splits} splits of ${linesPerSplit} lines`);
  device.dispatch({
    shader: 'conv3d/registers-weight-gradient',
    preamble: `${lanes > 1 ? SUBGROUPS : ''}${writePreamble({
      types: { element: x.dtype },
      constants: { INVOCATIONS: invocations, ROWS: rows, QUADS: quads, LANES: lanes },
      code: `
fn tile_at(group: vec3u, groups: vec3u, thread: u32) -> u32 {
  return ${lanes > 1 ? 'linear_workgroup(group, groups)' : 'linear_invocation(group, groups, thread, INVOCATIONS)'};
}
fn told(value: vec4f, lane: u32) -> vec4f {
  return ${lanes > 1 ? 'subgroupShuffle(value, lane)' : 'value'};
}
fn add_voxels(gradient_at: u32, last_quad: u32, last_voxel: u32) {
${forEachQuad(quads, products)}
}`,
    })}`,
    bindings: [read(x), read(dy), write(partial)],
    parameters: [
      ...extentOf(x),
      ...extentOf(dy),
      ...geometryWords(kernel, geometry),
      channelsOf(x),
      channelsOf(dy),
      tilesM,
      tilesN,
      splits,
      linesPerSplit,
    ],
    workgroups: foldWorkgroups(Math.ceil((tiles * splits) / tilesPerWorkgroup)),
  });
  if (partial === dweight) return;
  sumSplits(device, partial, dweight, splits);
  device.free(partial.buffer);
}
