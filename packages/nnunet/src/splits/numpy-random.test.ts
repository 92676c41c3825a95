/** Expected values were printed by NumPy 2.4.6 (`numpy.random.RandomState`). */
import { describe, expect, it } from 'vitest';
import { NumpyRandomState } from './numpy-random.ts';

describe('NumpyRandomState', () => {
  it('draws MT19937 words', () => {
    const random = new NumpyRandomState(12345);
    expect(Array.from({ length: 5 }, () => random.nextUint32())).toEqual([
      3992670690, 3823185381, 1358822685, 561383553, 789925284,
    ]);
  });

  it('chooses with and without replacement, one draw after the other', () => {
    const random = new NumpyRandomState(1234);
    expect([...random.choice(10, 5, true)]).toEqual([3, 6, 5, 4, 8]);
    expect([...random.choice(1000, 5, true)]).toEqual([655, 689, 279, 233, 154]);
    expect([...random.choice(20, 6, false)]).toEqual([7, 10, 4, 1, 19, 8]);
  });

  it.each([
    [false, 450887110864, [11641, 2243809, 553596], [1999768, 2698803, 2905370]],
    [true, 450437722892, [486191, 2548435, 165158], [1445229, 1993196, 2669738]],
  ])('chooses 300,000 of 3,000,000 (replace = %s)', (replace, sum, first, last) => {
    const chosen = new NumpyRandomState(1234).choice(3_000_000, 300_000, replace);
    expect(chosen.reduce((total, value) => total + value, 0)).toBe(sum);
    expect([...chosen.slice(0, 3)]).toEqual(first);
    expect([...chosen.slice(-3)]).toEqual(last);
  });

  it('reaches the largest 32-bit number', () => {
    const random = new NumpyRandomState(1234);
    expect(random.wholeNumberUpTo(0xffffffff)).toBe(822569775);
    expect(random.wholeNumberUpTo(0)).toBe(0);
    expect(random.wholeNumberUpTo(0xffffffff)).toBe(2137449171);
  });

  it('fills arrays with the numbers that come one by one', () => {
    const [one, all] = [new NumpyRandomState(1234), new NumpyRandomState(1234)];
    for (const length of [1, 700, 0, 2000, 623]) {
      const filled = new Uint32Array(length);
      all.fill(filled);
      expect(filled).toEqual(Uint32Array.from({ length }, () => one.nextUint32()));
    }
  });

  it('refuses impossible picks and seeds', () => {
    expect(() => new NumpyRandomState(1).choice(3, 4, false)).toThrow(/at most 3 picks/);
    expect(() => new NumpyRandomState(1).choice(0, 1, true)).toThrow(/population/);
    expect(new NumpyRandomState(1).choice(0, 0, true)).toHaveLength(0);
    expect(() => new NumpyRandomState(-1)).toThrow(/seed/);
    expect(() => new NumpyRandomState(2 ** 32)).toThrow(/seed/);
  });
});
