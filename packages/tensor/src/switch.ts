import { VoxelgradError } from './errors.ts';

/** A setting that holds while a piece of work runs, and is what it was before when that ends, however it ends. */
export class Switch {
  readonly #name: string;
  #on: boolean;

  /** `name` is that of the function by which users set it. */
  constructor(name: string, on: boolean) {
    this.#name = name;
    this.#on = on;
  }

  get on(): boolean {
    return this.#on;
  }

  /** Runs `work` with the setting on or off. Throws 'option' for asynchronous work, most of which would run with the setting as it was before. */
  run<Result>(on: boolean, work: () => Result): Result {
    const before = this.#on;
    this.#on = on;
    try {
      const result = work();
      if (result instanceof Promise)
        throw new VoxelgradError('option', {
          what: this.#name,
          expected: 'a function that returns at once',
          got: 'one that returns a promise',
          help: 'await outside of it: it holds up to the first await only',
        });
      return result;
    } finally {
      this.#on = before;
    }
  }
}
