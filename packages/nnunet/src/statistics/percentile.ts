/** Medians and percentiles to the last bit as NumPy has them, since target spacings and patch sizes are decided by comparing them. */

/** `numpy.percentile` (linear interpolation) of values in ascending order; `percent` in [0, 100]. NaN of nothing. */
export function percentileOfSorted(sorted: ArrayLike<number>, percent: number): number {
  const position = (sorted.length - 1) * (percent / 100);
  const below = Math.floor(position);
  const low = sorted[below] ?? Number.NaN;
  const high = sorted[below + 1] ?? low;
  const share = position - below;
  // NumPy interpolates from the nearer end, so that both ends are met exactly.
  return share >= 0.5 ? high - (high - low) * (1 - share) : low + (high - low) * share;
}

/** `numpy.percentile` of values in any order. */
export const percentile = (values: readonly number[], percent: number): number =>
  percentileOfSorted(ascending(values), percent);

/** `numpy.median`: the mean of the middle two where their number is even. */
export function median(values: readonly number[]): number {
  const sorted = ascending(values);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

const ascending = (values: readonly number[]): number[] => [...values].sort((a, b) => a - b);
