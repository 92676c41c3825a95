/** Launches the direct convolution (conv3d-direct.as.ts) in both directions. */
import type { CpuDevice } from '../../device/cpu/cpu-device.ts';
import type { DeviceBuffer, Operand } from '../../device/device.ts';
import type { Triple } from '../../shape.ts';
import { type Conv3dSizes, geometryWords, multiplyAdds, volume } from './conv3d-sizes.cpu.ts';

/** Multiply-adds that one item should have: about 1 ms. */
const ITEM_WORK = 20e6;
const FEWEST_ITEMS = 24;
/** Bytes of the tables that one item makes: a third of a first-level cache. */
const TABLE_BYTES = 16384;

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
  const { groups, kernel, stride } = sizes;
  const from = transposed ? sizes.output : sizes.input;
  const to = transposed ? sizes.input : sizes.output;
  const sourceChannels = transposed ? sizes.outputChannels : sizes.inputChannels;
  const targetChannels = transposed ? sizes.inputChannels : sizes.outputChannels;
  const taps = volume(kernel);
  const blocks = Math.ceil(targetChannels / 8);
  const { packed, zeroFloats } = packWeights(device, sizes, weight, bias, transposed);

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
    ...geometryWords(sizes),
    ...[device.address(source), device.addressOf(packed), device.address(target)],
    ...[device.addressOf(scratch), scratchBytes, zeroFloats],
    ...[sizes.batch, ...from, ...to, groups, groups * sourceChannels, sourceChannels, targetChannels],
    ...[Number(transposed), split.voxelBlocks, split.channelBlocks, voxelItems, channelItems],
  ]);
  device.free(scratch);
  device.free(packed);
}

/** Weights and bias as conv3d-pack.as.ts lays them out, in a buffer to be freed; `panels` is where the weights begin. */
export function packWeights(
  device: CpuDevice,
  { groups, kernel, inputChannels, outputChannels }: Conv3dSizes,
  weight: Operand,
  bias: Operand | undefined,
  transposed: boolean,
  panelRows = volume(kernel) * (transposed ? outputChannels : inputChannels),
): { readonly packed: DeviceBuffer; readonly zeroFloats: number; readonly panels: number } {
  const [sources, targets] = transposed ? [outputChannels, inputChannels] : [inputChannels, outputChannels];
  const blocks = groups * Math.ceil(targets / 8);
  const zeroFloats = Math.ceil(sources / 16) * 16;
  const packed = device.allocate(4 * (zeroFloats + 8 * blocks * (1 + panelRows)));
  device.enqueue('conv3dPackWeights', blocks, [
    ...[device.address(weight), bias === undefined ? 0 : device.address(bias), device.addressOf(packed), zeroFloats],
    ...[volume(kernel), groups, sources, targets, Number(transposed), panelRows],
  ]);
  return { packed, zeroFloats, panels: device.addressOf(packed) + 4 * (zeroFloats + 8 * blocks) };
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
