/** Where an axis has its ticks, and what they say: steps of 1, 2 or 5 times a power of ten (Heckbert 1990, "Nice numbers for graph labels"). */

export interface Ticks {
  readonly values: readonly number[];
  readonly labels: readonly string[];
  /** The axis runs from here … */
  readonly from: number;
  /** … to here, whole steps that hold all values. */
  readonly to: number;
}

/** About `count` ticks for values between `smallest` and `largest`; `whole` asks for whole numbers. */
export function niceTicks(smallest: number, largest: number, count: number, whole = false): Ticks {
  const range = largest - smallest || Math.max(Math.abs(largest), 1);
  const step = Math.max(whole ? 1 : 0, niceStep(range / Math.max(1, count)));
  // Half a millionth of a step keeps 0.30000000000000004 from asking for another tick.
  const first = Math.floor(smallest / step + 5e-7);
  const last = Math.max(first + 1, Math.ceil(largest / step - 5e-7));
  const digits = Math.max(0, -Math.floor(Math.log10(step) + 1e-9));
  const values = Array.from({ length: last - first + 1 }, (_, i) => (first + i) * step);
  return {
    values,
    labels: values.map((value) => formatTick(value, digits)),
    from: first * step,
    to: last * step,
  };
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const share = rough / power;
  if (share <= 1) return power;
  if (share <= 2) return 2 * power;
  return share <= 5 ? 5 * power : 10 * power;
}

function formatTick(value: number, digits: number): string {
  if (value !== 0 && (Math.abs(value) >= 1e6 || digits > 5)) return value.toExponential(0).replace('-', '−');
  return value
    .toFixed(digits)
    .replace(/^-(?=.*[1-9])/, '−')
    .replace(/^-/, '');
}
