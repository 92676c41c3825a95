/**
 * What a pickle may cost. A few bytes of pickle can ask for far more work and memory than a file of that size should, for example by copying
 * one long list again and again; every step and every item is paid for from here, and the file is refused when it is used up.
 */
import { VoxelgradError } from '@voxelgrad/tensor';

export interface PickleLimits {
  /** Instructions; 10 million by default. */
  readonly operations: number;
  /** Items of lists, tuples, sets and dicts in all; 5 million by default. */
  readonly items: number;
  /** Bytes of texts, byte strings and arrays in all; 512 MiB by default. */
  readonly bytes: number;
  /** Values inside values; 100 by default. */
  readonly depth: number;
}

const defaultPickleLimits: PickleLimits = { operations: 1e7, items: 5e6, bytes: 2 ** 29, depth: 100 };

export class Budget {
  /** The file, for messages. */
  readonly what: string;
  readonly limits: PickleLimits;
  #left: Record<'operations' | 'items' | 'bytes', number>;

  constructor(what: string, limits: Partial<PickleLimits> = {}) {
    this.what = what;
    this.limits = { ...defaultPickleLimits, ...limits };
    this.#left = { ...this.limits };
  }

  /** Throws 'format' where more is asked for than is left. */
  spend(kind: 'operations' | 'items' | 'bytes', amount: number): void {
    this.#left[kind] -= amount;
    if (this.#left[kind] < 0)
      throw new VoxelgradError('format', {
        what: this.what,
        expected: `a pickle with at most ${this.limits[kind]} ${kind}`,
        got: 'more',
        help: 'no checkpoint needs as much: the file is damaged or was made to exhaust its reader',
      });
  }

  /** The error for a pickle that is not what it should be. */
  broken(expected: string, got: string): VoxelgradError {
    return new VoxelgradError('format', {
      what: this.what,
      expected,
      got,
      help: 'the file is damaged or no checkpoint; copy or download it again',
    });
  }
}
