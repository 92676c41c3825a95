/** Launches normalisation: statistics, tables, one pass that writes. f16 is computed on f32 copies. */
import { chunkFor, rowsFor } from '../../device/cpu/chunk.ts';
import type { CpuDevice } from '../../device/cpu/cpu-device.ts';
import type { Operand } from '../../device/device.ts';
import { floatBits } from '../../device/float-bits.ts';
import { sizeOf } from '../../shape.ts';
import { inFloats } from '../copy/in-floats.cpu.ts';
import type { InstanceNormKernels, NormSettings } from './instance-norm.kernels.ts';

/** Rows are widened to at least this many columns. */
const NARROWEST = 32;
/** Parts that all samples together are cut into: enough for many threads, few enough to merge quickly. */
const MOST_SPLITS = 128;
/** Elements of a block that is read twice: 32 KiB. */
const BLOCK = 8192;
const BLOCK_ROWS = 64;
const TABLES = 5;
/** Channels of an item of the combining kernels. */
const COMBINED_CHANNELS = 16;

/** Bytes of a thread's working memory per column: four doubles, or two and three floats. */
const SCRATCH_BYTES = 40;

function planNorm(x: Operand, groups: number) {
  const batch = x.shape[0]!;
  const channels = x.shape[x.shape.length - 1]!;
  const size = sizeOf(x.shape.slice(1));
  // The least repetition of the channels that fills whole vectors.
  const whole = channels % 4 === 0 ? 1 : channels % 2 === 0 ? 2 : 4;
  const repeats = whole * Math.ceil(NARROWEST / (whole * channels));
  const width = repeats * channels;
  const rows = Math.floor(size / width);
  const wanted = Math.round(size / chunkFor(batch * size));
  const splits = Math.max(1, Math.min(wanted, Math.ceil(MOST_SPLITS / batch), rows));
  const rowsPerSplit = Math.ceil(rows / splits);
  const groupsPerItem = Math.max(1, Math.round((COMBINED_CHANNELS * groups) / channels));
  const rowsPerItem = rowsFor(batch * rows, width);
  return {
    ...{ batch, size, channels, groups, width, rows },
    splits: Math.max(1, Math.ceil(rows / Math.max(1, rowsPerSplit))),
    rowsPerSplit,
    blockRows: Math.max(4, Math.min(BLOCK_ROWS, Math.floor(BLOCK / width / 4) * 4)),
    groupsPerItem,
    groupItems: Math.ceil(groups / groupsPerItem),
    rowsPerItem,
    rowItems: Math.max(1, Math.ceil(rows / rowsPerItem)),
  };
}

interface NormOperands {
  readonly x: Operand;
  readonly dy?: Operand;
  readonly out: Operand;
  readonly weight: Operand | undefined;
  readonly bias: Operand | undefined;
  readonly mean: Operand;
  readonly inverseDeviation: Operand;
  readonly dweight?: Operand | undefined;
  readonly dbias?: Operand | undefined;
}

export const instanceNormCpu = (device: CpuDevice): InstanceNormKernels => {
  const address = (operand: Operand | undefined): number => (operand === undefined ? 0 : device.address(operand));

  /** Calls `launch` with a function that enqueues a kernel of this normalisation, while its working memory is allocated. */
  const withNorm = (
    operands: NormOperands,
    { groups, epsilon, slope }: NormSettings,
    launch: (enqueue: (kernel: string, items: number) => void, plan: ReturnType<typeof planNorm>) => void,
  ): void => {
    const plan = planNorm(operands.x, groups);
    device.choose(() => `rows of ${plan.width}, ${plan.splits} splits of ${plan.rowsPerSplit} rows`);
    const scratchBytes = plan.width * SCRATCH_BYTES;
    const partials = device.allocate(16 * plan.batch * plan.splits * plan.channels);
    const tables = device.allocate(4 * plan.batch * TABLES * plan.width);
    const scratch = device.allocate(scratchBytes * device.threads);
    const { x, dy, out, weight, bias, mean, inverseDeviation, dweight, dbias } = operands;
    const parameters = [
      ...[x, dy, out, weight, bias, mean, inverseDeviation, dweight, dbias].map(address),
      ...[partials, tables, scratch].map((buffer) => device.addressOf(buffer)),
      ...[
        scratchBytes,
        plan.batch,
        plan.size,
        plan.channels,
        plan.groups,
        plan.width,
        plan.rows,
        plan.splits,
        plan.rowsPerSplit,
      ],
      ...[plan.blockRows, plan.groupsPerItem, plan.groupItems, plan.rowsPerItem, plan.rowItems],
      ...[floatBits(epsilon), floatBits(slope)],
    ];
    launch((kernel, items) => device.enqueue(kernel, items, parameters), plan);
    for (const buffer of [partials, tables, scratch]) device.free(buffer);
  };

  return {
    normForward(x, weight, bias, y, mean, inverseDeviation, settings) {
      inFloats(device, [x], [y], ([x], [out]) =>
        withNorm(
          { x, out, weight, bias, mean, inverseDeviation },
          settings,
          (enqueue, { batch, splits, groupItems, rowItems }) => {
            enqueue('normStatistics', batch * splits);
            enqueue('normCombine', batch * groupItems);
            enqueue('normForward', batch * rowItems);
          },
        ),
      );
    },

    normAgain(x, weight, bias, mean, inverseDeviation, y, settings) {
      inFloats(device, [x], [y], ([x], [out]) =>
        withNorm(
          { x, out, weight, bias, mean, inverseDeviation },
          settings,
          (enqueue, { batch, groupItems, rowItems }) => {
            enqueue('normBackwardTables', batch * groupItems);
            enqueue('normForward', batch * rowItems);
          },
        ),
      );
    },

    normBackward(dy, x, weight, bias, mean, inverseDeviation, dx, dweight, dbias, settings) {
      inFloats(device, [dy, x], [dx], ([dy, x], [out]) => {
        const operands = { x, dy, out, weight, bias, mean, inverseDeviation, dweight, dbias };
        withNorm(operands, settings, (enqueue, { batch, splits, groupItems, rowItems }) => {
          enqueue('normBackwardTables', batch * groupItems);
          enqueue('normBackwardSums', batch * splits);
          enqueue('normBackwardCombine', groupItems);
          enqueue('normBackward', batch * rowItems);
        });
      });
    },
  };
};
