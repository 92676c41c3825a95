/**
 * Cases on their way from files to the store: one is computed at a time, and while the files of those before it are brought to the disk, the next one is
 * computed. Only so much may wait for the disk, so that few cases are in memory.
 */
import type { Case } from '@voxelgrad/io/datasets';
import { type Preprocessed, type PreprocessingContext, preprocessCase, readCaseFor } from '../preprocess-case.ts';
import { storePreprocessed } from './store-preprocessed.ts';

/** Bytes of images that are on their way to the disk when the next case is begun. */
const mostWaiting = 2 ** 24;

export class CaseLine {
  readonly #context: PreprocessingContext;
  readonly #target: string;
  #turn: Promise<unknown> = Promise.resolve();
  readonly #storing = new Set<Promise<void>>();
  #waiting = 0;

  /** Cases go to the folder `target`. */
  constructor(context: PreprocessingContext, target: string) {
    this.#context = context;
    this.#target = target;
  }

  /** Ends when the case is computed, and another may be begun. `key` says what it was made from and how. */
  async compute(entry: Case, key: string): Promise<{ readonly stored: Promise<void> }> {
    const computed = this.#turn.then(async () => {
      while (this.#waiting > mostWaiting) await Promise.race(this.#storing);
      return preprocessCase(await readCaseFor(this.#context.plans, entry), this.#context);
    });
    this.#turn = computed.catch(() => undefined);
    const stored = this.#store(entry, await computed, key);
    // Whoever asked for the case awaits it; until then a failure must not count as unhandled.
    stored.catch(() => undefined);
    return { stored };
  }

  async #store(entry: Case, result: Preprocessed, key: string): Promise<void> {
    const { byteLength } = result.data;
    const stored = storePreprocessed(entry, result, this.#context, this.#target, key);
    const settled = stored.catch(() => undefined);
    this.#waiting += byteLength;
    this.#storing.add(settled);
    try {
      await stored;
    } finally {
      this.#waiting -= byteLength;
      this.#storing.delete(settled);
    }
  }
}
