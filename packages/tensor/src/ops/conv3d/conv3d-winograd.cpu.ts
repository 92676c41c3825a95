/** Launches Winograd's convolution (conv3d-winograd.as.ts), forward and as the data gradient. */
import type { CpuDevice } from '../../device/cpu/cpu-device.ts';
import type { DeviceBuffer, Operand } from '../../device/device.ts';
import { type Conv3dSizes, volume } from './conv3d-sizes.cpu.ts';
import {
  TILE_WORK_BYTES,
  tiledOperands,
  transformItems,
  WinogradTiling,
  winogradCommands,
} from './conv3d-winograd-tiling.cpu.ts';

/** What the transformed tiles of one item may take of a second-level cache, and the least tiles that weights are read for. */
const BLOCK_BYTES = 600e3;
const FEWEST_BLOCK_TILES = 16;
/** With fewer items than this, the steps become commands of their own. */
const FEWEST_ITEMS = 16;
/** Transformed weights of more bytes are not read once for each block of tiles. */
const WEIGHT_BYTES = 6e6;
/** Transformed tiles that commands of their own pass to each other: they stay in a third-level cache. */
const TRANSFORMED_BYTES = 24e6;
/** Work area of the transforms of weights, as the kernels have it. */
const WEIGHT_WORK_BYTES = 27 * 128 + 64;
/** Source channels that `conv3dWinogradWeights` takes at a time, as the kernel has it. */
const WEIGHT_SOURCES = 16;
/** What the transformed weights of one item may take of a second-level cache. */
const PANEL_BYTES = 600e3;
/** Weights of more bytes do not stay in it while item after item reads them, a slice at a time. */
const CACHED_WEIGHT_BYTES = 4e6;
/** Source channels whose weights and transformed weights, of a slice and 16 target channels, are in a cache together. */
const PANEL_SOURCES = 128;

/** `target = conv(source, weight) + bias`, or its data gradient if `transposed`. */
export function convolveWinograd(
  device: CpuDevice,
  sizes: Conv3dSizes,
  source: Operand,
  weight: Operand,
  bias: Operand | undefined,
  target: Operand,
  transposed: boolean,
): void {
  const { batch, kernel, inputChannels, outputChannels } = sizes;
  const { from, to } = tiledOperands(device, sizes, source, target, transposed);
  const padding = transposed ? sizes.padding.map((pad, axis) => kernel[axis]! - 1 - pad) : sizes.padding;
  const tiling = new WinogradTiling(kernel[0], batch, to.extents);
  const enqueue = winogradCommands(device, tiling, from, to, padding);
  const { points, slices, tiles } = tiling;
  const paddedChannels = Math.ceil(to.channels / 8) * 8;
  const taps = [device.address(weight), inputChannels, outputChannels, kernel[0], Number(transposed), 1];
  const operands = [bias === undefined ? 0 : device.address(bias), ...taps];

  const perTile = tiling.tileBytes(from.channels + paddedChannels);
  const block = Math.max(FEWEST_BLOCK_TILES, Math.min(64, Math.floor(BLOCK_BYTES / perTile / 4) * 4));
  const weightBytes = tiling.tileBytes(from.channels) * paddedChannels;
  if (tiles / block >= FEWEST_ITEMS && weightBytes <= WEIGHT_BYTES) {
    device.choose(() => `all steps of ${block} tiles in one item`);
    const { weights, placed } = transformWeights(device, taps, points, from.channels, paddedChannels);
    enqueue({
      kernel: 'conv3dWinograd',
      items: Math.ceil(tiles / block),
      scratchBytes:
        TILE_WORK_BYTES +
        tiling.transformedBytes(block, from.channels) +
        tiling.transformedBytes(block, paddedChannels),
      first: 0,
      tiles,
      tilesPerItem: block,
      words: [...operands, ...placed],
    });
    device.free(weights);
    return;
  }

  const most = Math.max(FEWEST_BLOCK_TILES, Math.floor(TRANSFORMED_BYTES / perTile));
  const runs = tiling.runs(most);
  const blocks = paddedChannels / 8;
  const { slicesPerItem, blocksPerItem, sourcesPerPanel } = productItems(sizes, slices, blocks, from.channels);
  device.choose(() => `step after step, ${tiles} tiles in ${runs.length} runs`);
  for (const run of runs) {
    const transformed = device.allocate(tiling.transformedBytes(run.tiles, from.channels));
    const products = device.allocate(tiling.transformedBytes(run.tiles, paddedChannels));
    const words = (channelsPerItem: number) => [
      ...[...operands, 0, 0, device.addressOf(transformed), device.addressOf(products)],
      ...[channelsPerItem, slicesPerItem, blocksPerItem, sourcesPerPanel],
    ];
    const input = transformItems(run.tiles, from.channels);
    const output = transformItems(run.tiles, to.channels);
    const work = { scratchBytes: TILE_WORK_BYTES, ...run };
    enqueue({ kernel: 'conv3dWinogradInput', ...work, ...input, words: words(input.channelsPerItem) });
    enqueue({
      kernel: 'conv3dWinogradProduct',
      ...run,
      items: Math.ceil(slices / slicesPerItem) * Math.ceil(blocks / blocksPerItem),
      scratchBytes:
        WEIGHT_WORK_BYTES +
        packedBytes(volume(kernel), sourcesPerPanel, blocksPerItem) +
        36 * (32 * sourcesPerPanel * blocksPerItem + 64),
      tilesPerItem: run.tiles,
      words: words(0),
    });
    enqueue({ kernel: 'conv3dWinogradOutput', ...work, ...output, words: words(output.channelsPerItem) });
    for (const buffer of [transformed, products]) device.free(buffer);
  }
}

/** What an item of the products takes: weights too large for a second-level cache are read only once, for all slices and some source channels. */
function productItems(sizes: Conv3dSizes, slices: number, blocks: number, sources: number) {
  if (4 * volume(sizes.kernel) * sizes.inputChannels * sizes.outputChannels > CACHED_WEIGHT_BYTES)
    return { slicesPerItem: slices, blocksPerItem: 2, sourcesPerPanel: Math.min(sources, PANEL_SOURCES) };
  const fair = Math.ceil((blocks * slices) / FEWEST_ITEMS);
  const held = Math.floor(PANEL_BYTES / (36 * 32 * sources));
  return { slicesPerItem: 1, blocksPerItem: Math.max(1, Math.min(blocks, fair, held)), sourcesPerPanel: sources };
}

/** Bytes of the packed taps of so many source channels and blocks of eight target channels. */
const packedBytes = (taps: number, sources: number, blocks: number): number => 32 * taps * sources * blocks;

/** Transforms all weights; `taps` as the kernels take them. Returns the buffer, to be freed, and its words: address and bytes of a point. */
export function transformWeights(
  device: CpuDevice,
  taps: readonly number[],
  points: number,
  fromChannels: number,
  paddedChannels: number,
): { readonly weights: DeviceBuffer; readonly placed: readonly number[] } {
  const pointBytes = 4 * fromChannels * paddedChannels + 64;
  const weights = device.allocate(points * pointBytes);
  const scratchBytes = WEIGHT_WORK_BYTES + packedBytes(27, WEIGHT_SOURCES, 1);
  const scratch = device.allocate(scratchBytes * device.threads);
  const placed = [device.addressOf(weights), pointBytes];
  const words = [...taps, ...placed, device.addressOf(scratch), scratchBytes];
  device.enqueue('conv3dWinogradWeights', paddedChannels / 8, words);
  device.free(scratch);
  return { weights, placed };
}
