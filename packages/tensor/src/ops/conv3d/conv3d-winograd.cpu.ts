/** Launches Winograd's convolution (conv3d-winograd.as.ts) in all three directions. */
import type { CpuDevice } from '../../device/cpu/cpu-device.ts';
import type { DeviceBuffer, Operand } from '../../device/device.ts';
import type { Triple } from '../../shape.ts';
import { allAre, type Conv3dSizes, volume } from './conv3d-sizes.cpu.ts';

/** What the transformed tiles of one item may take of a second-level cache. */
const BLOCK_BYTES = 600e3;
/** With fewer items than this, the steps become commands of their own. */
const FEWEST_ITEMS = 16;
/** Weights of more bytes are not read once for each block of tiles. */
const WEIGHT_BYTES = 6e6;
/** A weight gradient keeps all transformed tiles if they take less: they stay in a third-level cache. */
const TRANSFORMED_BYTES = 24e6;
/** Memory that the parts of a weight gradient may take. */
const PARTS_BYTES = 100e6;
/** With fewer tiles, transforming the weights takes longer than the products save. */
const FEWEST_TILES = 16;

/** Stride 1, 3×3×3 or 1×3×3, with channels and voxels enough to pay for the transforms. */
export function suitsWinograd(sizes: Conv3dSizes): boolean {
  const { kernel, inputChannels, outputChannels } = sizes;
  return (
    (kernel[0] === 3 || kernel[0] === 1) &&
    kernel[1] === 3 &&
    kernel[2] === 3 &&
    allAre(sizes.stride, 1) &&
    allAre(sizes.dilation, 1) &&
    sizes.groups === 1 &&
    inputChannels % 4 === 0 &&
    outputChannels % 4 === 0 &&
    Math.min(inputChannels, outputChannels) >= 8 &&
    sizes.batch * volume(tilesOf(kernel[0], sizes.output).counts) >= FEWEST_TILES
  );
}

/** How a target volume is cut into tiles: `[tiles …, results of a tile along depth]`. */
function tilesOf(kernelDepth: number, target: Triple) {
  const tileDepth = kernelDepth === 3 ? 2 : 1;
  const counts: Triple = [Math.ceil(target[0] / tileDepth), Math.ceil(target[1] / 4), Math.ceil(target[2] / 4)];
  return { counts, tileDepth, slices: tileDepth === 2 ? 4 : 1, words: [...counts, tileDepth] };
}

/** As the kernels compute it: an odd number of cache lines. */
const pointBytes = (tiles: number, channels: number): number =>
  Math.floor((4 * tiles * channels + 63) / 128) * 128 + 64;

const roundUp = (value: number, unit: number): number => Math.ceil(value / unit) * unit;

/** Work area of `inputSlice` and `gradientSlice`. */
const workBytes = (channels: number): number => 2 * 36 * 64 + 2 * 36 * 4 * channels;

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
  const from = transposed ? sizes.output : sizes.input;
  const to = transposed ? sizes.input : sizes.output;
  const sourceChannels = transposed ? outputChannels : inputChannels;
  const targetChannels = transposed ? inputChannels : outputChannels;
  const padding = transposed ? sizes.padding.map((pad, axis) => kernel[axis]! - 1 - pad) : sizes.padding;
  const tiling = tilesOf(kernel[0], to);
  const tiles = batch * volume(tiling.counts);
  const points = 36 * tiling.slices;
  const paddedChannels = roundUp(targetChannels, 8);

  const weightPointBytes = 4 * sourceChannels * paddedChannels + 64;
  const weights = device.allocate(points * weightPointBytes);
  const weightScratchBytes = 4096;
  const weightScratch = device.allocate(weightScratchBytes * device.threads);
  device.enqueue('conv3dWinogradWeights', sourceChannels / 4, [
    ...[
      device.address(weight),
      device.addressOf(weights),
      weightPointBytes,
      device.addressOf(weightScratch),
      weightScratchBytes,
    ],
    ...[inputChannels, outputChannels, kernel[0], Number(transposed)],
  ]);
  device.free(weightScratch);

  const run = (
    kernelName: string,
    items: number,
    tilesPerItem: number,
    scratchBytes: number,
    buffers?: readonly DeviceBuffer[],
  ) => {
    const scratch = device.allocate(scratchBytes * device.threads);
    device.enqueue(kernelName, items, [
      ...[device.address(source), batch, ...from, sourceChannels, device.address(target), batch, ...to, targetChannels],
      ...[
        ...tiling.words,
        ...padding,
        device.addressOf(weights),
        weightPointBytes,
        bias === undefined ? 0 : device.address(bias),
      ],
      ...[
        tilesPerItem,
        ...(buffers ?? []).map((buffer) => device.addressOf(buffer)),
        ...(buffers === undefined ? [0, 0] : []),
      ],
      ...[device.addressOf(scratch), scratchBytes],
    ]);
    device.free(scratch);
  };

  const perTile = 4 * 36 * (sourceChannels + tiling.slices * paddedChannels);
  const block = Math.max(4, Math.min(64, Math.floor(BLOCK_BYTES / perTile / 4) * 4));
  if (tiles / block >= FEWEST_ITEMS && points * weightPointBytes <= WEIGHT_BYTES) {
    const scratchBytes =
      36 * pointBytes(block, sourceChannels) + points * pointBytes(block, paddedChannels) + workBytes(sourceChannels);
    run('conv3dWinograd', Math.ceil(tiles / block), block, roundUp(scratchBytes, 64));
  } else {
    const wholeTiles = roundUp(tiles, 4);
    const buffers = [
      device.allocate(points * pointBytes(wholeTiles, sourceChannels)),
      device.allocate(points * pointBytes(wholeTiles, paddedChannels)),
    ];
    const few = Math.max(1, Math.floor(512 / sourceChannels));
    run('conv3dWinogradInput', Math.ceil(tiles / few) * tiling.slices, few, workBytes(sourceChannels), buffers);
    run('conv3dWinogradProduct', points, 0, 64, buffers);
    run('conv3dWinogradOutput', Math.ceil(tiles / few), few, workBytes(sourceChannels), buffers);
    for (const buffer of buffers) device.free(buffer);
  }
  device.free(weights);
}

