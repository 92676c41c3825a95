/**
 * Prepares the next items while the current one is used. At most `depth` are ready or under way at a time; how long the user had to wait for them
 * is counted, so that a run can say whether it was held up by its data.
 */

export interface PrefetchSettings<Item> {
  /** Makes the item with this index. It must be asynchronous where it matters: between its awaits nothing else runs. */
  readonly prepare: (index: number) => Promise<Item>;
  /** Frees an item that nobody took. */
  readonly discard: (item: Item) => void;
  /** Items ready or under way, at least 1. */
  readonly depth?: number;
  /** Index after the last item that is prepared when the one with index `asked` has been asked for; by default there is none. */
  readonly end?: number | ((asked: number) => number);
}

export interface WaitingTime {
  readonly waitedMilliseconds: number;
  /** From the first request to the last item handed out. */
  readonly elapsedMilliseconds: number;
  /** Waited by elapsed, 0 to 1. The first item, which nothing could prepare, is not counted. */
  readonly share: number;
}

export class Prefetcher<Item> {
  readonly #settings: PrefetchSettings<Item>;
  readonly #depth: number;
  /** What is ready or under way, in order, from index #first on. */
  #queue: Promise<Item>[] = [];
  #first = 0;
  #asked = 0;
  #closed = false;
  #waited = 0;
  #started: number | undefined;
  #lastTaken = 0;

  constructor(settings: PrefetchSettings<Item>) {
    this.#settings = settings;
    this.#depth = Math.max(1, settings.depth ?? 2);
  }

  /** The item with this index, which becomes the caller's. Items are best taken in order; another index starts the queue anew. */
  async take(index: number): Promise<Item> {
    if (index !== this.#first) {
      await this.#discardAll();
      this.#first = index;
    }
    this.#asked = index;
    this.#fill();
    const before = performance.now();
    const item = this.#queue.shift() ?? this.#settings.prepare(index);
    this.#first = index + 1;
    try {
      return await item;
    } finally {
      this.#count(before);
      this.#fill();
    }
  }

  get waiting(): WaitingTime {
    const elapsedMilliseconds = this.#lastTaken - (this.#started ?? this.#lastTaken);
    const share = elapsedMilliseconds > 0 ? this.#waited / elapsedMilliseconds : 0;
    return { waitedMilliseconds: this.#waited, elapsedMilliseconds, share };
  }

  /** Prepares nothing more and frees what nobody took. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#discardAll();
  }

  #count(before: number): void {
    this.#lastTaken = performance.now();
    if (this.#started === undefined) this.#started = this.#lastTaken;
    else this.#waited += this.#lastTaken - before;
  }

  #fill(): void {
    const { end = Number.POSITIVE_INFINITY } = this.#settings;
    const behindLast = typeof end === 'number' ? end : end(this.#asked);
    while (!this.#closed && this.#queue.length < this.#depth) {
      const index = this.#first + this.#queue.length;
      if (index >= behindLast) return;
      const item = this.#settings.prepare(index);
      // A failure is reported by the take() that asks for the item; until then it must not count as unhandled.
      item.catch(() => undefined);
      this.#queue.push(item);
    }
  }

  async #discardAll(): Promise<void> {
    const left = this.#queue;
    this.#queue = [];
    for (const item of await Promise.allSettled(left))
      if (item.status === 'fulfilled') this.#settings.discard(item.value);
  }
}
