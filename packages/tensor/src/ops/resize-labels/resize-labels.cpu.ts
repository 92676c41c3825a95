/** Launches the resizing of labels: voxels and weights along each axis go to the device as tables. */
import { rowsFor } from '../../device/cpu/chunk.ts';
import type { CpuDevice } from '../../device/cpu/cpu-device.ts';
import { type Neighbours, neighboursAlong } from './neighbours.ts';
import type { ResizeLabelsKernels } from './resize-labels.kernels.ts';

const kernels = {
  half: 'resizeLabelsHalf',
  'more than half': 'resizeLabelsMoreThanHalf',
  largest: 'resizeLabelsLargest',
} as const;

/** Bytes of a voxel along an axis: two indices and two weights. */
const ENTRY_BYTES = 24;
/** What a voxel costs, in elements of a plain pass. */
const VOXEL_COST = 8;
/** Eight labels and shares, for each thread. */
const SCRATCH_BYTES = 96;

function writeTable(words: DataView, start: number, { low, high, lowWeight, highWeight }: Neighbours): void {
  for (let i = 0; i < low.length; i++) {
    const at = start + i * ENTRY_BYTES;
    words.setInt32(at, low[i]!, true);
    words.setInt32(at + 4, high[i]!, true);
    words.setFloat64(at + 8, lowWeight[i]!, true);
    words.setFloat64(at + 16, highWeight[i]!, true);
  }
}

export const resizeLabelsCpu = (device: CpuDevice): ResizeLabelsKernels => ({
  resizeLabels(rule, x, out) {
    const from = x.shape.slice(1);
    const [batch, depth, height, width] = out.shape as [number, number, number, number];
    const axes = from.map((extent, axis) => neighboursAlong(extent, out.shape[axis + 1]!));
    const starts = [0, depth * ENTRY_BYTES, (depth + height) * ENTRY_BYTES];
    const words = new Int32Array(((depth + height + width) * ENTRY_BYTES) / 4);
    for (const [axis, neighbours] of axes.entries()) writeTable(new DataView(words.buffer), starts[axis]!, neighbours);
    const tables = device.allocate(words.byteLength);
    device.write({ buffer: tables, byteOffset: 0, dtype: 'i32', shape: [words.length] }, words);
    const scratch = device.allocate(SCRATCH_BYTES * device.threads);
    const rows = batch * depth * height;
    const rowsPerItem = rowsFor(rows, VOXEL_COST * width);
    device.enqueue(kernels[rule], Math.ceil(rows / rowsPerItem), [
      device.address(x),
      device.address(out),
      ...starts.map((start) => device.addressOf(tables) + start),
      ...from,
      depth,
      height,
      width,
      rows,
      rowsPerItem,
      device.addressOf(scratch),
    ]);
    device.free(scratch);
    device.free(tables);
  },
});
