/** Interleaved timing: in every round each candidate has its turn, so that a machine that slows down slows all of them. The median counts. */
import { setTimeout as sleep } from 'node:timers/promises';
import { Bench } from 'tinybench';

export interface BenchRow {
  readonly case: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer: string | null;
  readonly peerValue: number | null;
  /** Above 1: ours is better. */
  readonly ratio: number | null;
  /** Further figures, by the heading of their column. */
  readonly details?: Readonly<Record<string, number | string>>;
}

/** Does the work once; may return the seconds it took, where it can tell them better than a clock around it. */
export type Candidate = () => Promise<number | undefined>;

const ROUNDS = 9;
/** Milliseconds before each turn: threads that OpenMP keeps spinning after a peer's work (about 5 ms) would take a core from the next candidate. */
const PAUSE = 30;
/**
 * Milliseconds of a turn, in which short work is repeated: training and prediction are never alone for one convolution, and a virtual machine may leave
 * threads that have slept on one core for some milliseconds.
 */
const TURN = 100;

/** Median seconds of each candidate, of as many turns, after one round to warm up. */
export async function interleaved(
  candidates: Readonly<Record<string, Candidate>>,
  rounds = ROUNDS,
): Promise<Record<string, number>> {
  const seconds: Record<string, number[]> = {};
  for (let round = -1; round < rounds; round++) {
    const bench = new Bench({ iterations: 1, time: TURN, warmup: false });
    for (const [name, run] of Object.entries(candidates))
      bench.add(
        name,
        async () => {
          const start = performance.now();
          const told = await run();
          if (told === undefined) return undefined;
          return { overriddenDuration: told * 1000, overriddenIterationCost: performance.now() - start };
        },
        { beforeAll: () => sleep(PAUSE) },
      );
    await bench.run();
    if (round < 0) continue;
    for (const task of bench.tasks) {
      const { result } = task;
      if (result.state === 'errored') throw result.error;
      if (!('latency' in result)) throw new Error(`${task.name} has no result`);
      seconds[task.name] = [...(seconds[task.name] ?? []), result.latency.p50 / 1000];
    }
  }
  return Object.fromEntries(Object.entries(seconds).map(([name, values]) => [name, median(values)]));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

/** A row of a rate, where more is better. */
export const rateRow = (
  name: string,
  unit: string,
  ours: number,
  peer: string,
  peerValue: number | undefined,
): BenchRow => row(name, unit, ours, peer, peerValue, (ours, peerValue) => ours / peerValue);

/** A row of a cost, where less is better. */
export const costRow = (
  name: string,
  unit: string,
  ours: number,
  peer: string,
  peerValue: number | undefined,
): BenchRow => row(name, unit, ours, peer, peerValue, (ours, peerValue) => peerValue / ours);

function row(
  name: string,
  unit: string,
  ours: number,
  peer: string,
  peerValue: number | undefined,
  better: (ours: number, peerValue: number) => number,
): BenchRow {
  const rounded = (value: number): number => Number(value.toPrecision(4));
  if (peerValue === undefined)
    return { case: name, unit, ours: rounded(ours), peer: null, peerValue: null, ratio: null };
  const ratio = rounded(better(ours, peerValue));
  return { case: name, unit, ours: rounded(ours), peer, peerValue: rounded(peerValue), ratio };
}
