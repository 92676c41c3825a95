import { describe, expect, it } from 'vitest';
import { GRANULE, Heap } from './heap.ts';

/** A small generator, so that failures repeat. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

describe('the heap', () => {
  it('never hands out overlapping blocks, and merges all that is freed', () => {
    const next = random(7);
    const heap = new Heap(100, (end) => end < 1 << 26);
    const live: { address: number; bytes: number }[] = [];
    for (let step = 0; step < 5000; step++) {
      if (live.length > 0 && next() < 0.5) {
        const [block] = live.splice(Math.floor(next() * live.length), 1);
        heap.release(block!.address, step);
      } else {
        const bytes = Math.floor(next() ** 4 * 200_000);
        const address = heap.allocate(bytes);
        if (address === undefined) continue;
        expect(address % GRANULE).toBe(0);
        for (const other of live)
          expect(address + bytes <= other.address || other.address + other.bytes <= address).toBe(true);
        live.push({ address, bytes });
      }
    }
    for (const { address } of live) heap.release(address, 0);
    expect(heap.usedBytes).toBe(0);
    const reserved = heap.reservedBytes;
    expect(heap.allocate(reserved - GRANULE)).toBe(128);
    expect(heap.reservedBytes).toBe(reserved);
  });

  it('keeps memory that commands may still use from the calling thread', () => {
    const heap = new Heap(0, () => true);
    const first = heap.allocate(1000)!;
    heap.release(first, 5);
    expect(heap.allocate(1000, 4)).not.toBe(first);
    expect(heap.allocate(1000, 5)).toBe(first);
  });

  it('says when there is no room', () => {
    const heap = new Heap(0, (end) => end <= 4096);
    expect(heap.allocate(3000)).toBe(0);
    expect(heap.allocate(3000)).toBeUndefined();
  });
});