export function weightGradientWinograd(
  device: CpuDevice,
  sizes: Conv3dSizes,
  x: Operand,
  dy: Operand,
  dweight: Operand,
): void {
  const { batch, kernel, inputChannels, outputChannels } = sizes;
  const tiling = tilesOf(kernel[0], sizes.output);
  const tiles = batch * volume(tiling.counts);
  const points = 36 * tiling.slices;
  const work = workBytes(Math.max(inputChannels, outputChannels));

  const run = (
    kernelName: string,
    items: number,
    scratchBytes: number,
    numbers: { sums?: number; tilesPerItem?: number; tilesPerBlock?: number; parts?: number; x?: number; dy?: number },
  ) => {
    const scratch = device.allocate(scratchBytes * device.threads);
    device.enqueue(kernelName, items, [
      ...[
        device.address(x),
        batch,
        ...sizes.input,
        inputChannels,
        device.address(dy),
        batch,
        ...sizes.output,
        outputChannels,
      ],
      ...[...tiling.words, ...sizes.padding, device.address(dweight), numbers.sums ?? 0],
      ...[numbers.tilesPerItem ?? 0, numbers.tilesPerBlock ?? 0, numbers.parts ?? 0, numbers.x ?? 0, numbers.dy ?? 0],
      ...[device.addressOf(scratch), scratchBytes],
    ]);
    device.free(scratch);
  };

  const perTile = 4 * 36 * (inputChannels + outputChannels);
  const block = Math.max(8, Math.min(128, Math.floor(BLOCK_BYTES / perTile)));
  const sumBytes = 4 * points * inputChannels * outputChannels;
  const mostParts = Math.min(Math.floor(PARTS_BYTES / sumBytes), Math.floor(tiles / (2 * block)));
  const parts = Math.min(mostParts, Math.ceil(FEWEST_ITEMS / tiling.slices));
  if (parts * tiling.slices >= FEWEST_ITEMS && tiles * tiling.slices * perTile > TRANSFORMED_BYTES) {
    const tilesPerItem = Math.ceil(tiles / parts);
    const usedParts = Math.ceil(tiles / tilesPerItem);
    const buffer = device.allocate(sumBytes * usedParts);
    const sums = device.addressOf(buffer);
    const scratchBytes = 128 + 36 * (pointBytes(block, inputChannels) + pointBytes(block, outputChannels)) + work;
    run('conv3dWinogradGradientPart', usedParts * tiling.slices, scratchBytes, {
      sums,
      tilesPerItem,
      tilesPerBlock: block,
    });
    run('conv3dWinogradGradientSum', inputChannels / 4, 16 * (points + 18 + 36), { sums, parts: usedParts });
    device.free(buffer);
  } else {
    const buffers = [
      device.allocate(points * pointBytes(tiles, inputChannels)),
      device.allocate(points * pointBytes(tiles, outputChannels)),
    ] as const;
    const transformed = { x: device.addressOf(buffers[0]), dy: device.addressOf(buffers[1]) };
    const tilesPerItem = Math.max(1, Math.floor(512 / Math.max(inputChannels, outputChannels)));
    const inputItems = Math.ceil(tiles / tilesPerItem) * tiling.slices;
    run('conv3dWinogradGradientInput', inputItems, work, { ...transformed, tilesPerItem });
    const squares = Math.ceil(inputChannels / 16) * Math.ceil(outputChannels / 32);
    run('conv3dWinogradGradientSquare', squares, 128 + points * (16 * 32 * 4 + 64) + 16 * 54, transformed);
    for (const buffer of buffers) device.free(buffer);
  }
}
