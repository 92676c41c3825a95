/**
 * The allocator of the shared memory: best fit over a list of free blocks sorted by address, neighbours merged.
 *
 * The device's queue is in order, so a freed block may be handed out at once to whoever writes to it later in the queue. The calling thread,
 * though, writes outside the queue; a block for it must have been freed by a command that has already run. So each free block remembers
 * the length of the queue when it was freed.
 */
import { roundUpTo } from '../../shape.ts';

interface FreeBlock {
  address: number;
  bytes: number;
  freedAt: number;
}

export const GRANULE = 64;
/** Kernels may read this far behind a tensor. */
export const PADDING = 64;

const roundUp = (bytes: number): number => roundUpTo(bytes, GRANULE);

/** What the heap takes for `bytes` bytes. */
export const heapBytes = (bytes: number): number => roundUp(bytes + PADDING);

export class Heap {
  readonly #start: number;
  /** Makes the memory end at or behind this byte; false if it cannot. */
  readonly #grow: (end: number) => boolean;
  #end: number;
  readonly #free: FreeBlock[] = [];
  readonly #sizes = new Map<number, number>();
  usedBytes = 0;
  peakBytes = 0;

  constructor(start: number, grow: (end: number) => boolean) {
    this.#start = roundUp(start);
    this.#end = this.#start;
    this.#grow = grow;
  }

  get reservedBytes(): number {
    return this.#end - this.#start;
  }

  get blocks(): number {
    return this.#sizes.size;
  }

  /**
   * The address of `bytes` bytes, or undefined if there is no room. `completed` is given where the calling thread itself will write: then only
   * blocks freed before that many commands are taken.
   */
  allocate(bytes: number, completed?: number): number | undefined {
    const wanted = heapBytes(bytes);
    let best: number | undefined;
    for (let i = 0; i < this.#free.length; i++) {
      const block = this.#free[i]!;
      if (block.bytes < wanted || (completed !== undefined && block.freedAt > completed)) continue;
      if (best === undefined || block.bytes < this.#free[best]!.bytes) best = i;
      if (block.bytes === wanted) break;
    }
    let address: number;
    if (best === undefined) {
      const extended = this.#extend(wanted, completed);
      if (extended === undefined) return undefined;
      address = extended;
    } else {
      const block = this.#free[best]!;
      address = block.address;
      block.address += wanted;
      block.bytes -= wanted;
      if (block.bytes === 0) this.#free.splice(best, 1);
    }
    this.#sizes.set(address, wanted);
    this.usedBytes += wanted;
    this.peakBytes = Math.max(this.peakBytes, this.usedBytes);
    return address;
  }

  /** Bytes of the block at this address, rounding and padding included. */
  sizeOf(address: number): number {
    return this.#sizes.get(address) ?? 0;
  }

  release(address: number, queued: number): void {
    const bytes = this.#sizes.get(address);
    if (bytes === undefined) throw new Error(`release of an address that was not allocated: ${address}`);
    this.#sizes.delete(address);
    this.usedBytes -= bytes;
    let low = 0;
    let high = this.#free.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#free[middle]!.address < address) low = middle + 1;
      else high = middle;
    }
    const block: FreeBlock = { address, bytes, freedAt: queued };
    this.#free.splice(low, 0, block);
    this.#mergeWithNext(low);
    if (low > 0) this.#mergeWithNext(low - 1);
  }

  #mergeWithNext(index: number): void {
    const block = this.#free[index]!;
    const next = this.#free[index + 1];
    if (next === undefined || block.address + block.bytes !== next.address) return;
    block.bytes += next.bytes;
    block.freedAt = Math.max(block.freedAt, next.freedAt);
    this.#free.splice(index + 1, 1);
  }

  /** Takes fresh memory at the end, together with a free block that already reaches it. */
  #extend(wanted: number, completed: number | undefined): number | undefined {
    const last = this.#free.at(-1);
    const usable =
      last !== undefined &&
      last.address + last.bytes === this.#end &&
      (completed === undefined || last.freedAt <= completed);
    const address = usable ? last.address : this.#end;
    if (!this.#grow(address + wanted)) return undefined;
    if (usable) this.#free.pop();
    this.#end = address + wanted;
    return address;
  }
}
