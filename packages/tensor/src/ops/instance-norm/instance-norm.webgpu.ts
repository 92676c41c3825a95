/** Launches the WebGPU normalisation: statistics in two stages, then one pass over x; the gradient likewise. */
import type { Operand } from '../../device/device.ts';
import { type Binding, floatBits, read, write } from '../../device/webgpu/dispatch.ts';
import { writePreamble } from '../../device/webgpu/preamble.ts';
import type { WebgpuDevice } from '../../device/webgpu/webgpu-device.ts';
import { foldWorkgroups } from '../../device/webgpu/workgroups.ts';
import type { DType } from '../../dtype.ts';
import { sizeOf } from '../../shape.ts';
import { sumSplits } from '../sum-splits.webgpu.ts';
import type { InstanceNormKernels, NormSettings } from './instance-norm.kernels.ts';

const THREADS = 256;
/** Chunks of channels side by side in a workgroup: 16 of 16 bytes make full memory transactions. */
const MOST_CHANNEL_LANES = 16;
/** Workgroups that keep a large GPU busy. */
const WANTED_WORKGROUPS = 1024;
/** Rows that a thread walks at least, so that the channels' values which it loads first are no burden. */
const LEAST_ROWS_PER_THREAD = 16;

/** Parts of a sample that merge-statistics is left with at most: it reads them with a stride. */
const MOST_PARTS = 256;
/** Parts that a thread merges at least where there are more. */
const LEAST_PARTS_PER_THREAD = 4;

/** What is normalised, and how. */
export interface Pass {
  readonly x: Operand;
  readonly weight: Operand | undefined;
  readonly bias: Operand | undefined;
  readonly settings: NormSettings;
}

/** How the voxels of a sample are cut. */
interface Cut {
  readonly tiles: number;
  readonly rowsPerTile: number;
}

/** How `x [n, space, c]` is cut up: a matter of its shape alone. */
function layoutOf({ shape }: Operand) {
  const batch = shape[0]!;
  const channels = shape.at(-1)!;
  const space = sizeOf(shape.slice(1, -1));
  const width = channels % 4 === 0 ? 4 : 1;
  const chunks = channels / width;
  const channelLanes = Math.min(MOST_CHANNEL_LANES, 2 ** Math.ceil(Math.log2(chunks)));
  const rowLanes = THREADS / channelLanes;
  const blocks = Math.ceil(chunks / channelLanes);
  const mostTiles = Math.ceil(space / (rowLanes * LEAST_ROWS_PER_THREAD));
  const wantedTiles = Math.max(1, Math.min(mostTiles, Math.ceil(WANTED_WORKGROUPS / (batch * blocks))));
  const rowsPerTile = Math.max(1, Math.ceil(space / wantedTiles));
  const tiles = Math.ceil(space / rowsPerTile);
  return {
    batch,
    channels,
    space,
    width,
    channelLanes,
    rowLanes,
    rowsPerTile,
    tiles,
    blocks,
  };
}

/** What fills the shaders' `stored` and `lanes`: whole vec4 where channels are a multiple of 4. */
const QUADS = `
alias stored = vec4<element>;
alias lanes = vec4f;
fn lanes_of(a: f32, b: f32, c: f32, d: f32) -> lanes { return vec4f(a, b, c, d); }`;
const ELEMENTS = `
alias stored = element;
alias lanes = f32;
fn lanes_of(a: f32, b: f32, c: f32, d: f32) -> lanes { return a; }`;

/** For the shaders between the passes over x: they take single channels, whatever x is. */
const COMBINING_THREADS = 64;
const COMBINING = writePreamble({
  types: { element: 'f32' },
  constants: { WIDTH: 1, CHANNEL_LANES: 1, ROW_LANES: COMBINING_THREADS },
  code: ELEMENTS,
});

/** The layout of a pass, what runs a shader over all of x, and what runs one that combines what such a shader left. */
function prepare(device: WebgpuDevice, { x, weight, bias, settings }: Pass) {
  const layout = layoutOf(x);
  device.choose(
    () => `${layout.tiles} tiles of ${layout.rowsPerTile} rows, ${layout.channelLanes} × ${layout.width} channels wide`,
  );
  const { batch, space, channels, width, channelLanes, rowLanes, blocks } = layout;
  const lanes = { WIDTH: width, CHANNEL_LANES: channelLanes, ROW_LANES: rowLanes };
  const dispatch = (
    name: string,
    preamble: string,
    bindings: readonly Binding[],
    { tiles, rowsPerTile }: Cut,
    workgroups: number,
  ): void =>
    device.dispatch({
      shader: `instance-norm/${name}`,
      preamble,
      bindings,
      parameters: [
        ...[batch, space, channels, settings.groups, tiles, rowsPerTile],
        ...[weight, bias].map((operand) => (operand === undefined ? 0 : 1)),
        ...[settings.epsilon, settings.slope].map(floatBits),
      ],
      workgroups: foldWorkgroups(workgroups),
    });
  return {
    layout,
    /** Over all rows of `dtype`: those of x, or of what was left of them in another cut. */
    run(
      name: string,
      bindings: readonly Binding[],
      {
        dtype = x.dtype,
        cut = layout,
        constants = {},
      }: { dtype?: DType; cut?: Cut; constants?: { PART_ROWS?: number } } = {},
    ): void {
      const code = width === 4 ? QUADS : ELEMENTS;
      const preamble = writePreamble({ types: { element: dtype }, constants: { ...lanes, ...constants }, code });
      dispatch(name, preamble, bindings, cut, batch * cut.tiles * blocks);
    },
    combine: (name: string, bindings: readonly Binding[], workgroups: number, cut: Cut = layout): void =>
      dispatch(name, COMBINING, bindings, cut, workgroups),
  };
}

