import { expect, it } from 'vitest';

const values = () => Float32Array.of(1, Number.NaN, 3);

it('finds arrays of the same bytes equal', () => {
  expect(values()).toEqual(values());
  expect([{ part: values().subarray(1) }]).toEqual([{ part: Float32Array.of(Number.NaN, 3) }]);
});

it('leaves all others to what tests know', () => {
  expect(values()).not.toEqual(Float32Array.of(1, Number.NaN, 4));
  expect(values()).not.toEqual(new Int32Array(values().buffer));
  expect(values()).not.toEqual(values().subarray(1));
  expect(Float32Array.of(1, -0)).not.toEqual(Float32Array.of(1, 0));
  expect(() => expect(values()).toEqual(Float32Array.of(1, Number.NaN, 4))).toThrow(/4/);
});
