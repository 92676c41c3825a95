/** Numbers as people read them. */

/** 42 s, 1 min 38 s, 12 min, 1 h 5 min, 2 d 3 h. */
export function duration(seconds: number): string {
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  const whole = Math.round(seconds);
  if (whole < 600) return `${Math.floor(whole / 60)} min ${whole % 60} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 24 ? `${hours} h ${minutes % 60} min` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** 2.1 iterations a second, or how long one takes where that is longer. */
export const speed = (rate: number): string =>
  rate >= 1 ? `${significant(rate)} iterations/s` : `${significant(1 / rate)} s/iteration`;

/** Bytes in decimal units: 350 MB, 1.9 GB. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  const unit = Math.min(units.length - 1, Math.max(0, Math.floor(Math.log10(Math.max(1, count)) / 3)));
  return `${significant(count / 1000 ** unit)} ${units[unit]}`;
}

/** A Dice or a loss; a dash where there is none. */
export const decimal = (value: number | null | undefined): string =>
  value === null || value === undefined || !Number.isFinite(value) ? '–' : value.toFixed(3).replace('-', '−');

/** A learning rate: 0.0087, 3.2e−6. */
export const small = (value: number): string =>
  value !== 0 && Math.abs(value) < 1e-5
    ? value.toExponential(1).replace('-', '−')
    : value.toPrecision(3).replace(/0+$/, '').replace(/\.$/, '');

const significant = (value: number): string => (value >= 100 ? value.toFixed(0) : value.toPrecision(2));
