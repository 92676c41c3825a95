/** Launches the copy of an input with few channels whose rows are padded with zeros (conv3d-pad-width.as.ts). */
import type { CpuDevice } from '../../device/cpu/cpu-device.ts';
import type { Operand } from '../../device/device.ts';
import type { Conv3dSizes } from './conv3d-sizes.cpu.ts';

/** A kernel whose rows have taps side by side, and at most so many channels. */
export const suitsPadding = ({ inputChannels, groups, kernel, dilation }: Conv3dSizes, most: number): boolean =>
  groups === 1 && inputChannels <= most && kernel[2] > 1 && dilation[2] === 1;

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
