/** Launches convolutions of few input channels (conv3d-few.as.ts), as first layers are. */
import type { CpuDevice } from '../../device/cpu/cpu-device.ts';
import type { Operand } from '../../device/device.ts';
import { convolveDirect, packWeights } from './conv3d-direct.cpu.ts';
import { padWidth, suitsPadding } from './conv3d-pad-width.cpu.ts';
import { type Conv3dSizes, gatheredWords, inFours, multiplyAdds, panelFloats, volume } from './conv3d-sizes.cpu.ts';

/** With at most so many channels, padded rows pay. */
const FEW_CHANNELS = 8;
/** With fewer, what each thread needs for a panel would be more than the volume. */
const FEWEST_VOXELS = 768;
/** Multiply-adds that one item should have: about 1 ms. */
const ITEM_WORK = 20e6;
const FEWEST_ITEMS = 24;
/** Bytes of a panel: half a first-level cache. */
const PANEL_BYTES = 16384;
const EDGE_BYTES = 128;
/** Taps × channels that a voxel of dy sends something to, at most. */
const MOST_COLUMNS = 128;
/** Blocks that planes of a data gradient are cut into; what lies between two is multiplied for both. */
const WANTED_BLOCKS = 8;
const FEWEST_PLANES = 4;
const MOST_PLANES = 16;

export const suitsFewChannels = (sizes: Conv3dSizes): boolean =>
  suitsPadding(sizes, FEW_CHANNELS) && sizes.batch * volume(sizes.output) >= FEWEST_VOXELS;

export function convolveFewChannels(
  device: CpuDevice,
  sizes: Conv3dSizes,
  source: Operand,
  weight: Operand,
  bias: Operand | undefined,
  target: Operand,
  transposed: boolean,
): void {
  if (transposed) {
    dataGradient(device, sizes, source, weight, bias, target);
    return;
  }
  const { rows, padded } = padWidth(device, sizes, source);
  const taps = volume(rows.kernel);
  // The bias is one more.
  const panelRows = Math.max(panelFloats(taps, rows.inputChannels), inFours(taps * rows.inputChannels + 1));
  const { packed, panels } = packWeights(device, rows, weight, bias, false, panelRows);
  const voxels = rows.batch * volume(rows.output);
  const items = Math.max(FEWEST_ITEMS, Math.ceil(multiplyAdds(sizes) / ITEM_WORK));
  const fair = Math.ceil(voxels / items);
  const voxelsPerPanel = inFours(Math.min(fair, PANEL_BYTES / (4 * panelRows)));
  const voxelsPerItem = voxelsPerPanel * Math.ceil(fair / voxelsPerPanel);
  const scratchBytes = EDGE_BYTES + 4 * panelRows * voxelsPerPanel;
  const scratch = device.allocate(scratchBytes * device.threads);
  device.choose(() => `panels of ${voxelsPerPanel} voxels`);
  device.enqueue('conv3dFewChannels', Math.ceil(voxels / voxelsPerItem), [
    ...gatheredWords(rows, sizes.inputChannels),
    ...[device.addressOf(padded), panels, panelRows, device.address(target)],
    ...[device.addressOf(scratch), scratchBytes, voxelsPerItem, voxelsPerPanel],
  ]);
  for (const buffer of [scratch, packed, padded]) device.free(buffer);
}

/** (conv3d-few-gradient.as.ts) Products sum over dy's channels in pairs. */
function dataGradient(
  device: CpuDevice,
  sizes: Conv3dSizes,
  dy: Operand,
  weight: Operand,
  bias: Operand | undefined,
  dx: Operand,
): void {
  const { batch, kernel, input, output, inputChannels, outputChannels } = sizes;
  const columns = 8 * Math.ceil((volume(kernel) * inputChannels) / 8);
  if (columns > MOST_COLUMNS || outputChannels % 2 !== 0) {
    convolveDirect(device, sizes, dy, weight, bias, dx, true);
    return;
  }
  const asOneTap: Conv3dSizes = { ...sizes, kernel: [1, 1, 1], inputChannels: volume(kernel) * inputChannels };
  const { packed, panels } = packWeights(device, asOneTap, weight, undefined, true);
  const voxelsPerPanel = inFours(Math.min(output[2], PANEL_BYTES / (4 * columns)));
  const planesPerItem = Math.max(FEWEST_PLANES, Math.min(MOST_PLANES, Math.floor((batch * input[0]) / WANTED_BLOCKS)));
  const planeItems = Math.ceil(input[0] / planesPerItem);
  const scratchBytes = 4 * (4 * outputChannels + voxelsPerPanel * columns);
  const scratch = device.allocate(scratchBytes * device.threads);
  device.choose(() => `${planesPerItem} planes in one item, ${voxelsPerPanel} voxels at a time`);
  device.enqueue('conv3dFewChannelsGradient', batch * planeItems, [
    ...gatheredWords(sizes, inputChannels),
    ...[device.address(dy), panels, bias === undefined ? 0 : device.address(bias), device.address(dx)],
    ...[device.addressOf(scratch), scratchBytes, planesPerItem, planeItems, voxelsPerPanel],
  ]);
  for (const buffer of [scratch, packed]) device.free(buffer);
}
