/** Rate and time left, by hand. */
import { describe, expect, it } from 'vitest';
import { Pace, secondsLeft } from './pace.ts';

describe('Pace', () => {
  it('is the rate of the last half minute', () => {
    let time = 100;
    const pace = new Pace(() => time);
    expect(pace.rate).toBeNull();
    pace.tick();
    expect(pace.rate).toBeNull();
    for (let i = 0; i < 40; i++) {
      time += 2;
      pace.tick();
    }
    expect(pace.rate).toBeCloseTo(0.5);
    // Four times as fast from here on: after half a minute nothing else counts.
    for (let i = 0; i < 80; i++) {
      time += 0.5;
      pace.tick();
    }
    expect(pace.rate).toBeCloseTo(2);
    pace.pause();
    time += 60;
    pace.tick();
    time += 1;
    pace.tick();
    expect(pace.rate).toBeCloseTo(1);
  });
});

describe('secondsLeft', () => {
  const record = (seconds: number) => ({ trainingLoss: 0, pseudoDice: [], learningRate: 0, seconds });
  const run = { records: [], iterations: 0, iterationsPerEpoch: 10, epochs: 8, rate: null };

  it('goes by iterations before the first epoch is over, and by whole epochs, with their validation, afterwards', () => {
    expect(secondsLeft(run)).toBeNull();
    expect(secondsLeft({ ...run, iterations: 4, rate: 2 })).toBeCloseTo(76 / 2);
    // Of the last five epochs: 20 s each. Two and a half are left.
    const records = [record(500), ...new Array(4).fill(record(20))];
    expect(secondsLeft({ ...run, records: [...records, record(20)], iterations: 65, rate: 2 })).toBeCloseTo(30);
    expect(secondsLeft({ ...run, records, iterations: 55, rate: 2 })).toBeCloseTo(2.5 * 116);
  });

  it('ends with the time budget, and at nothing', () => {
    const records = [record(20), record(20)];
    expect(secondsLeft({ ...run, records, iterations: 25, budget: 75 })).toBeCloseTo(25);
    expect(secondsLeft({ ...run, records, iterations: 25, budget: 30 })).toBe(0);
    expect(secondsLeft({ ...run, records: new Array(8).fill(record(20)), iterations: 80 })).toBe(0);
  });
});