/**
 * normForward of an x that has left its moments: `parts`, f32 `[n, parts of a sample, 2, c]`, each of `rows` voxels, the last of a sample perhaps of fewer.
 */
export function normFromMoments(
  device: WebgpuDevice,
  pass: Pass,
  parts: Operand,
  rows: number,
  y: Operand,
  mean: Operand,
  inverseDeviation: Operand,
): void {
  const { x, weight, bias, settings } = pass;
  const { layout, run, combine } = prepare(device, pass);
  const { batch, channels, rowLanes } = layout;
  const merge = (moments: Operand, cut: Cut): void =>
    combine('merge-statistics', [read(moments), write(mean), write(inverseDeviation)], batch * settings.groups, cut);
  const count = parts.shape[1]!;
  if (count <= MOST_PARTS) merge(parts, { tiles: count, rowsPerTile: rows });
  else {
    const partsPerTile = Math.max(Math.ceil(count / MOST_PARTS), rowLanes * LEAST_PARTS_PER_THREAD);
    const cut = { tiles: Math.ceil(count / partsPerTile), rowsPerTile: partsPerTile * rows };
    const merged = device.temporary('f32', [batch, cut.tiles, 2, channels]);
    run('merge-parts', [read(parts), write(merged)], { dtype: 'f32', cut, constants: { PART_ROWS: rows } });
    merge(merged, cut);
    device.free(merged.buffer);
  }
  run('normalize', [...channelBindings(mean, inverseDeviation, weight, bias), read(x), write(y)]);
}

export const instanceNormWebgpu = (device: WebgpuDevice): InstanceNormKernels => ({
  normForward(x, weight, bias, y, mean, inverseDeviation, settings) {
    const { layout, run, combine } = prepare(device, { x, weight, bias, settings });
    const partial = device.temporary('f32', [layout.batch, layout.tiles, 2, layout.channels]);
    run('statistics', [read(x), write(partial)]);
    combine('merge-statistics', [read(partial), write(mean), write(inverseDeviation)], layout.batch * settings.groups);
    device.free(partial.buffer);
    run('normalize', [...channelBindings(mean, inverseDeviation, weight, bias), read(x), write(y)]);
  },
  normAgain(x, weight, bias, mean, inverseDeviation, y, settings) {
    const { run } = prepare(device, { x, weight, bias, settings });
    run('normalize', [...channelBindings(mean, inverseDeviation, weight, bias), read(x), write(y)]);
  },
  normBackward(dy, x, weight, bias, mean, inverseDeviation, dx, dweight, dbias, settings) {
    const { layout, run, combine } = prepare(device, { x, weight, bias, settings });
    const { batch, channels, tiles } = layout;
    const channel = channelBindings(mean, inverseDeviation, weight, bias);
    const partial = device.temporary('f32', [tiles, batch, 2, channels]);
    run('gradient-sums', [...channel, read(dy), read(x), write(partial)]);
    const sums = device.temporary('f32', [batch, 2, channels]);
    sumSplits(device, partial, sums, tiles);
    device.free(partial.buffer);
    const means = device.temporary('f32', [batch, 2, channels]);
    // Two outputs may not share a buffer, so each that is absent gets one of its own.
    const unused = [dweight, dbias].map((operand) =>
      operand === undefined ? device.temporary('f32', [channels]) : undefined,
    );
    const gradients = [dweight ?? unused[0]!, dbias ?? unused[1]!].map(write);
    const bindings = [read(sums), read(weight ?? sums), write(means), ...gradients];
    combine('gradient-means', bindings, Math.ceil((batch * channels) / COMBINING_THREADS));
    run('gradient', [...channel, read(means), read(dy), read(x), write(dx)]);
    for (const operand of [sums, means, ...unused]) if (operand !== undefined) device.free(operand.buffer);
  },
});

/** Bindings 1 to 4 of channel.wgsl. Where there is no weight or bias, something must be bound all the same. */
const channelBindings = (
  mean: Operand,
  inverseDeviation: Operand,
  weight: Operand | undefined,
  bias: Operand | undefined,
): Binding[] => [read(mean), read(inverseDeviation), read(weight ?? mean), read(bias ?? mean)];
