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

  values(what: string, got: ArrayLike<number>, expected: ArrayLike<number | bigint>): void {
    if (got.length !== expected.length)
      throw new VoxelgradError('shape', { what, expected: `${expected.length} values`, got: String(got.length) });
    const { rtol, atol } = this.#tolerance;
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
}
