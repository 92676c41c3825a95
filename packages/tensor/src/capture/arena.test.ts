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

function checkDisjoint(lifetimes: readonly Lifetime[], arena: ReturnType<typeof planArena>, alignment: number): void {
  arena.places.forEach((a, i) => {
    expect(a.offset % alignment).toBe(0);
    expect(a.offset + lifetimes[i]!.bytes).toBeLessThanOrEqual(arena.buffers[a.buffer]!);
    arena.places.slice(0, i).forEach((b, j) => {
      const [x, y] = [lifetimes[i]!, lifetimes[j]!];
      if (a.buffer !== b.buffer) return;
      expect(x.apart?.has(j) ?? false).toBe(false);
      const atOnce = x.first <= y.last && y.first <= x.last;
      if (atOnce) expect(a.offset >= b.offset + y.bytes || b.offset >= a.offset + x.bytes).toBe(true);
    });
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
    checkDisjoint(lifetimes, arena, ONE.alignment);
    expect(arena.buffers[0]!).toBeLessThanOrEqual(1.1 * leastBytes(lifetimes));
  });

  it('keeps blocks in different buffers that one command reads and writes', () => {
    const chain = likeTraining(100).map((lifetime, i) => ({ ...lifetime, apart: new Set([i - 1, i + 1]) }));
    const arena = planArena(chain, SEVERAL);
    checkDisjoint(chain, arena, SEVERAL.alignment);
    expect(arena.buffers.length).toBeGreaterThan(1);
    const total = arena.buffers.reduce((sum, bytes) => sum + bytes, 0);
    expect(total).toBeLessThan(chain.reduce((sum, { bytes }) => sum + bytes, 0));
  });
});
