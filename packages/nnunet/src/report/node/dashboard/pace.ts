/** How fast a training is, and how long it still takes. */
import type { EpochRecord } from '../../../train/history.ts';

/** The rate is that of the last so many seconds: long enough to be steady, short enough to follow. */
const windowSeconds = 30;
/** The time of an epoch is that of the last so many: machines get busier and idler. */
const epochsLookedAt = 5;

export class Pace {
  readonly #now: () => number;
  #times: number[];

  /** `now`: seconds that only grow. */
  constructor(now: () => number = () => performance.now() / 1000) {
    this.#now = now;
    this.#times = [];
  }

  /** An iteration is over. */
  tick(): void {
    const time = this.#now();
    this.#times.push(time);
    while (this.#times.length > 2 && time - this.#times[0]! > windowSeconds) this.#times.shift();
  }

  /** What comes now is no iteration: the next one starts a new measurement. */
  pause(): void {
    this.#times = [];
  }

  /** Iterations per second; null before the second one. */
  get rate(): number | null {
    const seconds = (this.#times.at(-1) ?? 0) - (this.#times[0] ?? 0);
    return seconds > 0 ? (this.#times.length - 1) / seconds : null;
  }
}

export interface Remaining {
  readonly records: readonly EpochRecord[];
  /** Trained so far. */
  readonly iterations: number;
  readonly iterationsPerEpoch: number;
  readonly epochs: number;
  readonly rate: number | null;
  /** Seconds that the run may take in all. */
  readonly budget?: number | undefined;
}

/** Seconds until training ends: by whole epochs, validation and all, once there are some; before that by iterations. Null where nothing is known yet. */
export function secondsLeft(run: Remaining): number | null {
  const { records, iterations, iterationsPerEpoch, epochs, rate, budget = Number.POSITIVE_INFINITY } = run;
  const last = records.slice(-epochsLookedAt);
  const perEpoch =
    last.length > 0
      ? last.reduce((sum, { seconds }) => sum + seconds, 0) / last.length
      : rate === null
        ? null
        : iterationsPerEpoch / rate;
  if (perEpoch === null) return null;
  const running = Math.max(0, iterations / iterationsPerEpoch - records.length);
  const spent = records.reduce((sum, { seconds }) => sum + seconds, running * perEpoch);
  return Math.max(0, Math.min((epochs - records.length - running) * perEpoch, budget - spent));
}
