/**
 * Lets long host work live with an event loop: it asks after each small step whether its slice of time is over, and if so waits for the other tasks.
 */
export class TimeSlice {
  readonly #milliseconds: number;
  #end: number;

  /** A slice shorter than a display's frame keeps pages smooth. */
  constructor(milliseconds = 8) {
    this.#milliseconds = milliseconds;
    this.#end = performance.now() + milliseconds;
  }

  isOver(): boolean {
    return performance.now() >= this.#end;
  }

  async next(): Promise<void> {
    await new Promise((resolve) => setTimeout(resolve, 0));
    this.#end = performance.now() + this.#milliseconds;
  }
}
