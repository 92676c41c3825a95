/** Launches the weight gradient by Winograd's method (conv3d-winograd-gradient.as.ts). */
import type { CpuDevice } from '../../device/cpu/cpu-device.ts';
import type { Operand } from '../../device/device.ts';
import { type Conv3dSizes, volume } from './conv3d-sizes.cpu.ts';
import { sumParts } from './conv3d-weight-gradient.cpu.ts';
import {
  TILE_WORK_BYTES,
  tiledOperands,
  transformItems,
  WinogradTiling,
  winogradCommands,
} from './conv3d-winograd-tiling.cpu.ts';

/** What the transformed tiles of one block of a part may take of the caches, and the least tiles that sums are read and written for. */
const BLOCK_BYTES = 2e6;
const FEWEST_BLOCK_TILES = 16;
const PARTS = 16;
const FEWEST_PARTS = 8;
/** Sums of more bytes are not kept by each part. */
const SUM_BYTES = 4e6;
/** Transformed tiles that one command passes to the next: they stay in a third-level cache. */
const TRANSFORMED_BYTES = 24e6;
/** Scratch of products at the edges of squares. */
const EDGE_BYTES = 128;
/** Work area of the transforms back (conv3d-back.as.ts). */
const BACK_WORK_BYTES = 64 * (18 + 54 + 27 + 1);
/** Channels of x in a square; of dy so many or twice as many. */
const SQUARE = 16;

/** Scratch of so many sums of each point, one cache line more for each, and of their transform back. */
export const sumsBytes = (points: number, sums: number): number => points * (4 * sums + 64) + BACK_WORK_BYTES;

export function weightGradientWinograd(
  device: CpuDevice,
  sizes: Conv3dSizes,
  x: Operand,
  dy: Operand,
  dweight: Operand,
): void {
  const { batch, kernel, inputChannels, outputChannels } = sizes;
  const tiling = new WinogradTiling(kernel[0], batch, sizes.output);
  const { from, to } = tiledOperands(device, sizes, x, dy, false);
  const enqueue = winogradCommands(device, tiling, from, to, sizes.padding);
  const { points, tiles } = tiling;
  const floats = volume(kernel) * inputChannels * outputChannels;
  const words = (numbers: {
    to?: number;
    add?: boolean;
    tilesPerBlock?: number;
    x?: number;
    dy?: number;
    channelsPerItem?: number;
    squareDy?: number;
  }) => [
    ...[numbers.to ?? device.address(dweight), 4 * floats, Number(numbers.add ?? false), numbers.tilesPerBlock ?? 0],
    ...[numbers.x ?? 0, numbers.dy ?? 0, numbers.channelsPerItem ?? 0, SQUARE, numbers.squareDy ?? 0],
  ];

  const perTile = tiling.tileBytes(inputChannels + outputChannels);
  const mostBlockTiles = Math.max(FEWEST_BLOCK_TILES, Math.min(128, Math.floor(BLOCK_BYTES / perTile)));
  const sumBytes = 4 * points * inputChannels * outputChannels;
  const wantedParts = Math.min(PARTS, Math.floor(tiles / FEWEST_BLOCK_TILES));
  if (wantedParts >= FEWEST_PARTS && sumBytes <= SUM_BYTES) {
    const tilesPerItem = Math.ceil(tiles / wantedParts);
    const parts = Math.ceil(tiles / tilesPerItem);
    const tilesPerBlock = Math.ceil(tilesPerItem / Math.ceil(tilesPerItem / mostBlockTiles));
    const buffer = device.allocate(4 * floats * parts);
    const gradients = device.addressOf(buffer);
    enqueue({
      kernel: 'conv3dWinogradGradientPart',
      first: 0,
      tiles,
      tilesPerItem,
      items: parts,
      scratchBytes:
        EDGE_BYTES +
        TILE_WORK_BYTES +
        tiling.transformedBytes(tilesPerBlock, inputChannels) +
        tiling.transformedBytes(tilesPerBlock, outputChannels) +
        sumsBytes(points, inputChannels * outputChannels),
      words: words({ to: gradients, tilesPerBlock }),
    });
    sumParts(device, gradients, device.address(dweight), parts, floats, floats);
    device.free(buffer);
    return;
  }

  const rows = Math.ceil(inputChannels / SQUARE);
  const squareDy = rows * Math.ceil(outputChannels / (2 * SQUARE)) >= FEWEST_PARTS ? 2 * SQUARE : SQUARE;
  const most = Math.max(FEWEST_BLOCK_TILES, Math.floor(TRANSFORMED_BYTES / perTile));
  for (const run of tiling.runs(most)) {
    const transformedX = device.allocate(tiling.transformedBytes(run.tiles, inputChannels));
    const transformedDy = device.allocate(tiling.transformedBytes(run.tiles, outputChannels));
    const transformed = { x: device.addressOf(transformedX), dy: device.addressOf(transformedDy) };
    const { channelsPerItem, ...items } = transformItems(run.tiles, Math.max(inputChannels, outputChannels));
    enqueue({
      kernel: 'conv3dWinogradGradientInput',
      ...run,
      ...items,
      scratchBytes: TILE_WORK_BYTES,
      words: words({ ...transformed, channelsPerItem }),
    });
    enqueue({
      kernel: 'conv3dWinogradGradientSquare',
      ...run,
      items: rows * Math.ceil(outputChannels / squareDy),
      tilesPerItem: run.tiles,
      scratchBytes: EDGE_BYTES + sumsBytes(points, SQUARE * squareDy),
      words: words({ ...transformed, squareDy, add: run.first > 0 }),
    });
    for (const buffer of [transformedX, transformedDy]) device.free(buffer);
  }
}
