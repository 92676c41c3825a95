/**
 * NumPy's legacy random numbers (`numpy.random.RandomState`), bit for bit. nnU-Net draws its folds, the voxels of its fingerprint and the
 * class locations of a case from them, so the same folds and the same numbers need the same generator: MT19937 (Matsumoto & Nishimura 1998,
 * seeded by `init_genrand`), whole numbers by masking and rejection (`numpy/random/src/distributions/distributions.c`), and the shuffle that
 * walks down from the end (`numpy/random/mtrand.pyx`). New randomness belongs to the counter-based generator of `@voxelgrad/tensor`.
 */
import { VoxelgradError } from '@voxelgrad/tensor';

const stateSize = 624;
const shiftSize = 397;

export class NumpyRandomState {
  readonly #state = new Uint32Array(stateSize);
  #position = stateSize;

  /** `seed`: a whole number in [0, 2³²). */
  constructor(seed: number) {
    if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff)
      throw new VoxelgradError('option', { what: 'seed', expected: 'a whole number in [0, 2³²)', got: String(seed) });
    this.#state[0] = seed;
    for (let i = 1; i < stateSize; i++) {
      const previous = this.#state[i - 1]!;
      this.#state[i] = Math.imul(1812433253, previous ^ (previous >>> 30)) + i;
    }
  }

  /** The next 32 random bits, as a number in [0, 2³²). */
  nextUint32(): number {
    if (this.#position === stateSize) this.#regenerate();
    return tempered(this.#state[this.#position++]!) >>> 0;
  }

  /** As many calls of `nextUint32` as `target` is long, several times as fast. */
  fill(target: Uint32Array): void {
    let next = 0;
    while (next < target.length) {
      if (this.#position === stateSize) this.#regenerate();
      const state = this.#state;
      const count = Math.min(stateSize - this.#position, target.length - next);
      for (let i = 0, from = this.#position; i < count; i++) target[next + i] = tempered(state[from + i]!);
      this.#position += count;
      next += count;
    }
  }

  /** A whole number in [0, `largest`], both ends included; `largest` < 2³². */
  wholeNumberUpTo(largest: number): number {
    if (largest === 0) return 0;
    const mask = 0xffffffff >>> Math.clz32(largest);
    for (;;) {
      const value = (this.nextUint32() & mask) >>> 0;
      if (value <= largest) return value;
    }
  }

  /** `RandomState.shuffle`, in place. */
  shuffle(values: Int32Array): void {
    for (let last = values.length - 1; last > 0; last--) {
      const other = this.wholeNumberUpTo(last);
      const swapped = values[last]!;
      values[last] = values[other]!;
      values[other] = swapped;
    }
  }

  /** `RandomState.permutation(length)`: 0 … length − 1, shuffled. */
  permutation(length: number): Int32Array {
    const values = Int32Array.from({ length }, (_, i) => i);
    this.shuffle(values);
    return values;
  }

  /** `RandomState.choice(population, size, replace)`: `size` numbers in [0, population). */
  choice(population: number, size: number, replace: boolean): Int32Array {
    if (size > 0 && (population < 1 || (!replace && size > population)))
      throw new VoxelgradError('option', {
        what: 'choice',
        expected: replace
          ? 'a population to choose from'
          : `at most ${population} picks from ${population} without replacement`,
        got: replace ? `a population of ${population}` : `${size}`,
      });
    return replace
      ? Int32Array.from({ length: size }, () => this.wholeNumberUpTo(population - 1))
      : this.permutation(population).slice(0, size);
  }

  #regenerate(): void {
    const state = this.#state;
    const early = stateSize - shiftSize;
    for (let i = 0; i < early; i++) state[i] = twisted(state[i]!, state[i + 1]!, state[i + shiftSize]!);
    for (let i = early; i < stateSize - 1; i++) state[i] = twisted(state[i]!, state[i + 1]!, state[i - early]!);
    state[stateSize - 1] = twisted(state[stateSize - 1]!, state[0]!, state[shiftSize - 1]!);
    this.#position = 0;
  }
}

function twisted(word: number, following: number, shifted: number): number {
  const bits = (word & 0x80000000) | (following & 0x7fffffff);
  return shifted ^ (bits >>> 1) ^ (-(bits & 1) & 0x9908b0df);
}

function tempered(word: number): number {
  let bits = word ^ (word >>> 11);
  bits ^= (bits << 7) & 0x9d2c5680;
  bits ^= (bits << 15) & 0xefc60000;
  return bits ^ (bits >>> 18);
}
