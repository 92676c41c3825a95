/** Which labels occur in a patch. Interpolating labels costs a pass for each, so those that do not occur are left out. */
import type { TimeSlice } from '../sampling/time-slice.ts';

const valuesPerCheck = 1 << 18;

/** The values that occur, in ascending order. */
export async function labelsPresent(labels: Int32Array, slice: TimeSlice): Promise<number[]> {
  const found = new Set<number>();
  let last: number | undefined;
  for (let start = 0; start < labels.length; start += valuesPerCheck) {
    const end = Math.min(start + valuesPerCheck, labels.length);
    for (let i = start; i < end; i++) {
      const value = labels[i]!;
      // Neighbours are mostly alike, and comparing is much faster than asking the set.
      if (value === last) continue;
      last = value;
      found.add(value);
    }
    if (slice.isOver()) await slice.next();
  }
  return [...found].sort((a, b) => a - b);
}
