/** Patches and losses on their way to the page. */
import { describe, expect, it } from 'vitest';
import { LossTrace } from './loss-trace.ts';
import { belongsTo, decodePatch, encodePatch, type Patch } from './patch-bytes.ts';

describe('a patch as bytes', () => {
  it.each(['a', 'äß', '海馬体', ''])('comes back as it was, with a class called %j', (name) => {
    const patch: Patch = {
      id: 3,
      iteration: 1000,
      channel: 1,
      shape: [1, 2, 3],
      spacing: [1, 0.5, 2],
      classes: [{ name, value: 2 ** 24 }],
      regions: true,
      grey: Uint8Array.of(0, 1, 2, 3, 254, 255),
      truth: Uint32Array.of(0, 1, 2, 3, 2 ** 31, 2 ** 32 - 1),
      prediction: Uint32Array.of(5, 4, 3, 2, 1, 0),
    };
    const bytes = encodePatch(patch);
    expect(decodePatch(bytes.buffer)).toEqual(patch);
  });

  it('has voxels that are of a label, or of several regions', () => {
    const one = { name: 'x', value: 4 };
    expect([4, 5, 6, 3].map((value) => belongsTo(value, one, false))).toEqual([true, false, false, false]);
    expect([4, 5, 6, 3].map((value) => belongsTo(value, one, true))).toEqual([true, true, true, false]);
  });
});

describe('LossTrace', () => {
  it('keeps every loss while there are few', () => {
    const trace = new LossTrace();
    trace.add([3, 2, 1]);
    expect([trace.points, trace.perPoint, trace.pending]).toEqual([[3, 2, 1], 1, []]);
  });

  it.each([10, 7])('averages neighbours where there are more than %d', (limit) => {
    const losses = Array.from({ length: 137 }, (_, i) => i);
    const whole = new LossTrace([], 1, limit);
    whole.add(losses);
    expect(whole.points.length).toBeLessThan(limit);
    const { perPoint } = whole;
    expect(whole.points).toEqual(
      Array.from({ length: Math.floor(137 / perPoint) }, (_, i) => i * perPoint + (perPoint - 1) / 2),
    );
    // In pieces, and taken over half-way, it is the same curve.
    const first = new LossTrace([], 1, limit);
    for (const loss of losses.slice(0, 61)) first.add([loss]);
    const second = new LossTrace(first.points, first.perPoint, limit);
    second.add(first.pending);
    second.add(losses.slice(61));
    expect([second.points, second.perPoint]).toEqual([whole.points, perPoint]);
  });
});
