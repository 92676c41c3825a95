/** A setting that holds while a piece of work runs, and is what it was before when that ends, however it ends. */
export class Switch {
  #on: boolean;

  constructor(on: boolean) {
    this.#on = on;
  }

  get on(): boolean {
    return this.#on;
  }

  /** Runs synchronous `work` with the setting on or off. */
  run<Result>(on: boolean, work: () => Result): Result {
    const before = this.#on;
    this.#on = on;
    try {
      return work();
    } finally {
      this.#on = before;
    }
  }
}
