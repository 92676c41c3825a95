/**
 * Memory that the calling thread writes to before a command copies it on. It must not be touched by commands still in the queue, so its blocks are kept
 * apart from the heap: there they would merge with what was freed last, and nothing would be safe to write to while the device is busy.
 */
import type { Heap } from './heap.ts';

interface StagingBlock {
  readonly address: number;
  readonly bytes: number;
  /** Commands that must have run before it may be written again. */
  freeAfter: number;
}

/** A block serves requests down to this share of its size. */
const LEAST_SHARE = 1 / 4;
/** Idle blocks beyond this go back to the heap. */
const IDLE_BYTES = 256 * 2 ** 20;

export class Staging {
  readonly #heap: Heap;
  readonly #blocks: StagingBlock[] = [];

  constructor(heap: Heap) {
    this.#heap = heap;
  }

  /** Bytes held for reuse. */
  get bytes(): number {
    return this.#blocks.reduce((sum, { address }) => sum + this.#heap.sizeOf(address), 0);
  }

  get blocks(): number {
    return this.#blocks.length;
  }

  /** An address to write `bytes` bytes to now, or undefined if there is no room. `completed` commands have run. */
  take(bytes: number, completed: number): { readonly address: number; readonly bytes: number } | undefined {
    const index = this.#blocks.findIndex(
      (block) => block.freeAfter <= completed && block.bytes >= bytes && block.bytes * LEAST_SHARE <= bytes,
    );
    if (index >= 0) return this.#blocks.splice(index, 1)[0]!;
    const address = this.#heap.allocate(bytes, completed);
    return address === undefined ? undefined : { address, bytes };
  }

  /** Gives a block back; the last command that reads it is number `queued`. */
  release({ address, bytes }: { readonly address: number; readonly bytes: number }, queued: number): void {
    this.#blocks.push({ address, bytes, freeAfter: queued });
    while (this.bytes > IDLE_BYTES && this.#blocks.length > 1) {
      const oldest = this.#blocks.shift()!;
      this.#heap.release(oldest.address, oldest.freeAfter);
    }
  }

  /** Gives everything back to the heap. */
  clear(): void {
    for (const { address, freeAfter } of this.#blocks.splice(0)) this.#heap.release(address, freeAfter);
  }
}
