/** Launches reductions. f16 is reduced on an f32 copy. */
import { chunkFor, rowsFor } from '../../device/cpu/chunk.ts';
import type { CpuDevice } from '../../device/cpu/cpu-device.ts';
import type { Operand } from '../../device/device.ts';
import { inFloats } from '../copy/in-floats.cpu.ts';
import type { ReduceKernels, ReduceOp } from './reduce.kernels.ts';
import { MOST_COLUMNS, planReduce } from './reduce-plan.ts';

/** Up to this many elements along the axis are summed in registers, in order. */
const SHORT = 32;
/** An argmax along a longer axis than this is cut into parts. */
const ARGUMENT_PART = 16384;

const KERNELS: Record<ReduceOp, string> = {
  sum: 'Sum',
  mean: 'Sum',
  max: 'Max',
  min: 'Min',
  sumOfSquares: 'SumOfSquares',
};

export const reduceCpu = (device: CpuDevice): ReduceKernels => {
  const reduceShort = (
    kernel: string,
    x: Operand,
    out: Operand,
    [outer, reduced, inner]: Extents,
    divisor: number,
  ): void => {
    const addresses = [device.address(x), device.address(out)];
    if (inner === 1) {
      const outers = 4 * rowsFor(Math.ceil(outer / 4), 4 * reduced);
      const items = Math.ceil(outer / outers);
      device.enqueue(`reduceRows${kernel}`, items, [...addresses, outer, reduced, inner, 1, 1, outers, divisor]);
      return;
    }
    const chunk = chunkFor(outer * reduced * inner);
    const columns = reduced * inner > 2 * chunk ? Math.max(64, Math.ceil(chunk / reduced / 4) * 4) : inner;
    const blocks = Math.ceil(inner / columns);
    const outers = blocks === 1 ? rowsFor(outer, reduced * inner) : 1;
    const items = Math.ceil(outer / outers) * blocks;
    device.enqueue(`reduceColumns${kernel}`, items, [
      ...addresses,
      outer,
      reduced,
      inner,
      columns,
      blocks,
      outers,
      divisor,
    ]);
  };

  const reduceLong = (
    kernel: string,
    x: Operand,
    out: Operand,
    [outer, reduced, inner]: Extents,
    divisor: number,
  ): void => {
    const plan = planReduce(outer, reduced, inner);
    const { stride, width, rows, blocks, splits, rowsPerSplit, outersPerItem, items } = plan;
    device.choose(() => `rows of ${stride} in ${blocks} blocks, ${splits} splits of ${rowsPerSplit} rows`);
    const slots = Math.ceil(width / 4) * 4;
    const scratchBytes = slots * 12;
    const scratch = device.allocate(scratchBytes * device.threads);
    const partials = splits > 1 ? device.allocate(8 * outer * splits * inner) : undefined;
    const partialsAddress = partials === undefined ? 0 : device.addressOf(partials);
    device.enqueue(`reduce${kernel}`, items, [
      ...[device.address(x), device.address(out), partialsAddress, device.addressOf(scratch), scratchBytes],
      ...[inner, reduced * inner, stride, width, rows, blocks, splits, rowsPerSplit, outer, outersPerItem, divisor],
    ]);
    if (partials !== undefined) {
      const columns = Math.min(inner, MOST_COLUMNS);
      const parts = Math.ceil(inner / columns);
      const parameters = [partialsAddress, device.address(out), splits, inner, columns, parts, divisor];
      device.enqueue(`reduceCombine${kernel}`, outer * parts, parameters);
      device.free(partials);
    }
    device.free(scratch);
  };

  const kernels: ReduceKernels = {
    reduce(op, x, out, outer, reduced, inner) {
      if (x.dtype === 'f16')
        return inFloats(device, [x], [out], ([x], [out]) => kernels.reduce(op, x, out, outer, reduced, inner));
      const kernel = `${x.dtype === 'i32' ? 'Int' : ''}${KERNELS[op]}`;
      const launch = reduced <= SHORT ? reduceShort : reduceLong;
      launch(kernel, x, out, [outer, reduced, inner], op === 'mean' ? reduced : 1);
    },

    argReduce(op, x, out, outer, reduced, inner) {
      if (x.dtype === 'f16')
        return inFloats(device, [x], [], ([x]) => kernels.argReduce(op, x, out, outer, reduced, inner));
      const kernel = `${x.dtype === 'i32' ? 'Int' : ''}${op === 'max' ? 'Max' : 'Min'}`;
      const columns = outer * inner;
      const parts = Math.ceil(reduced / ARGUMENT_PART);
      const partSize = Math.ceil(reduced / parts);
      device.choose(() => `${parts} parts of ${partSize}`);
      const columnsPerItem = 4 * rowsFor(Math.ceil(columns / 4), 4 * partSize);
      const partials = parts > 1 ? device.allocate(8 * columns * parts) : undefined;
      const addresses = [
        device.address(x),
        device.address(out),
        partials === undefined ? 0 : device.addressOf(partials),
      ];
      const parameters = [...addresses, columns, columnsPerItem, reduced, inner, parts, partSize];
      const groups = Math.ceil(columns / columnsPerItem);
      device.enqueue(`arg${kernel}`, groups * parts, parameters);
      if (partials === undefined) return;
      device.enqueue(`argCombine${kernel}`, groups, parameters);
      device.free(partials);
    },

    cumulativeSum(x, out, outer, length, inner, reverse) {
      const columns = outer * inner;
      const columnsPerItem = rowsFor(columns, length);
      const parameters = [
        device.address(x),
        device.address(out),
        columns,
        columnsPerItem,
        length,
        inner,
        reverse ? 1 : 0,
      ];
      device.enqueue('cumulativeSum', Math.ceil(columns / columnsPerItem), parameters);
    },
  };
  return kernels;
};

type Extents = readonly [outer: number, reduced: number, inner: number];
