/** A random case of an op, drawn from a seed: inputs, the op on tensors, and the same in double precision. */
import type { Tensor } from '../index.ts';
import { build, type Doubles } from './arrays.ts';

export interface GradientCase {
  readonly name: string;
  readonly inputs: readonly Doubles[];
  readonly run: (inputs: readonly Tensor[]) => Tensor;
  readonly reference: (inputs: readonly Doubles[]) => Doubles;
}

/** Draws for one case. */
export class Draw {
  #state: number;

  constructor(seed: number) {
    this.#state = (Math.imul(seed, 2654435761) + 12345) >>> 0;
    for (let i = 0; i < 4; i++) this.unit();
  }

  /** In [0, 1). */
  unit(): number {
    this.#state = (Math.imul(this.#state, 1664525) + 1013904223) >>> 0;
    return this.#state / 2 ** 32;
  }

  whole(low: number, high: number): number {
    return low + Math.floor(this.unit() * (high - low + 1));
  }

  pick<Value>(values: readonly Value[]): Value {
    return values[this.whole(0, values.length - 1)]!;
  }

  array(shape: readonly number[], low = -1.5, high = 1.5): Doubles {
    // Single precision, so that both sides start from the same numbers.
    return build(shape, () => Math.fround(low + (high - low) * this.unit()));
  }

  shape(rank: number, largest = 5): number[] {
    return Array.from({ length: rank }, () => this.whole(1, largest));
  }

  axes(rank: number): number[] {
    const chosen = Array.from({ length: rank }, (_, axis) => axis).filter(() => this.unit() < 0.5);
    return chosen.length === 0 ? [this.whole(0, rank - 1)] : chosen;
  }
}

export type Maker = (draw: Draw) => GradientCase;
