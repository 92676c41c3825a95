/** The arena against brute force: no two blocks that live at once overlap, none that must be apart share a buffer, and little is wasted. */
import { describe, expect, it } from 'vitest';
import { type Lifetime, planArena } from './arena.ts';

const ONE = { alignment: 64, growing: true };
const SEVERAL = { alignment: 256, growing: false };

/** The most that lives at any time: what no arena can be smaller than. */
function leastBytes(lifetimes: readonly Lifetime[]): number {
  const times = [...new Set(lifetimes.flatMap(({ first, last }) => [first, last]))];
  return Math.max(
    ...times.map((time) =>
      lifetimes
        .filter(({ first, last }) => first <= time && time <= last)
        .reduce((sum, { bytes }) => sum + Math.ceil(bytes / 64) * 64, 0),
    ),
  );
}

/** As the activations of a network: made one after the other, gone in the opposite order, with short-lived ones between. */
function likeTraining(count: number): Lifetime[] {
  let state = 12345;
  const next = (limit: number): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return Math.floor((state / 2 ** 32) * limit);
  };
  return Array.from({ length: count }, (_, i) => ({
    bytes: 64 * (1 + next(100)),
    first: i,
    last: next(2) === 0 ? i + next(4) : 2 * count - i,
  }));
}

/** Pairs of blocks that are where they must not be, as text. */
function conflicts(lifetimes: readonly Lifetime[], arena: ReturnType<typeof planArena>, alignment: number): string[] {
  return arena.places.flatMap((a, i) => {
    const inside = a.offset % alignment === 0 && a.offset + lifetimes[i]!.bytes <= arena.buffers[a.buffer]!;
    const others = arena.places.slice(0, i).flatMap((b, j) => {
      const [x, y] = [lifetimes[i]!, lifetimes[j]!];
      if (a.buffer !== b.buffer) return [];
      const apart = x.apart?.has(j) ?? false;
      const atOnce = x.first <= y.last && y.first <= x.last;
      const overlap = a.offset < b.offset + y.bytes && b.offset < a.offset + x.bytes;
      return apart || (atOnce && overlap) ? [`${i} and ${j}`] : [];
    });
    return inside ? others : [...others, `${i} is out of bounds`];
  });
}

describe('planArena', () => {
  it('lets blocks that never meet share memory', () => {
    const arena = planArena(
      [
        { bytes: 128, first: 0, last: 1 },
        { bytes: 128, first: 2, last: 3 },
        { bytes: 64, first: 1, last: 2 },
      ],
      ONE,
    );
    expect(arena.buffers).toEqual([192]);
    expect(arena.places[0]).toEqual(arena.places[1]);
  });

  it.each([20, 300])('places %i blocks apart from each other, within a tenth of the least memory', (count) => {
    const lifetimes = likeTraining(count);
    const arena = planArena(lifetimes, ONE);
    expect(arena.buffers).toHaveLength(1);
    expect(conflicts(lifetimes, arena, ONE.alignment)).toEqual([]);
    expect(arena.buffers[0]!).toBeLessThanOrEqual(1.1 * leastBytes(lifetimes));
  });

  it('keeps blocks in different buffers that one command reads and writes', () => {
    const chain = likeTraining(100).map((lifetime, i) => ({ ...lifetime, apart: new Set([i - 1, i + 1]) }));
    const arena = planArena(chain, SEVERAL);
    expect(conflicts(chain, arena, SEVERAL.alignment)).toEqual([]);
    expect(arena.buffers.length).toBeGreaterThan(1);
    const total = arena.buffers.reduce((sum, bytes) => sum + bytes, 0);
    expect(total).toBeLessThan(chain.reduce((sum, { bytes }) => sum + bytes, 0));
  });
});
