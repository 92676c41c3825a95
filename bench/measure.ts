/** Interleaved timing: in every round each candidate runs once, so that a machine that slows down slows all of them. The median counts. */
import { Bench } from 'tinybench';

export interface BenchRow {
  readonly case: string;
  readonly unit: string;
  readonly ours: number;
  readonly peer: string | null;
  readonly peerValue: number | null;
  /** Above 1: ours is better. */
  readonly ratio: number | null;
}

/** Does the work once; may return the seconds it took, where it can tell them better than a clock around it. */
export type Candidate = () => Promise<number | undefined>;

const ROUNDS = 9;

/** Median seconds of each candidate, after one round to warm up. */
export async function interleaved(
  candidates: Readonly<Record<string, Candidate>>,
  rounds = ROUNDS,
): Promise<Record<string, number>> {
  const seconds: Record<string, number[]> = {};
  for (let round = -1; round < rounds; round++) {
    const bench = new Bench({ iterations: 1, time: 0, warmup: false });
    const told: Record<string, number | undefined> = {};
    for (const [name, run] of Object.entries(candidates))
      bench.add(name, async () => {
        told[name] = await run();
      });
    await bench.run();
    if (round < 0) continue;
    for (const task of bench.tasks) {
      const { result } = task;
      if (result.state === 'errored') throw result.error;
      if (!('latency' in result)) throw new Error(`${task.name} has no result`);
      seconds[task.name] = [...(seconds[task.name] ?? []), told[task.name] ?? result.latency.mean / 1000];
    }
  }
  return Object.fromEntries(Object.entries(seconds).map(([name, values]) => [name, median(values)]));
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)]!;
}

/** A row from work per second, where more is better. */
export function rateRow(
  name: string,
  unit: string,
  ours: number,
  peer: string,
  peerValue: number | undefined,
): BenchRow {
  const rounded = (value: number): number => Number(value.toPrecision(4));
  return peerValue === undefined
    ? { case: name, unit, ours: rounded(ours), peer: null, peerValue: null, ratio: null }
    : { case: name, unit, ours: rounded(ours), peer, peerValue: rounded(peerValue), ratio: rounded(ours / peerValue) };
}
