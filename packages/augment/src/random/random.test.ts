import { philox } from '@voxelgrad/tensor';
import { describe, expect, it } from 'vitest';
import { HostRandom } from './host-random.ts';

describe('philox', () => {
  // The known answers that come with the authors' Random123 library (kat_vectors, philox4x32 10).
  it.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ] as const)('agrees with the known answer for counter %j', (counter, key, expected) => {
    expect(philox(counter, key)).toEqual(expected);
  });
});

describe('HostRandom', () => {
  const draw = (random: HostRandom, count: number): number[] => Array.from({ length: count }, () => random.word());

  it('continues from its state with the same numbers, wherever in a block it stood', () => {
    for (let before = 0; before < 9; before++) {
      const random = new HostRandom(2 ** 40 + 7, 3);
      draw(random, before);
      const resumed = HostRandom.from(JSON.parse(JSON.stringify(random.state)));
      expect(draw(resumed, 6)).toEqual(draw(random, 6));
    }
  });

  it('gives other numbers for another seed or stream, also beyond 32 bits', () => {
    const states = [
      [1, 0],
      [2, 0],
      [1 + 2 ** 32, 0],
      [1, 1],
      [1, 2 ** 32],
    ] as const;
    const first = states.map(([seed, stream]) => new HostRandom(seed, stream).word());
    expect(new Set(first).size).toBe(states.length);
  });

  it('is uniform: mean, variance and every eighth of the range within five standard errors', () => {
    const random = new HostRandom(11);
    const count = 20_000;
    const values = Array.from({ length: count }, () => random.uniform(-1, 3));
    const mean = values.reduce((sum, value) => sum + value, 0) / count;
    const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count;
    expect(Math.abs(mean - 1)).toBeLessThan(5 * Math.sqrt(16 / 12 / count));
    expect(Math.abs(variance - 16 / 12)).toBeLessThan(0.05);
    const eighths = new Array<number>(8).fill(0);
    for (const value of values) eighths[Math.floor((value + 1) * 2)]!++;
    for (const hits of eighths) expect(Math.abs(hits - count / 8)).toBeLessThan(5 * Math.sqrt((count * 7) / 64));
  });

  it('draws whole numbers from low to below high', () => {
    const random = new HostRandom(5);
    const seen = new Set(Array.from({ length: 200 }, () => random.integer(-2, 3)));
    expect([...seen].sort((a, b) => a - b)).toEqual([-2, -1, 0, 1, 2]);
  });

  it('refuses a seed that is not a whole number', () => {
    expect(() => new HostRandom(1.5)).toThrow(/seed: expected a whole number/);
    expect(() => new HostRandom(1, -1)).toThrow(/stream/);
  });
});
