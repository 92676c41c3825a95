/** Launches resampling, sampling at points, pooling and filters. Pooling of f16 is computed on f32 copies. */
import { rowsFor } from '../../device/cpu/chunk.ts';
import type { CpuDevice } from '../../device/cpu/cpu-device.ts';
import type { Operand } from '../../device/device.ts';
import { roundUpTo, sizeOf, type Triple } from '../../shape.ts';
import { inFloats } from '../copy/in-floats.cpu.ts';
import { transposed, weightsOfMap } from './axis-weights.ts';
import type { ResampleKernels } from './resample.kernels.ts';
import { resampleAlongAxes } from './resample-axes.cpu.ts';

type Shape5 = readonly [n: number, d: number, h: number, w: number, c: number];

/** Items among which the rows of a gradient are shared, which each look at all points of its sample. */
const OWNERS = 16;

/** What working out one point costs, in elements of a plain pass. */
const POINT_COST = 24;

/** A period of the channels that is a multiple of four. */
const vectorPeriod = (channels: number): number => channels * (channels % 4 === 0 ? 1 : channels % 2 === 0 ? 2 : 4);

export const resampleCpu = (device: CpuDevice): ResampleKernels => {
  const enqueuePool = (
    kernel: string,
    x: Operand,
    pooled: Operand,
    dx: Operand | undefined,
    owned: Operand,
    sizes: readonly [Triple, Triple, Triple],
    countPadding: boolean,
  ): void => {
    const [batch, depth, height, width, channels] = x.shape as unknown as Shape5;
    const [kernelSize] = sizes;
    const windowCost = sizeOf(kernelSize) * roundUpTo(channels, 4);
    const [, ownedDepth, ownedHeight, ownedWidth] = owned.shape as unknown as Shape5;
    const perSample = kernel === 'poolMaxGradient';
    const rows = (perSample ? 1 : batch) * ownedDepth * ownedHeight;
    const rowsPerItem = rowsFor(rows, ownedWidth * windowCost);
    const itemsPerSample = Math.ceil(rows / rowsPerItem);
    device.enqueue(kernel, itemsPerSample * (perSample ? batch : 1), [
      device.address(x),
      device.address(pooled),
      dx === undefined ? 0 : device.address(dx),
      depth,
      height,
      width,
      channels,
      ...pooled.shape.slice(1, 4),
      ...sizes.flat(),
      countPadding ? 1 : 0,
      rows,
      rowsPerItem,
      itemsPerSample,
    ]);
  };

  return {
    resample(mode, x, out, map) {
      resampleAlongAxes(device, x, out, weightsOfMap(mode, x.shape, out.shape, map));
    },

    resampleGradient(mode, dy, dx, map) {
      const axes = weightsOfMap(mode, dx.shape, dy.shape, map).map((axis, i) => transposed(axis, dx.shape[i + 1]!));
      resampleAlongAxes(device, dy, dx, axes);
    },

    sampleGrid(mode, x, grid, out, outside) {
      const [batch, depth, height, width, channels] = x.shape as unknown as Shape5;
      const points = sizeOf(grid.shape.slice(1, 4));
      const perItem = rowsFor(batch * points, POINT_COST + 8 * channels);
      const itemsPerSample = Math.ceil(points / perItem);
      device.enqueue(mode === 'linear' ? 'sampleGridLinear' : 'sampleGridNearest', batch * itemsPerSample, [
        ...[x, grid, out].map((operand) => device.address(operand)),
        ...[depth, height, width, channels, points, itemsPerSample, perItem],
        outside === 'edge' ? 1 : 0,
      ]);
    },

    sampleGridGradient(mode, dy, grid, dx, outside) {
      const [batch, depth, height, width, channels] = dx.shape as unknown as Shape5;
      const points = sizeOf(grid.shape.slice(1, 4));
      const rows = depth * height;
      const perItem = Math.max(1, Math.ceil((rows * Math.max(1, batch)) / OWNERS));
      const itemsPerSample = Math.ceil(rows / perItem);
      device.enqueue(
        mode === 'linear' ? 'sampleGridLinearGradient' : 'sampleGridNearestGradient',
        batch * itemsPerSample,
        [
          ...[dy, grid, dx].map((operand) => device.address(operand)),
          ...[depth, height, width, channels, points, itemsPerSample, perItem],
          outside === 'edge' ? 1 : 0,
        ],
      );
    },

    sampleGridPointGradient(dy, x, grid, dgrid, outside) {
      const [batch, depth, height, width, channels] = x.shape as unknown as Shape5;
      const points = sizeOf(grid.shape.slice(1, 4));
      const perItem = rowsFor(batch * points, POINT_COST + 16 * channels);
      const itemsPerSample = Math.ceil(points / perItem);
      device.enqueue('sampleGridPointGradient', batch * itemsPerSample, [
        ...[dy, x, grid, dgrid].map((operand) => device.address(operand)),
        ...[depth, height, width, channels, points, itemsPerSample, perItem],
        outside === 'edge' ? 1 : 0,
      ]);
    },

    pool(mode, x, out, kernel, stride, padding, countPadding) {
      const name = mode === 'max' ? 'poolMax' : 'poolAverage';
      inFloats(device, [x], [out], ([x], [out]) =>
        enqueuePool(name, x, out, undefined, out, [kernel, stride, padding], countPadding),
      );
    },

    poolGradient(mode, dy, x, dx, kernel, stride, padding, countPadding) {
      const name = mode === 'max' ? 'poolMaxGradient' : 'poolAverageGradient';
      inFloats(device, [x, dy], [dx], ([x, dy], [dx]) =>
        enqueuePool(name, x, dy, dx, dx, [kernel, stride, padding], countPadding),
      );
    },

    filterAxis(x, taps, out, axis) {
      const [batch, depth, height, width, channels] = x.shape as unknown as Shape5;
      const length = taps.shape[2]!;
      const period = vectorPeriod(channels);
      const rowsPerItem = rowsFor(batch * depth * height, (width * channels * (2 + length)) / 4);
      const itemsPerSample = Math.ceil((depth * height) / rowsPerItem);
      const scratchBytes = roundUpTo(4 * (length * period + length + (width + length) * channels) + 64, 64);
      const scratch = device.allocate(scratchBytes * device.threads);
      device.enqueue('filterAxis', batch * itemsPerSample, [
        ...[x, taps, out].map((operand) => device.address(operand)),
        ...[device.addressOf(scratch), scratchBytes, depth, height, width, channels, length, axis, period],
        ...[rowsPerItem, itemsPerSample],
      ]);
      device.free(scratch);
    },
  };
};
