/** Launches median filters. */
import { chunkFor } from '../../device/cpu/chunk.ts';
import type { CpuDevice } from '../../device/cpu/cpu-device.ts';
import { sizeOf } from '../../shape.ts';
import type { MedianKernels } from './median.kernels.ts';

/** Values that an item finds the medians of; each takes some microseconds. */
const valuesPerItem = 512;

export const medianCpu = (device: CpuDevice): MedianKernels => ({
  medianFilter(x, out, kernel) {
    const size = sizeOf(x.shape);
    const keys = device.allocate(4 * size);
    const address = device.addressOf(keys);
    const chunk = chunkFor(size);
    device.enqueue('orderedKeys', Math.ceil(size / chunk), [device.address(x), address, size, chunk]);
    const [n, depth, height, columns, channels] = out.shape as readonly [number, number, number, number, number];
    const rows = n * depth * height;
    const width = columns * channels;
    const rowsPerItem = Math.max(1, Math.floor(valuesPerItem / width));
    device.enqueue('medianFilter', Math.ceil(rows / rowsPerItem), [
      address,
      device.address(out),
      rows,
      rowsPerItem,
      depth,
      height,
      width,
      x.shape[3]! * channels,
      channels,
      ...kernel,
    ]);
    device.free(keys);
  },
});
