/** Launches resampling and its gradient: the axes' matrices go to the device as tables. */
import { rowsFor } from '../../device/cpu/chunk.ts';
import type { CpuDevice } from '../../device/cpu/cpu-device.ts';
import type { Operand } from '../../device/device.ts';
import { floatBits } from '../../device/float-bits.ts';
import { roundUpTo, sizeOf } from '../../shape.ts';
import { type AxisWeights, axisWeights, isIdentity, longestRow } from './axis-weights.ts';

/** Words that one after the other become one upload; each part starts at a multiple of 16 bytes. */
class Tables {
  readonly words: number[] = [];

  /** Returns where the part starts, in bytes. */
  add(part: readonly number[]): number {
    const start = 4 * this.words.length;
    for (const word of part) this.words.push(word);
    while (this.words.length % 4 !== 0) this.words.push(0);
    return start;
  }

  addAxis({ starts, indices, weights }: AxisWeights, strideBytes: number): readonly [starts: number, entries: number] {
    const entries = indices.flatMap((index, k) => [(index * strideBytes) | 0, floatBits(weights[k]!)]);
    return [this.add(starts), this.add(entries)];
  }
}

/** Offsets and weights of two neighbours for each voxel, or undefined if some voxel has others. */
function neighbourPairs(
  { starts, indices, weights }: AxisWeights,
  input: number,
): readonly (readonly number[])[] | undefined {
  const [offsets, left, right]: [number[], number[], number[]] = [[], [], []];
  for (let i = 0; i + 1 < starts.length; i++) {
    const [start, end] = [starts[i]!, starts[i + 1]!];
    const base = Math.min(indices[start] ?? 0, input - 2);
    if (base < 0 || end - start > 2 || end === start || indices[end - 1]! > base + 1) return undefined;
    const entries = indices.slice(start, end);
    const weightAt = (index: number) => (entries.includes(index) ? weights[start + entries.indexOf(index)]! : 0);
    offsets.push(4 * base);
    left.push(floatBits(weightAt(base)));
    right.push(floatBits(weightAt(base + 1)));
  }
  return [offsets, left, right];
}

/** Rows of longer sums than these two axes' together are resampled along one axis after the other. */
const mostSummands = 16;

/** `out` = x resampled along depth, height and width by the three matrices. */
export function resampleAlongAxes(device: CpuDevice, x: Operand, out: Operand, axes: readonly AxisWeights[]): void {
  const [depth, height, width] = axes as [AxisWeights, AxisWeights, AxisWeights];
  if (longestRow(depth) * longestRow(height) <= mostSummands && longestRow(width) <= mostSummands) {
    device.choose(() => 'all axes at once');
    resampleAxes(device, x, out, axes);
    return;
  }
  // The axis that shrinks most comes first: the others then have less to do.
  const growth = (axis: number): number => out.shape[axis + 1]! / x.shape[axis + 1]!;
  const steps = [0, 1, 2]
    .filter((axis) => !isIdentity(axes[axis]!, x.shape[axis + 1]!))
    .sort((a, b) => growth(a) - growth(b));
  device.choose(() => `one axis after the other: ${steps.map((axis) => 'dhw'[axis]).join(', ')}`);
  let current = x;
  for (const [i, axis] of steps.entries()) {
    const shape = current.shape.map((extent, a) => (a === axis + 1 ? out.shape[a]! : extent));
    const last = i === steps.length - 1;
    const next: Operand = last
      ? out
      : { buffer: device.allocate(4 * sizeOf(shape)), byteOffset: 0, dtype: 'f32', shape };
    const one = [0, 1, 2].map((a) => (a === axis ? axes[a]! : identity(current.shape[a + 1]!)));
    resampleAxes(device, current, next, one);
    if (current !== x) device.free(current.buffer);
    current = next;
  }
}

const identity = (extent: number): AxisWeights => axisWeights('nearest', extent, extent, 1, 0);

function resampleAxes(device: CpuDevice, x: Operand, out: Operand, axes: readonly AxisWeights[]): void {
  const [batch, , inputHeight, inputWidth, channels] = x.shape as [number, number, number, number, number];
  const [, depth, height, width] = out.shape as [number, number, number, number, number];
  if (sizeOf(out.shape) === 0) return;
  const [depthAxis, heightAxis, widthAxis] = axes as [AxisWeights, AxisWeights, AxisWeights];
  const rowBytes = 4 * inputWidth * channels;
  const tables = new Tables();
  const places = [
    tables.addAxis(depthAxis, rowBytes * inputHeight),
    tables.addAxis(heightAxis, rowBytes),
    tables.addAxis(widthAxis, 4 * channels),
  ].flat();
  const identity = isIdentity(widthAxis, inputWidth);
  const pairs = channels === 1 && longestRow(widthAxis) === 2 ? neighbourPairs(widthAxis, inputWidth) : undefined;
  const pairsPlace = pairs?.map((part) => tables.add(part))[0];
  const tableBuffer = device.allocate(4 * tables.words.length);
  const table = device.addressOf(tableBuffer);
  const words = Int32Array.from(tables.words);
  device.write({ buffer: tableBuffer, byteOffset: 0, dtype: 'i32', shape: [words.length] }, words);

  const listBytes = roundUpTo(8 * longestRow(depthAxis) * longestRow(heightAxis), 16);
  const scratchBytes = roundUpTo(listBytes + rowBytes + 64, 64);
  const scratch = device.allocate(scratchBytes * device.threads);
  const rows = batch * depth * height;
  const summands = (depthAxis.indices.length / depth) * (heightAxis.indices.length / height);
  const cost = (1 + summands) * inputWidth * channels + (identity ? 0 : 2 * width * channels);
  const rowsPerItem = rowsFor(rows, cost);
  device.enqueue('resample', Math.ceil(rows / rowsPerItem), [
    device.address(x),
    device.address(out),
    ...places.map((place) => table + place),
    pairsPlace === undefined ? 0 : table + pairsPlace,
    roundUpTo(width, 4),
    identity ? 1 : 0,
    device.addressOf(scratch),
    scratchBytes,
    listBytes,
    4 * sizeOf(x.shape.slice(1)),
    inputWidth * channels,
    depth,
    height,
    width,
    channels,
    rows,
    rowsPerItem,
  ]);
  device.free(scratch);
  device.free(tableBuffer);
}
