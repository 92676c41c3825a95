/**
 * Random decisions on the host (which case, which voxel, which angle) from a counter: every number is a function of (seed, stream, how many words
 * were drawn before), so three numbers are the whole state and a run resumes with the same bits.
 */
import { philox, VoxelgradError, type Words } from '@voxelgrad/tensor';

export interface HostRandomState {
  readonly seed: number;
  readonly stream: number;
  /** 32-bit words drawn so far. */
  readonly drawn: number;
}

/** Sets host streams apart from those of random tensors, which count up from 0 and stay below 2⁵³. */
const hostStreams = 0x80000000;

const lowWord = (value: number): number => value >>> 0;
const highWord = (value: number): number => Math.floor(value / 2 ** 32) >>> 0;

export class HostRandom {
  readonly #seed: number;
  readonly #stream: number;
  #drawn: number;
  #block: Words = [0, 0, 0, 0];

  /** All three are whole numbers from 0 to 2⁵³ − 1. Throws 'option' otherwise. */
  constructor(seed: number, stream = 0, drawn = 0) {
    for (const [name, value] of Object.entries({ seed, stream, drawn }))
      if (!Number.isSafeInteger(value) || value < 0)
        throw new VoxelgradError('option', {
          what: name,
          expected: 'a whole number from 0 to 2⁵³ − 1',
          got: String(value),
        });
    this.#seed = seed;
    this.#stream = stream;
    this.#drawn = drawn;
    if (drawn % 4 !== 0) this.#block = this.#blockAt(Math.floor(drawn / 4));
  }

  static from({ seed, stream, drawn }: HostRandomState): HostRandom {
    return new HostRandom(seed, stream, drawn);
  }

  get state(): HostRandomState {
    return { seed: this.#seed, stream: this.#stream, drawn: this.#drawn };
  }

  /** 32 random bits as an unsigned number. */
  word(): number {
    if (this.#drawn % 4 === 0) this.#block = this.#blockAt(this.#drawn / 4);
    return this.#block[this.#drawn++ % 4]!;
  }

  /** A number in [low, high) with 53 random bits. */
  uniform(low = 0, high = 1): number {
    const bits = (this.word() >>> 5) * 2 ** 26 + (this.word() >>> 6);
    return low + (high - low) * (bits / 2 ** 53);
  }

  /** A normally distributed number (Box and Muller 1958). */
  normal(mean = 0, deviation = 1): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.uniform()));
    return mean + deviation * radius * Math.cos(2 * Math.PI * this.uniform());
  }

  /** A whole number in [low, high). */
  integer(low: number, high: number): number {
    return low + Math.floor(this.uniform() * (high - low));
  }

  /** True with the given probability. Draws even where the answer is certain, so that settings do not shift what follows. */
  chance(probability: number): boolean {
    return this.uniform() < probability;
  }

  #blockAt(index: number): Words {
    const stream = [lowWord(this.#stream), (highWord(this.#stream) | hostStreams) >>> 0] as const;
    return philox([lowWord(index), highWord(index), ...stream], [lowWord(this.#seed), highWord(this.#seed)]);
  }
}
