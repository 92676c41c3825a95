/** What the latest commands of the queue are part of, should one of them fail. */

/** Tells what a command is part of; commands that are enqueued together are counted from 0. */
export type DescribeCommand = (command: number) => string | undefined;

interface Run {
  /** Position in the queue, as 32-bit counters hold it. */
  readonly start: number;
  readonly count: number;
  /** Which of the commands that were enqueued together is the first one here. */
  readonly first: number;
  readonly describe: DescribeCommand;
}

/** More than the ring has slots: a failure is told some time after its slot was written again. */
const KEPT = 4096;

export class CommandDescriptions {
  readonly #runs: Run[] = [];
  #noted = 0;

  note(start: number, count: number, first: number, describe: DescribeCommand | undefined): void {
    if (describe !== undefined) this.#runs[this.#noted++ % KEPT] = { start: start | 0, count, first, describe };
  }

  /** Undefined for a command that has none, or is long past. */
  of(position: number): string | undefined {
    for (const { start, count, first, describe } of this.#runs) {
      const offset = (position - start) | 0;
      if (offset >= 0 && offset < count) return describe(first + offset);
    }
    return undefined;
  }
}
