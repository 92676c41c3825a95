/** Launches filling, strided copying, casting and gathering. */
import { chunkFor, rowsFor } from '../../device/cpu/chunk.ts';
import type { CpuDevice } from '../../device/cpu/cpu-device.ts';
import type { Operand } from '../../device/device.ts';
import { floatBits } from '../../device/float-bits.ts';
import { floatToHalf } from '../../device/half.ts';
import type { DType } from '../../dtype.ts';
import { type Shape, sizeOf } from '../../shape.ts';
import { enqueueCast } from './cast.cpu.ts';
import type { CopyKernels } from './copy.kernels.ts';
import { type CopyAxis, planAxes, sixAxes } from './copy-plan.ts';

/** Extents of tiles where the innermost axes are contiguous on one side each. */
const TILE = 32;
/** Pieces of one index space in scatterAdd; each looks through the whole index. */
const SCATTER_PIECES = 8;

/** Four bytes that a value of `dtype` is repeated in. */
function fillPattern(dtype: DType, value: number): number {
  if (dtype === 'f32') return floatBits(value);
  if (dtype === 'i32') return Math.trunc(value);
  if (dtype === 'bool') return value === 0 ? 0 : 0x01010101;
  if (dtype === 'u8') return (value & 255) * 0x01010101;
  const half = new Uint16Array(1);
  floatToHalf(new Float32Array([value]), half);
  return half[0]! * 0x00010001;
}

/** x as `[outer, extent, inner]` around an axis. */
function around(shape: Shape, axis: number): { outer: number; extent: number; inner: number } {
  return { outer: sizeOf(shape.slice(0, axis)), extent: shape[axis]!, inner: sizeOf(shape.slice(axis + 1)) };
}

export const copyCpu = (device: CpuDevice): CopyKernels => {
  /** The last axis is contiguous on both sides. */
  const copyRuns = (from: number, to: number, axes: readonly CopyAxis[], bytes: number): void => {
    const six = sixAxes(axes);
    const run = six[5]!.extent * bytes;
    const rows = six.slice(0, 5).reduce((product, axis) => product * axis.extent, 1);
    const chunk = 4 * chunkFor((rows * run) / 4);
    const pieces = run > 2 * chunk ? Math.ceil(run / chunk) : 1;
    const rowsPerItem = Math.max(1, Math.floor(chunk / run));
    device.enqueue('copyRuns', Math.ceil(rows / rowsPerItem) * pieces, [
      ...[from, to],
      ...[...six.slice(0, 5).map((axis) => axis.extent), run],
      ...six.map((axis) => axis.from * bytes),
      ...six.map((axis) => axis.to * bytes),
      ...[rows, rowsPerItem, 1, pieces, 1, pieces === 1 ? run : chunk],
    ]);
  };

  const copyTiles = (from: number, to: number, axes: readonly CopyAxis[], bytes: number): void => {
    const others = axes.slice(0, -1).sort((a, b) => Math.abs(b.from) - Math.abs(a.from));
    const six = sixAxes([...others, axes[axes.length - 1]!]);
    const [extent4, extent5] = [six[4]!.extent, six[5]!.extent];
    const boxes = six.slice(0, 4).reduce((product, axis) => product * axis.extent, 1);
    const chunk = chunkFor(boxes * extent4 * extent5);
    const narrow4 = Math.min(extent4, TILE);
    const chunk5 = Math.min(extent5, Math.ceil(chunk / narrow4));
    const chunk4 = Math.min(extent4, Math.max(TILE, Math.floor(chunk / chunk5)));
    const boxesPerItem = Math.max(1, Math.floor(chunk / (extent4 * extent5)));
    const pieces4 = Math.ceil(extent4 / chunk4);
    const pieces5 = Math.ceil(extent5 / chunk5);
    const size = bytes === 4 ? 'Word' : bytes === 2 ? 'Half' : 'Byte';
    device.enqueue(`copyTiles${size}`, Math.ceil(boxes / boxesPerItem) * pieces4 * pieces5, [
      ...[from, to],
      ...six.map((axis) => axis.extent),
      ...six.map((axis) => axis.from * bytes),
      ...six.map((axis) => axis.to * bytes),
      ...[boxes, boxesPerItem, pieces4, pieces5, chunk4, chunk5],
    ]);
  };

  return {
    fill(out, value) {
      const bytes = device.bytesFor(out.dtype, sizeOf(out.shape));
      const chunk = 4 * chunkFor(bytes / 4);
      device.enqueue('fill', Math.ceil(bytes / chunk), [
        device.address(out),
        bytes,
        chunk,
        fillPattern(out.dtype, value),
      ]);
    },

    stridedCopy(x, out, box) {
      if (sizeOf(box.shape) === 0) return;
      const bytes = device.bytesFor(x.dtype, 1);
      const from = device.address(x) + box.fromOffset * bytes;
      const to = device.address(out) + box.toOffset * bytes;
      const axes = planAxes(box);
      const inner = axes[axes.length - 1]!;
      if (inner.from === 1 && inner.to === 1) copyRuns(from, to, axes, bytes);
      else copyTiles(from, to, axes, bytes);
    },

    cast(x, out) {
      enqueueCast(device, x, out);
    },

    gather(x, index, out, axis) {
      const { outer, extent, inner } = around(x.shape, axis);
      const count = sizeOf(index.shape);
      const bytes = device.bytesFor(x.dtype, inner);
      const rows = outer * count;
      const rowsPerItem = rowsFor(rows, Math.ceil(bytes / 4));
      const addresses = [x, index, out].map((operand: Operand) => device.address(operand));
      device.enqueue('gather', Math.ceil(rows / rowsPerItem), [...addresses, extent, count, bytes, rows, rowsPerItem]);
    },

    scatterAdd(x, index, out, axis) {
      const { outer, extent, inner } = around(out.shape, axis);
      const slices = Math.ceil(extent / SCATTER_PIECES);
      const pieces = Math.ceil(extent / Math.max(1, slices));
      const addresses = [x, index, out].map((operand: Operand) => device.address(operand));
      const count = sizeOf(index.shape);
      device.enqueue('scatterAdd', outer * pieces, [...addresses, extent, count, inner, slices, pieces]);
    },

    gatherElements(x, index, out, axis) {
      const { outer, extent, inner } = around(x.shape, axis);
      const rows = outer * index.shape[axis]!;
      const rowsPerItem = rowsFor(rows, 2 * inner);
      const addresses = [x, index, out].map((operand: Operand) => device.address(operand));
      const bytes = device.bytesFor(x.dtype, 1);
      const sizes = [extent, index.shape[axis]!, inner, bytes, rows, rowsPerItem];
      device.enqueue('gatherElements', Math.ceil(rows / rowsPerItem), [...addresses, ...sizes]);
    },

    scatterAddElements(x, index, out, axis) {
      const { outer, extent, inner } = around(out.shape, axis);
      const columns = outer * inner;
      const columnsPerItem = rowsFor(columns, 2 * index.shape[axis]! + extent);
      const addresses = [x, index, out].map((operand: Operand) => device.address(operand));
      const sizes = [extent, index.shape[axis]!, inner, columns, columnsPerItem];
      device.enqueue('scatterAddElements', Math.ceil(columns / columnsPerItem), [...addresses, ...sizes]);
    },
  };
};
