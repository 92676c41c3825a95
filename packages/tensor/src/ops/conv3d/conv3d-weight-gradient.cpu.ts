/** Launches the general weight gradient (conv3d-weight-gradient.as.ts). */
import type { CpuDevice } from '../../device/cpu/cpu-device.ts';
import type { Operand } from '../../device/device.ts';
import { padWidth, suitsPadding } from './conv3d-pad-width.cpu.ts';
import { type Conv3dSizes, gatheredWords, isPointwise, multiplyAdds, panelFloats, volume } from './conv3d-sizes.cpu.ts';

/** Multiply-adds that one item should have: about 1 ms. */
const ITEM_WORK = 20e6;
const FEWEST_ITEMS = 24;
const MOST_PARTS = 64;
/** Bytes of a panel: a first-level cache shares it with dy. */
const PANEL_BYTES = 16384;
/** Memory that all parts together may take. */
const PARTS_BYTES = 64e6;
/** With at most so many channels all taps share a panel, and those of a kernel's row are read as one from padded rows. */
const FEW_CHANNELS = 4;

export function weightGradientDirect(
  device: CpuDevice,
  sizes: Conv3dSizes,
  x: Operand,
  dy: Operand,
  dweight: Operand,
): void {
  const { groups, inputChannels } = sizes;
  if (suitsPadding(sizes, FEW_CHANNELS)) {
    const { rows, padded } = padWidth(device, sizes, x);
    launch(device, rows, device.addressOf(padded), inputChannels, true, dy, dweight);
    device.free(padded);
  } else launch(device, sizes, device.address(x), groups * inputChannels, false, dy, dweight);
}

function launch(
  device: CpuDevice,
  sizes: Conv3dSizes,
  x: number,
  inputPitch: number,
  onePanel: boolean,
  dy: Operand,
  dweight: Operand,
): void {
  const { batch, groups, kernel, inputChannels, outputChannels } = sizes;
  const voxels = batch * volume(sizes.output);
  const tapsPerPanel = onePanel ? volume(kernel) : 1;
  const panels = volume(kernel) / tapsPerPanel;
  const rowFloats = panelFloats(tapsPerPanel, inputChannels);
  const voxelsPerPanel = Math.min(256, Math.max(16, Math.floor(PANEL_BYTES / (4 * rowFloats))));
  const floats = volume(kernel) * inputChannels * groups * outputChannels;
  const partFloats = Math.ceil(floats / 16) * 16;

  const items = Math.max(FEWEST_ITEMS, multiplyAdds(sizes) / ITEM_WORK);
  const mostParts = Math.max(
    1,
    Math.min(MOST_PARTS, Math.floor(PARTS_BYTES / (4 * partFloats)), Math.floor(voxels / voxelsPerPanel)),
  );
  const wantedParts = Math.max(1, Math.min(mostParts, Math.ceil(items / groups)));
  const voxelsPerPart = Math.max(1, Math.ceil(voxels / wantedParts));
  const parts = Math.ceil(voxels / voxelsPerPart);
  const panelItems = Math.min(panels, Math.ceil(items / Math.max(1, groups * parts)));
  const panelsPerItem = Math.ceil(panels / panelItems);

  const scratchBytes = 192 + 4 * voxelsPerPanel * rowFloats;
  const scratch = device.allocate(scratchBytes * device.threads);
  const sums = parts === 1 ? undefined : device.allocate(4 * partFloats * parts);
  const out = sums === undefined ? device.address(dweight) : device.addressOf(sums);
  device.enqueue('conv3dWeightGradient', parts * groups * Math.ceil(panels / panelsPerItem), [
    ...gatheredWords(sizes, inputPitch),
    ...[x, device.address(dy), out, partFloats, device.addressOf(scratch), scratchBytes],
    ...[tapsPerPanel, panelsPerItem, voxelsPerPart, voxelsPerPanel, Number(!onePanel && isPointwise(sizes))],
  ]);
  device.free(scratch);
  if (sums === undefined) return;
  sumParts(device, out, device.address(dweight), parts, partFloats, floats);
  device.free(sums);
}

/** Adds `parts` arrays of `floats` values, `partFloats` after each other, in order. */
export function sumParts(
  device: CpuDevice,
  from: number,
  to: number,
  parts: number,
  partFloats: number,
  floats: number,
): void {
  const floatsPerItem = 4096;
  const words = [from, to, parts, partFloats, floats, floatsPerItem];
  device.enqueue('conv3dSumParts', Math.ceil(floats / floatsPerItem), words);
}
