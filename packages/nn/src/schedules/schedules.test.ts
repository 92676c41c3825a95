import { describe, expect, it } from 'vitest';
import { cosine, cosineRestarts, polynomial, warmUp, warmUpCosine } from './schedules.ts';

describe('schedules', () => {
  it('polynomial: (1 − t)^0.9 of the initial rate, 0 at the end and after it', () => {
    expect(polynomial(0.01, 0, 1000)).toBe(0.01);
    // 2^−0.9 and 10^−0.9
    expect(polynomial(0.01, 500, 1000)).toBeCloseTo(0.01 * 0.5358867312681466, 12);
    expect(polynomial(0.01, 900, 1000)).toBeCloseTo(0.01 * 0.12589254117941673, 12);
    expect([1000, 1001, 5000].map((step) => polynomial(0.01, step, 1000))).toEqual([0, 0, 0]);
    expect(polynomial(2, 3, 4, 2)).toBe(2 / 16);
  });

  it('cosine: what the angles of a clock have', () => {
    // (1 + cos φ) / 2 at 0°, 60°, 90°, 120°, 180°
    const shares = [1, 0.75, 0.5, 0.25, 0];
    const steps = [0, 4, 6, 8, 12];
    for (const [i, step] of steps.entries()) {
      expect(cosine(0.1, step, 12)).toBeCloseTo(0.1 * shares[i]!, 12);
      expect(cosine(0.1, step, 12, 0.02)).toBeCloseTo(0.02 + 0.08 * shares[i]!, 12);
    }
    expect([13, 100].map((step) => cosine(0.1, step, 12, 0.02))).toEqual([0.02, 0.02]);
  });

  it('cosineRestarts: the same again every period', () => {
    for (let step = 0; step < 24; step += 2) {
      const share = [1, (2 + Math.sqrt(3)) / 4, 0.75, 0.5, 0.25, (2 - Math.sqrt(3)) / 4];
      const within = [0, 2, 4, 6, 8, 10].indexOf(step % 12);
      expect(cosineRestarts(3, step, 12, 1)).toBeCloseTo(1 + 2 * share[within]!, 12);
    }
    // The floor is neared, and left before it is reached.
    expect(cosineRestarts(3, 11, 12, 1)).toBeCloseTo(1 + 2 * 0.01703708685546585, 12);
    expect(cosineRestarts(3, 12, 12, 1)).toBe(3);
  });

  it('warmUp: equal rises up to the initial rate, then what follows, from its own step 0', () => {
    const rates = Array.from({ length: 8 }, (_, step) => warmUp(0.8, step, 4, (after) => 0.8 / 2 ** after));
    const expected = [0.2, 0.4, 0.6, 0.8, 0.8, 0.4, 0.2, 0.1];
    for (const [step, rate] of rates.entries()) expect(rate).toBeCloseTo(expected[step]!, 12);
    expect(warmUp(1, 0, 0, (after) => after + 7)).toBe(7);
  });

  it('warmUpCosine: from 0 in equal steps, then half a cosine that ends with the last step', () => {
    const rates = [0, 1, 2, 3, 4].map((step) => warmUpCosine(0.8, step, 4, 16));
    for (const [step, rate] of rates.entries()) expect(rate).toBeCloseTo(0.2 * step, 12);
    // 60°, 90°, 120°, 180° of the twelve steps that are left, and behind them.
    const shares = [0.75, 0.5, 0.25, 0, 0];
    for (const [i, step] of [8, 10, 12, 16, 40].entries())
      expect(warmUpCosine(0.8, step, 4, 16)).toBeCloseTo(0.8 * shares[i]!, 12);
    // A run that ends before it has risen.
    expect(warmUpCosine(1, 9, 10, 10)).toBeCloseTo(0.9, 12);
    expect(warmUpCosine(1, 10, 10, 10)).toBe(1);
  });
});
