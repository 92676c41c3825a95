/** Launches the direct convolution (conv3d-direct.as.ts) in both directions. */
import type { CpuDevice } from '../../device/cpu/cpu-device.ts';
import type { Operand } from '../../device/device.ts';
import type { Triple } from '../../shape.ts';
import { type Conv3dSizes, geometryWords, multiplyAdds, volume } from './conv3d-sizes.cpu.ts';

/** Multiply-adds that one item should have: about 1 ms. */
const ITEM_WORK = 20e6;
const FEWEST_ITEMS = 24;
/** Bytes of the tables that one item makes: a third of a first-level cache. */
const TABLE_BYTES = 16384;
/** With at most so many channels, padded rows pay. */
const FEW_CHANNELS = 8;

/** `target = conv(source, weight) + bias`, or its data gradient if `transposed`. */
export function convolveDirect(
  device: CpuDevice,
  sizes: Conv3dSizes,
  source: Operand,
  weight: Operand,
  bias: Operand | undefined,
  target: Operand,
  transposed: boolean,
): void {
  const few =
    !transposed &&
    sizes.groups === 1 &&
    sizes.inputChannels <= FEW_CHANNELS &&
    sizes.kernel[2] > 1 &&
    sizes.dilation[2] === 1;
  const addresses = {
    weight: device.address(weight),
    bias: bias === undefined ? 0 : device.address(bias),
    target: device.address(target),
  };
  if (few) {
    device.choose(() => 'rows padded, each kernel row one tap');
    const { rows, padded } = padWidth(device, sizes, source);
    launch(device, rows, { ...addresses, source: device.addressOf(padded) }, false, sizes.inputChannels);
    device.free(padded);
  } else {
    const channels = transposed ? sizes.outputChannels : sizes.inputChannels;
    launch(device, sizes, { ...addresses, source: device.address(source) }, transposed, sizes.groups * channels);
  }
}

interface Addresses {
  readonly source: number;
  readonly weight: number;
  readonly bias: number;
  readonly target: number;
}

function launch(device: CpuDevice, sizes: Conv3dSizes, at: Addresses, transposed: boolean, sourcePitch: number): void {
  const { groups, kernel, stride } = sizes;
  const from = transposed ? sizes.output : sizes.input;
  const to = transposed ? sizes.input : sizes.output;
  const sourceChannels = transposed ? sizes.outputChannels : sizes.inputChannels;
  const targetChannels = transposed ? sizes.inputChannels : sizes.outputChannels;
  const taps = volume(kernel);
  const blocks = Math.ceil(targetChannels / 8);
  const zeroFloats = Math.ceil(sourceChannels / 16) * 16;

  const packed = device.allocate(4 * (zeroFloats + groups * blocks * 8 * (1 + taps * sourceChannels)));
  const packing = [
    at.weight,
    at.bias,
    device.addressOf(packed),
    zeroFloats,
    taps,
    groups,
    sourceChannels,
    targetChannels,
    Number(transposed),
  ];
  device.enqueue('conv3dPackWeights', groups * blocks, packing);

  // Target voxels with the same remainder modulo the stride meet the same taps.
  const classes: Triple = transposed ? stride : [1, 1, 1];
  const classVoxels = sizes.batch * to.reduce((voxels, extent, axis) => voxels * Math.ceil(extent / classes[axis]!), 1);
  const voxelBlocks = Math.ceil(classVoxels / 4);
  const work = (multiplyAdds(sizes) * volume(from)) / Math.max(1, volume(sizes.output));
  const workPerBlock = work / Math.max(1, volume(classes) * groups * voxelBlocks * blocks);
  const split = splitItems(voxelBlocks, blocks, workPerBlock, volume(classes) * groups, taps);
  const scratchBytes = 512 + taps * 20 + split.voxelBlocks * (taps + 1) * 32;
  const scratch = device.allocate(scratchBytes * device.threads);
  const voxelItems = Math.ceil(voxelBlocks / split.voxelBlocks);
  const channelItems = Math.ceil(blocks / split.channelBlocks);
  device.enqueue('conv3dDirect', volume(classes) * groups * voxelItems * channelItems, [
    ...[at.source, device.addressOf(packed), at.target, device.addressOf(scratch), scratchBytes, zeroFloats],
    ...[sizes.batch, ...from, ...to, groups, sourcePitch, sourceChannels, targetChannels],
    ...[...geometryWords(sizes), Number(transposed)],
    ...[split.voxelBlocks, split.channelBlocks, voxelItems, channelItems],
  ]);
  device.free(scratch);
  device.free(packed);
}

/** How many blocks of voxels and of channels one item takes: enough work, tables that fit the cache, and items for all threads. */
function splitItems(voxelBlocks: number, blocks: number, workPerBlock: number, others: number, taps: number) {
  const most = Math.max(1, Math.floor(TABLE_BYTES / (32 * (taps + 1))));
  const fair = Math.ceil((voxelBlocks * others) / FEWEST_ITEMS);
  const perItem = Math.max(1, Math.min(most, Math.max(4, fair), Math.ceil(ITEM_WORK / (workPerBlock * blocks))));
  const items = Math.ceil(voxelBlocks / perItem) * others;
  const pieces = Math.max(FEWEST_ITEMS / items, (perItem * blocks * workPerBlock) / (4 * ITEM_WORK));
  return { voxelBlocks: perItem, channelBlocks: Math.max(1, Math.floor(blocks / Math.max(1, pieces))) };
}

/** The sizes of the same convolution over rows padded with zeros, where a kernel's row is one tap with more channels. */
export function padWidth(device: CpuDevice, sizes: Conv3dSizes, x: Operand) {
  const { kernel, padding, stride, inputChannels } = sizes;
  const [depth, height, width] = sizes.input;
  const paddedWidth = (sizes.output[2] - 1) * stride[2] + kernel[2];
  const rows = sizes.batch * depth * height;
  const padded = device.allocate(4 * rows * paddedWidth * inputChannels);
  const rowsPerItem = Math.max(1, Math.floor(65536 / (paddedWidth * inputChannels)));
  device.enqueue('conv3dPadWidth', Math.ceil(rows / rowsPerItem), [
    ...[device.address(x), device.addressOf(padded), rows, width * inputChannels],
    ...[padding[2] * inputChannels, paddedWidth * inputChannels, rowsPerItem],
  ]);
  const rowSizes: Conv3dSizes = {
    ...sizes,
    input: [depth, height, paddedWidth],
    kernel: [kernel[0], kernel[1], 1],
    padding: [padding[0], padding[1], 0],
    inputChannels: kernel[2] * inputChannels,
  };
  return { rows: rowSizes, padded };
}
