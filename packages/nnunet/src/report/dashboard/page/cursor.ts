/** The epoch that the user points at: one for all charts. */

export class Cursor {
  #epoch: number | undefined;
  readonly #listeners: (() => void)[] = [];

  /** Counted from 1; undefined while nothing is pointed at. */
  get epoch(): number | undefined {
    return this.#epoch;
  }

  set epoch(epoch: number | undefined) {
    if (epoch === this.#epoch) return;
    this.#epoch = epoch;
    for (const listener of this.#listeners) listener();
  }

  onMove(listener: () => void): void {
    this.#listeners.push(listener);
  }
}
