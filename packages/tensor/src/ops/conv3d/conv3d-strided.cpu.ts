/** Launches 3×3×3 convolutions with stride 2 through fewer products (conv3d-strided.as.ts), in all three directions. */
import type { CpuDevice } from '../../device/cpu/cpu-device.ts';
import type { Operand } from '../../device/device.ts';
import type { Triple } from '../../shape.ts';
import { allAre, type Conv3dSizes, volume } from './conv3d-sizes.cpu.ts';
import { transformWeights } from './conv3d-winograd.cpu.ts';
import { SUMS_WORK_BYTES } from './conv3d-winograd-gradient.cpu.ts';
import { tiledOperands, type WinogradCommand, WinogradTiling, winogradCommands } from './conv3d-winograd-tiling.cpu.ts';

/** What the transformed slices of one item may take of a second-level cache. */
const BLOCK_BYTES = 300e3;
/** With fewer items than this, threads would be idle. */
const FEWEST_ITEMS = 8;
const PARTS = 16;
/** Points of a tile and of a slice; those of weights are fewer. */
const POINTS = 729;
const SLICE_POINTS = 81;
const WEIGHT_POINTS = 216;
/** Multiplications of the plain way must be so many times those of tiles, transforms included. */
const LEAST_GAIN = 1.5;
/** Memory that the parts of a weight gradient may take. */
const PARTS_BYTES = 64e6;
const EDGE_BYTES = 128;
/** Work area of the transforms, as the kernels have it. */
const WORK_BYTES = 2 * SLICE_POINTS * 64;

/** Stride 2 on all axes, 3×3×3, with channels and voxels enough. */
export function suitsStrided(sizes: Conv3dSizes): boolean {
  const { kernel, stride, dilation, groups, inputChannels, outputChannels } = sizes;
  if (!allAre(kernel, 3) || !allAre(stride, 2) || !allAre(dilation, 1) || groups !== 1) return false;
  if (inputChannels % 4 !== 0 || outputChannels % 4 !== 0 || Math.min(inputChannels, outputChannels) < 16) return false;
  const { tiles } = forwardTiling(sizes);
  const sumBytes = 4 * WEIGHT_POINTS * inputChannels * outputChannels;
  return (
    tiles >= 4 * FEWEST_ITEMS &&
    sumBytes * FEWEST_ITEMS <= PARTS_BYTES &&
    27 * sizes.batch * volume(sizes.output) > LEAST_GAIN * POINTS * tiles
  );
}

/** Tiles of 4×4×4 results, which weight gradients sum over too. */
const forwardTiling = ({ batch, output }: Conv3dSizes) => new WinogradTiling(3, batch, output, 2);

export function convolveStrided(
  device: CpuDevice,
  sizes: Conv3dSizes,
  source: Operand,
  weight: Operand,
  bias: Operand | undefined,
  target: Operand,
  transposed: boolean,
): void {
  const { batch, inputChannels, outputChannels, padding } = sizes;
  const { from, to } = tiledOperands(device, sizes, source, target, transposed);
  // Tiles of the data gradient have 8×8×8 results, and start where the padding does.
  const covered = to.extents.map((extent, axis) => Math.ceil((extent + padding[axis]!) / 2)) as unknown as Triple;
  const tiling = transposed ? new WinogradTiling(3, batch, covered, 2) : forwardTiling(sizes);
  const enqueue = winogradCommands(device, tiling, from, to, padding);
  const paddedChannels = Math.ceil(to.channels / 8) * 8;
  const taps = [device.address(weight), inputChannels, outputChannels, 3, Number(transposed), 2];
  const { weights, placed } = transformWeights(device, taps, WEIGHT_POINTS, from.channels, paddedChannels);
  const block = blockTiles(tiling.tiles, from.channels + paddedChannels);
  enqueue({
    kernel: 'conv3dStrided',
    ...run(tiling.tiles, block),
    scratchBytes:
      WORK_BYTES + SLICE_POINTS * (tiling.pointBytes(block, from.channels) + tiling.pointBytes(block, paddedChannels)),
    words: [bias === undefined ? 0 : device.address(bias), ...taps, ...placed, 0, 0, 0, 0, 0, 0],
  });
  device.free(weights);
}

const run = (tiles: number, tilesPerItem: number): Omit<WinogradCommand, 'kernel' | 'scratchBytes' | 'words'> => ({
  items: Math.ceil(tiles / tilesPerItem),
  first: 0,
  tiles,
  tilesPerItem,
});

/** Tiles of one item: what the cache holds, in fours, and items enough. */
function blockTiles(tiles: number, channels: number): number {
  const held = Math.floor(BLOCK_BYTES / (4 * SLICE_POINTS * channels));
  return Math.max(4, Math.floor(Math.min(held, 64, tiles / FEWEST_ITEMS) / 4) * 4);
}

export function weightGradientStrided(
  device: CpuDevice,
  sizes: Conv3dSizes,
  x: Operand,
  dy: Operand,
  dweight: Operand,
): void {
  const { inputChannels, outputChannels, padding } = sizes;
  const tiling = forwardTiling(sizes);
  const { tiles } = tiling;
  const { from, to } = tiledOperands(device, sizes, x, dy, false);
  const enqueue = winogradCommands(device, tiling, from, to, padding);
  const sumBytes = 4 * WEIGHT_POINTS * inputChannels * outputChannels;
  const tilesPerItem = Math.ceil(tiles / Math.min(PARTS, Math.floor(PARTS_BYTES / sumBytes)));
  const part = run(tiles, tilesPerItem);
  const tilesPerBlock = Math.min(tilesPerItem, 2 * blockTiles(tiles, inputChannels + outputChannels));
  const buffer = device.allocate(sumBytes * part.items);
  const words = [device.address(dweight), 0, device.addressOf(buffer), tilesPerBlock, part.items, 0, 0, 0, 0, 0];
  enqueue({
    kernel: 'conv3dStridedGradientPart',
    ...part,
    scratchBytes:
      EDGE_BYTES +
      WORK_BYTES +
      SLICE_POINTS *
        (tiling.pointBytes(tilesPerBlock, inputChannels) + tiling.pointBytes(tilesPerBlock, outputChannels)),
    words,
  });
  enqueue({
    kernel: 'conv3dWinogradGradientSum',
    ...part,
    items: inputChannels / 4,
    scratchBytes: SUMS_WORK_BYTES,
    words,
  });
  device.free(buffer);
}
