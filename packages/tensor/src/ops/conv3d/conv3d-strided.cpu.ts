/** Launches 3×3×3 convolutions with stride 2 through fewer products (conv3d-strided.as.ts), in all three directions. */
import type { CpuDevice } from '../../device/cpu/cpu-device.ts';
import type { Operand } from '../../device/device.ts';
import type { Triple } from '../../shape.ts';
import { allAre, type Conv3dSizes, inFours, volume } from './conv3d-sizes.cpu.ts';
import { sumParts } from './conv3d-weight-gradient.cpu.ts';
import { transformWeights } from './conv3d-winograd.cpu.ts';
import { sumsBytes } from './conv3d-winograd-gradient.cpu.ts';
import { oddLines, type Tiles, tiledOperands, winogradCommands } from './conv3d-winograd-tiling.cpu.ts';

/** What a slice of the tiles of one item may take of a second-level cache. */
const BLOCK_BYTES = 300e3;
/** With fewer items than this, threads would be idle. */
const FEWEST_ITEMS = 8;
const PARTS = 16;
/** Rows of points that a tile has, in all and in a slice; those of weights are fewer. */
const POINTS = 81;
const SLICE_POINTS = 9;
const WEIGHT_POINTS = 36;
const TAPS = 3;
/** Multiplications of the plain way must be so many times those of tiles, to be worth the transforms. */
const LEAST_GAIN = 1.3;
/** Sums of more bytes are not kept by each thread. */
const SUM_BYTES = 8e6;
const EDGE_BYTES = 128;
/** Work area of the transforms, as the kernels have it. */
const WORK_BYTES = 64;

/** Stride 2 on all axes, 3×3×3, with channels and voxels enough. */
export function suitsStrided(sizes: Conv3dSizes): boolean {
  const { batch, kernel, stride, dilation, groups, inputChannels, outputChannels, output } = sizes;
  if (!allAre(kernel, 3) || !allAre(stride, 2) || !allAre(dilation, 1) || groups !== 1) return false;
  if (inputChannels % 8 !== 0 || outputChannels % 4 !== 0 || Math.min(inputChannels, outputChannels) < 16) return false;
  const tiles = batch * Math.ceil(output[0] / 4) * Math.ceil(output[1] / 4);
  const products = POINTS * TAPS * tiles * inFours(output[2]);
  return (
    tiles >= FEWEST_ITEMS &&
    sumBytes(sizes) <= SUM_BYTES &&
    volume(kernel) * batch * volume(output) > LEAST_GAIN * products
  );
}

const sumBytes = ({ inputChannels, outputChannels }: Conv3dSizes): number =>
  4 * WEIGHT_POINTS * TAPS * inputChannels * outputChannels;

/** Bytes of a slice of tiles in which rows have so many pixels of each channel. */
const sliceBytes = (rows: readonly { readonly pixels: number; readonly channels: number }[], tiles: number): number =>
  SLICE_POINTS * rows.reduce((bytes, { pixels, channels }) => bytes + oddLines(4 * tiles * pixels * channels), 0);

/** Tiles of 4×4 results along depth and height and as long a run along width as a cache holds. */
function cutUp(batch: number, results: Triple, bytesOf: (run: number) => number) {
  let runs = 1;
  const length = () => inFours(results[2] / runs);
  while (length() > 4 && bytesOf(length()) > BLOCK_BYTES) runs++;
  const run = length();
  const counts: Triple = [Math.ceil(results[0] / 4), Math.ceil(results[1] / 4), Math.ceil(results[2] / run)];
  // Taps along width are as channels, so weights have two axes only.
  const tiling: Tiles = { batch, counts, tileDepth: 1 };
  const tiles = batch * volume(counts);
  const held = Math.floor(BLOCK_BYTES / bytesOf(run));
  return { tiling, tiles, run, block: Math.max(1, Math.min(held, Math.floor(tiles / FEWEST_ITEMS))) };
}

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
  const paddedChannels = 8 * Math.ceil(to.channels / 8);
  // The data gradient has twice as many results along each axis, from where the padding starts.
  const results = transposed
    ? (to.extents.map((extent, axis) => Math.ceil((extent + padding[axis]!) / 2)) as unknown as Triple)
    : to.extents;
  const rowsOf = (run: number) => [
    { pixels: transposed ? run + 1 : 2 * run + 2, channels: from.channels },
    { pixels: transposed ? 2 * run : run, channels: paddedChannels },
  ];
  const { tiling, tiles, run, block } = cutUp(batch, results, (run) => sliceBytes(rowsOf(run), 1));
  device.choose(() => `${block} tiles of 4×4×${run} in one item`);
  const enqueue = winogradCommands(device, tiling, from, to, padding);
  const taps = [device.address(weight), TAPS * inputChannels, outputChannels, 1, Number(transposed), 2];
  const targets = transposed ? TAPS * inputChannels : paddedChannels;
  const sources = transposed ? outputChannels : TAPS * inputChannels;
  const { weights, placed } = transformWeights(device, taps, WEIGHT_POINTS, sources, targets);
  enqueue({
    kernel: 'conv3dStrided',
    items: Math.ceil(tiles / block),
    first: 0,
    tiles,
    tilesPerItem: block,
    scratchBytes: WORK_BYTES + sliceBytes(rowsOf(run), block),
    words: [bias === undefined ? 0 : device.address(bias), Number(transposed), run, results[2], ...placed],
  });
  device.free(weights);
}

export function weightGradientStrided(
  device: CpuDevice,
  sizes: Conv3dSizes,
  x: Operand,
  dy: Operand,
  dweight: Operand,
): void {
  const { batch, kernel, inputChannels, outputChannels, output, padding } = sizes;
  const { from, to } = tiledOperands(device, sizes, x, dy, false);
  const rowsOf = (run: number) => [
    { pixels: 2 * run + 2, channels: inputChannels },
    { pixels: run + 1, channels: outputChannels },
  ];
  const { tiling, tiles, run, block } = cutUp(batch, output, (run) => sliceBytes(rowsOf(run), 1));
  const tilesPerItem = Math.ceil(tiles / PARTS);
  const tilesPerBlock = Math.min(tilesPerItem, block);
  const parts = Math.ceil(tiles / tilesPerItem);
  device.choose(() => `${parts} parts, ${tilesPerBlock} tiles of 4×4×${run} at a time`);
  const floats = volume(kernel) * inputChannels * outputChannels;
  const buffer = device.allocate(4 * floats * parts);
  const gradients = device.addressOf(buffer);
  winogradCommands(
    device,
    tiling,
    from,
    to,
    padding,
  )({
    kernel: 'conv3dStridedGradientPart',
    first: 0,
    tiles,
    tilesPerItem,
    items: parts,
    scratchBytes:
      EDGE_BYTES +
      WORK_BYTES +
      sliceBytes(rowsOf(run), tilesPerBlock) +
      sumsBytes(WEIGHT_POINTS, TAPS * inputChannels * outputChannels),
    words: [gradients, 4 * floats, tilesPerBlock, run],
  });
  sumParts(device, gradients, device.address(dweight), parts, floats, floats);
  device.free(buffer);
}
