import { describe, expect, it } from 'vitest';
import { Prefetcher } from './prefetcher.ts';

/** Items that are ready when the test says so. */
function workshop(): {
  readonly started: number[];
  readonly discarded: number[];
  readonly prepare: (index: number) => Promise<number>;
  readonly discard: (item: number) => void;
  finish(index: number): void;
  fail(index: number): void;
} {
  const started: number[] = [];
  const discarded: number[] = [];
  const open = new Map<number, { resolve: (item: number) => void; reject: (error: Error) => void }>();
  return {
    started,
    discarded,
    prepare: (index) =>
      new Promise((resolve, reject) => {
        started.push(index);
        open.set(index, { resolve, reject });
      }),
    discard: (item) => discarded.push(item),
    finish: (index) => open.get(index)!.resolve(index),
    fail: (index) => open.get(index)!.reject(new Error(`item ${index} is broken`)),
  };
}

describe('Prefetcher', () => {
  it('hands items out in order and prepares no more than its depth ahead', async () => {
    const { started, prepare, discard, finish } = workshop();
    const prefetcher = new Prefetcher({ prepare, discard, depth: 2 });
    const first = prefetcher.take(0);
    expect(started).toEqual([0, 1]);
    finish(0);
    expect(await first).toBe(0);
    expect(started).toEqual([0, 1, 2]);
    finish(2);
    finish(1);
    expect(await prefetcher.take(1)).toBe(1);
    expect(await prefetcher.take(2)).toBe(2);
    expect(started).toEqual([0, 1, 2, 3, 4]);
  });

  it('stops at the end', async () => {
    const prefetcher = new Prefetcher({
      prepare: (index) => Promise.resolve(index),
      discard: () => undefined,
      end: 2,
      depth: 5,
    });
    expect([await prefetcher.take(0), await prefetcher.take(1)]).toEqual([0, 1]);
    expect(prefetcher.waiting.share).toBeGreaterThanOrEqual(0);
    expect(prefetcher.waiting.share).toBeLessThanOrEqual(1);
  });

  it('prepares nothing behind the end of the part that is asked for', async () => {
    const { started, prepare, discard, finish } = workshop();
    const end = (asked: number): number => asked - (asked % 2) + 2;
    const prefetcher = new Prefetcher({ prepare, discard, depth: 2, end });
    for (const index of [0, 1]) {
      const item = prefetcher.take(index);
      finish(index);
      expect(await item).toBe(index);
      expect(started).toEqual([0, 1]);
    }
    const next = prefetcher.take(2);
    expect(started).toEqual([0, 1, 2, 3]);
    finish(2);
    expect(await next).toBe(2);
  });

  it('starts anew where a run resumes, and frees what nobody takes', async () => {
    const { started, discarded, prepare, discard, finish } = workshop();
    const prefetcher = new Prefetcher({ prepare, discard, depth: 2 });
    const first = prefetcher.take(0);
    for (const index of [0, 1]) finish(index);
    await first;
    const jump = prefetcher.take(70);
    finish(2);
    while (!started.includes(70)) await Promise.resolve();
    expect(discarded).toEqual([1, 2]);
    finish(70);
    expect(await jump).toBe(70);
    finish(71);
    finish(72);
    await prefetcher.close();
    expect(discarded).toEqual([1, 2, 71, 72]);
    expect(started).toEqual([0, 1, 2, 70, 71, 72]);
  });

  it('reports a failure to whoever takes the item, not before', async () => {
    const { prepare, discard, finish, fail } = workshop();
    const prefetcher = new Prefetcher({ prepare, discard, depth: 3 });
    const first = prefetcher.take(0);
    fail(1);
    await new Promise((resolve) => setTimeout(resolve, 0));
    finish(0);
    expect(await first).toBe(0);
    await expect(prefetcher.take(1)).rejects.toThrow('item 1 is broken');
    finish(2);
    expect(await prefetcher.take(2)).toBe(2);
  });

  it('counts waiting only while somebody waits', async () => {
    const { prepare, discard, finish } = workshop();
    const prefetcher = new Prefetcher({ prepare, discard, depth: 1 });
    expect(prefetcher.waiting).toEqual({ waitedMilliseconds: 0, elapsedMilliseconds: 0, share: 0 });
    const first = prefetcher.take(0);
    await new Promise((resolve) => setTimeout(resolve, 2));
    finish(0);
    await first;
    expect(prefetcher.waiting.waitedMilliseconds).toBe(0);
    const second = prefetcher.take(1);
    await new Promise((resolve) => setTimeout(resolve, 2));
    finish(1);
    await second;
    const { waitedMilliseconds, elapsedMilliseconds, share } = prefetcher.waiting;
    expect(waitedMilliseconds).toBeGreaterThan(0);
    expect(waitedMilliseconds).toBeLessThanOrEqual(elapsedMilliseconds);
    expect(share).toBe(waitedMilliseconds / elapsedMilliseconds);
  });
});
