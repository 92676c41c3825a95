/** The numbers of one convolution, read off its operands' shapes, and the order in which kernels take them. */
import type { Operand } from '../../device/device.ts';
import type { Triple } from '../../shape.ts';
import type { Conv3dGeometry } from './conv3d.kernels.ts';

export interface Conv3dSizes extends Conv3dGeometry {
  readonly batch: number;
  /** Extents of x. */
  readonly input: Triple;
  /** Extents of y. */
  readonly output: Triple;
  readonly kernel: Triple;
  /** Channels of one group. */
  readonly inputChannels: number;
  readonly outputChannels: number;
}

export const volume = (triple: Triple): number => triple[0] * triple[1] * triple[2];

/** The next multiple of 4: products go four rows at a time. */
export const inFours = (rows: number): number => 4 * Math.ceil(rows / 4);

/** True where all three numbers are `value`. */
export const allAre = (triple: Triple, value: number): boolean => triple.every((entry) => entry === value);

/**
 * Sizes of a convolution from x to y. A 1×1×1 convolution that keeps the extents knows no neighbours: it is seen as one long row of voxels,
 * so that no row ends within a block.
 */
export function conv3dSizes(x: Operand, weight: Operand, y: Operand, geometry: Conv3dGeometry): Conv3dSizes {
  const [batch, ...xRest] = x.shape as [number, number, number, number, number];
  const kernel = weight.shape.slice(0, 3) as unknown as Triple;
  const channels = { inputChannels: weight.shape[3]!, outputChannels: y.shape[4]! / geometry.groups };
  const sizes: Conv3dSizes = {
    ...geometry,
    ...channels,
    batch,
    input: [xRest[0], xRest[1], xRest[2]],
    output: [y.shape[1]!, y.shape[2]!, y.shape[3]!],
    kernel,
  };
  if (!isPointwise(sizes)) return sizes;
  const row: Triple = [1, 1, batch * volume(sizes.output)];
  return { ...sizes, batch: 1, input: row, output: row, dilation: [1, 1, 1] };
}

/** A 1×1×1 kernel that meets every voxel once. */
export const isPointwise = (sizes: Conv3dSizes): boolean =>
  allAre(sizes.kernel, 1) && allAre(sizes.stride, 1) && allAre(sizes.padding, 0);

/** Multiply-adds of one pass, those with zeros outside included. */
export const multiplyAdds = (sizes: Conv3dSizes): number =>
  sizes.batch * volume(sizes.output) * volume(sizes.kernel) * sizes.groups * sizes.inputChannels * sizes.outputChannels;

/** Kernel, stride, padding, dilation: the twelve words that the general kernels take first (`Window` in conv3d-window.as.ts). */
export const geometryWords = (sizes: Conv3dSizes): number[] => [
  ...sizes.kernel,
  ...sizes.stride,
  ...sizes.padding,
  ...sizes.dilation,
];

/** What kernels that gather panels are told first (`Gathered` in conv3d-panel.as.ts); `inputPitch` is in floats. */
export const gatheredWords = (sizes: Conv3dSizes, inputPitch: number): number[] => [
  ...geometryWords(sizes),
  ...[sizes.batch, ...sizes.input, ...sizes.output, sizes.groups],
  ...[inputPitch, sizes.inputChannels, sizes.outputChannels],
];

/** Floats of a voxel of a panel (`panelFloats` in conv3d-panel.as.ts). */
export const panelFloats = (taps: number, channels: number): number =>
  4 * Math.ceil(((taps - 1) * channels) / 4 + Math.ceil(channels / 4));
