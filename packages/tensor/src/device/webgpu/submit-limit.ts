/**
 * How much goes into one submit. Drivers kill what runs too long (Windows after 2 seconds, browsers after some more), so what counts is the time that a slow
 * adapter would take, not how many dispatches there are: thousands of short ones are one submit, a few long ones are several. A single dispatch cannot be cut.
 */

/** Seconds that the slowest adapter worth the name may spend on a submit. */
export const SUBMIT_SECONDS = 0.2;

/** Integrated graphics of some age, at what the kernels reach there. */
const SLOW_GPU = { operations: 1e11, bytes: 1e10 };
/** Two cores of a notebook. */
const SLOW_PROCESSOR = { operations: 1e9, bytes: 2e9 };

/** What a dispatch asks for: floating-point operations where they are what takes the time, and bytes of all its bindings. */
export interface Workload {
  readonly operations: number;
  readonly bytes: number;
}

/** Seconds on a slow adapter. */
export function slowSeconds({ operations, bytes }: Workload, software: boolean): number {
  const slow = software ? SLOW_PROCESSOR : SLOW_GPU;
  return Math.max(operations / slow.operations, bytes / slow.bytes);
}

/** Whether something of `seconds` would make too much of a submit that has `before` already. An empty one takes anything. */
export const overfills = (before: number, seconds: number): boolean => before > 0 && before + seconds > SUBMIT_SECONDS;
