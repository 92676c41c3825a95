/**
 * VOXELGRAD_DEBUG=1: how often each kernel ran and how long it took. Every call is bracketed by the times at which the queue got there, so kernels no
 * longer overlap and a run is slower than without.
 */
import { debugLevel } from '../debug.ts';
import type { Kernels } from '../ops/kernels.ts';
import { sizeOf } from '../shape.ts';
import type { Operand } from './device.ts';
import { isOperand, kernelLabel, operationsOf } from './kernel-calls.ts';

interface Entry {
  calls: number;
  milliseconds: number;
  operations: number;
  bytes: number;
}

/** What the profile needs of a device. */
export interface ProfiledDevice {
  readonly kernels: Kernels;
  /** Set while kernels are recorded and do not run. */
  readonly recording: unknown;
  bytesFor(dtype: Operand['dtype'], size: number): number;
  /** Milliseconds of a clock when everything enqueued so far has run. */
  timestamp(): Promise<number>;
}

export class Profile {
  readonly #entries = new Map<string, Entry>();
  readonly #pending: Promise<void>[] = [];

  /** The device's kernels, each noting its calls here; the kernels themselves where nobody asked for a profile. */
  wrap(device: ProfiledDevice, kernels: Kernels): Kernels {
    if (debugLevel < 1) return kernels;
    const wrapped = Object.entries(kernels).map(([name, kernel]) => {
      const call = kernel as (...operands: unknown[]) => void;
      return [
        name,
        (...given: unknown[]): void => {
          const label = kernelLabel(name, given);
          if (device.recording !== undefined) call(...given);
          else this.time(label, given.filter(isOperand), device, () => call(...given));
        },
      ] as const;
    });
    return Object.fromEntries(wrapped) as unknown as Kernels;
  }

  /** Enqueues `work`, noted under `label` if anybody asked for a profile. */
  time(label: string, operands: readonly Operand[], device: ProfiledDevice, work: () => void): void {
    if (debugLevel < 1) {
      work();
      return;
    }
    const before = device.timestamp();
    work();
    this.#pending.push(this.#note(label, operands, before, device.timestamp(), device));
  }

  async #note(
    label: string,
    operands: readonly Operand[],
    before: Promise<number>,
    after: Promise<number>,
    device: ProfiledDevice,
  ): Promise<void> {
    const entry = this.#entries.get(label) ?? { calls: 0, milliseconds: 0, operations: 0, bytes: 0 };
    this.#entries.set(label, entry);
    entry.calls++;
    entry.operations += operationsOf(label, operands);
    for (const { dtype, shape } of operands) entry.bytes += device.bytesFor(dtype, sizeOf(shape));
    try {
      const elapsed = (await after) - (await before);
      entry.milliseconds += elapsed;
    } catch {
      // A device that failed has no times; the failure itself is reported by the next read.
    }
  }

  /** Prints the table, slowest kernels first. */
  async print(title: string): Promise<void> {
    if (this.#entries.size === 0) return;
    await Promise.all(this.#pending);
    const rows = [...this.#entries].sort(([, a], [, b]) => b.milliseconds - a.milliseconds);
    const total = rows.reduce((sum, [, { milliseconds }]) => sum + milliseconds, 0);
    const cells = rows.map(([name, { calls, milliseconds, operations, bytes }]) => [
      name,
      String(calls),
      readable(milliseconds),
      `${((100 * milliseconds) / total).toFixed(1)} %`,
      operations === 0 ? '' : readable(operations / milliseconds / 1e6),
      readable(bytes / milliseconds / 1e6),
    ]);
    const table = [['kernel', 'calls', 'ms', 'share', 'GFLOP/s', 'GB/s'], ...cells];
    const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]!.length)));
    const lines = table.map((row) =>
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]!) : cell.padStart(widths[i]!))).join('  '),
    );
    console.error([`${title}: ${total.toFixed(0)} ms in kernels`, ...lines].join('\n'));
  }
}

/** One decimal, and two digits of what is smaller than one: software drivers are that slow. */
const readable = (value: number): string =>
  value >= 1 || value === 0 ? value.toFixed(1) : value.toFixed(decimals(value));

const decimals = (value: number): number => Math.min(6, 1 - Math.floor(Math.log10(value)));
