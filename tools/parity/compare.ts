/** How far a result is from the golden one, as a multiple of the tolerance. */
import { VoxelgradError } from '@voxelgrad/tensor';

export interface Tolerance {
  readonly rtol: number;
  readonly atol: number;
}

export class Comparison {
  /** Largest |a − b| / (atol + rtol · |b|) so far: the case holds while it is at most 1. */
  worst = 0;
  /** What the worst value was, for a person. */
  where = '';
  readonly #tolerance: Tolerance;

  constructor(tolerance: Tolerance) {
    this.#tolerance = tolerance;
  }

  /** `tolerance` replaces the case's own. */
  values(
    what: string,
    got: ArrayLike<number>,
    expected: ArrayLike<number | bigint>,
    tolerance: Tolerance = this.#tolerance,
  ): void {
    checkLengths(what, got, expected);
    const { rtol, atol } = tolerance;
    for (let i = 0; i < expected.length; i++) {
      const [a, b] = [got[i]!, Number(expected[i])];
      if (a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
      const ratio = Math.abs(a - b) / (atol + rtol * Math.abs(b));
      if (ratio > this.worst || Number.isNaN(ratio)) {
        this.worst = Number.isNaN(ratio) ? Number.POSITIVE_INFINITY : ratio;
        this.where = `${what}[${i}] is ${a}, expected ${b}, ${this.worst.toPrecision(3)} × the tolerance`;
      }
    }
  }

  /** Labels: at most `allowed`, a share of all values, may differ. */
  labels(what: string, got: ArrayLike<number>, expected: ArrayLike<number | bigint>, allowed: number): void {
    checkLengths(what, got, expected);
    let differing = 0;
    for (let i = 0; i < expected.length; i++) if (got[i] !== Number(expected[i])) differing++;
    if (differing === 0) return;
    const ratio = differing / (allowed * expected.length);
    if (ratio <= this.worst) return;
    this.worst = ratio;
    this.where = `${what}: ${differing} of ${expected.length} values differ`;
  }

  /** JSON, leaf by leaf; numbers within the tolerance, everything else the same. Keys that only `got` has count as differences too. */
  json(what: string, got: unknown, expected: unknown): void {
    if (typeof got === 'number' && typeof expected === 'number') this.values(what, [got], [expected]);
    else if (isContainer(got) && isContainer(expected) && Array.isArray(got) === Array.isArray(expected)) {
      for (const key of new Set([...Object.keys(expected), ...Object.keys(got)]))
        this.json(`${what}.${key}`, got[key], expected[key]);
    } else if (got !== expected) {
      this.worst = Number.POSITIVE_INFINITY;
      this.where = `${what} is ${JSON.stringify(got)}, expected ${JSON.stringify(expected)}`;
    }
  }
}

const isContainer = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null;

/** For what must be the same to the last bit. */
export const exactly: Tolerance = { rtol: 0, atol: 0 };

function checkLengths(what: string, got: ArrayLike<number>, expected: ArrayLike<number | bigint>): void {
  if (got.length !== expected.length)
    throw new VoxelgradError('shape', { what, expected: `${expected.length} values`, got: String(got.length) });
}
