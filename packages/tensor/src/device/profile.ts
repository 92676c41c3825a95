/**
 * VOXELGRAD_DEBUG=1: how often each kernel ran and how long it took, in captured steps too. A device that can measures its commands itself (`took`);
 * on others every call is bracketed by the times at which the queue got there, so kernels no longer overlap. Either way a run is slower than without.
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

/** A call of a kernel: what it is counted under, and how much it computes and moves. In a captured step it runs once a replay. */
export interface KernelUse {
  readonly label: string;
  readonly operations: number;
  readonly bytes: number;
}

/** What the profile needs of a device. */
export interface ProfiledDevice {
  readonly kernels: Kernels;
  /** Set while kernels are recorded and do not run. */
  readonly recording: unknown;
  /** Whether it measures its commands and reports them by `took`. */
  readonly measuresCommands: boolean;
  bytesFor(dtype: Operand['dtype'], size: number): number;
  /** Milliseconds of a clock when everything enqueued so far has run. */
  timestamp(): Promise<number>;
}

export class Profile {
  readonly #entries = new Map<string, Entry>();
  readonly #pending: Promise<void>[] = [];
  #current: KernelUse | undefined;

  /** What is enqueued now is part of this call; undefined where nobody asked for a profile. */
  get current(): KernelUse | undefined {
    return this.#current;
  }

  /** The device's kernels, each noting its calls here; the kernels themselves where nobody asked for a profile. */
  wrap(device: ProfiledDevice, kernels: Kernels): Kernels {
    if (debugLevel < 1) return kernels;
    const wrapped = Object.entries(kernels).map(([name, kernel]) => {
      const call = kernel as (...operands: unknown[]) => void;
      return [
        name,
        (...given: unknown[]): void => {
          const outer = this.#current;
          const use = useOf(kernelLabel(name, given), given.filter(isOperand), device);
          this.#current = use;
          try {
            if (device.recording !== undefined) call(...given);
            else this.time([use], device, () => call(...given));
          } finally {
            this.#current = outer;
          }
        },
      ] as const;
    });
    return Object.fromEntries(wrapped) as unknown as Kernels;
  }

  /** Enqueues `work`, which is these calls: a single one where the device does not measure its commands. */
  time(uses: readonly KernelUse[], device: ProfiledDevice, work: () => void): void {
    for (const use of uses) this.#count(use);
    const [use] = uses;
    if (use === undefined || device.measuresCommands) {
      work();
      return;
    }
    const before = device.timestamp();
    work();
    this.took(
      use,
      Promise.all([before, device.timestamp()]).then(([start, end]) => end - start),
    );
  }

  /** Enqueues commands `first` to `end` of a captured step by `enqueue`, all at once where nobody asked for a profile. `uses`: which call each is part of. */
  timeEach(
    uses: readonly (KernelUse | undefined)[],
    device: ProfiledDevice,
    enqueue: (first: number, end: number) => void,
  ): void {
    if (debugLevel < 1) {
      enqueue(0, uses.length);
      return;
    }
    for (let first = 0, end = 0; first < uses.length; first = end) {
      const use = uses[first];
      while (end < uses.length && uses[end] === use) end++;
      this.time(use === undefined ? [] : [use], device, () => enqueue(first, end));
    }
  }

  /** Adds to the time of a call, as soon as it is known. */
  took({ label }: KernelUse, milliseconds: Promise<number>): void {
    const entry = this.#entry(label);
    const add = (elapsed: number): void => {
      entry.milliseconds += elapsed;
    };
    // A device that failed has no times; the failure itself is reported by the next read.
    this.#pending.push(milliseconds.then(add, () => undefined));
  }

  #count({ label, operations, bytes }: KernelUse): void {
    const entry = this.#entry(label);
    entry.calls++;
    entry.operations += operations;
    entry.bytes += bytes;
  }

  #entry(label: string): Entry {
    let entry = this.#entries.get(label);
    if (entry === undefined) {
      entry = { calls: 0, milliseconds: 0, operations: 0, bytes: 0 };
      this.#entries.set(label, entry);
    }
    return entry;
  }

  /** Prints the table, slowest kernels first. `clock`: whose times these are. */
  async print(title: string, clock: string): Promise<void> {
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
    console.error([`${title}: ${total.toFixed(0)} ms in kernels, by ${clock}`, ...lines].join('\n'));
  }
}

const useOf = (label: string, operands: readonly Operand[], device: ProfiledDevice): KernelUse => ({
  label,
  operations: operationsOf(label, operands),
  bytes: operands.reduce((sum, { dtype, shape }) => sum + device.bytesFor(dtype, sizeOf(shape)), 0),
});

/** One decimal, and two digits of what is smaller than one: software drivers are that slow. */
const readable = (value: number): string =>
  value >= 1 || value === 0 ? value.toFixed(1) : value.toFixed(decimals(value));

const decimals = (value: number): number => Math.min(6, 1 - Math.floor(Math.log10(value)));
