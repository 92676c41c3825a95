/** Where the largest and smallest values are, over any axes, against a plain search through the values. */
import { expect, it } from 'vitest';
import { argMax, argMin, fromArray } from '../../index.ts';
import { type Shape, sizeOf, stridesOf } from '../../shape.ts';
import { describeOnEach, testValues } from '../../testing.ts';

const SHAPE = [3, 4, 2, 5];

/** For each place of the other axes, the index within the flattened axes of the first value that no other one beats. */
function search(
  values: ArrayLike<number>,
  shape: Shape,
  axes: readonly number[],
  beats: (a: number, b: number) => boolean,
) {
  const strides = stridesOf(shape);
  const extents = (list: readonly number[]): number[] => list.map((axis) => shape[axis]!);
  const offset = (list: readonly number[], flat: number): number => {
    const within = stridesOf(extents(list));
    return list.reduce((sum, axis, i) => sum + (Math.floor(flat / within[i]!) % shape[axis]!) * strides[axis]!, 0);
  };
  const others = shape.map((_, axis) => axis).filter((axis) => !axes.includes(axis));
  return Array.from({ length: sizeOf(extents(others)) }, (_, place) => {
    const start = offset(others, place);
    let best = 0;
    for (let i = 1; i < sizeOf(extents(axes)); i++)
      if (beats(values[start + offset(axes, i)]!, values[start + offset(axes, best)]!)) best = i;
    return best;
  });
}

describeOnEach('on $name', ({ open }) => {
  it.each([
    [undefined, [0, 1, 2, 3]],
    [1, [1]],
    [-1, [3]],
    [
      [0, 1],
      [0, 1],
    ],
    [
      [1, 2],
      [1, 2],
    ],
    [
      [3, 0],
      [0, 3],
    ],
    [
      [1, 3],
      [1, 3],
    ],
    [
      [0, 2, 3],
      [0, 2, 3],
    ],
  ] as const)('argMax and argMin over %j', async (axes, sorted) => {
    const device = await open();
    // Few distinct values, so that the first of equals is asked for.
    const values = testValues(SHAPE, 4).map((value) => Math.round(3 * value));
    const x = fromArray(values, SHAPE, { device }).requireGradient();
    const [largest, smallest] = [argMax(x, axes), argMin(x, axes)];
    expect(largest.shape).toEqual(SHAPE.filter((_, axis) => !(sorted as readonly number[]).includes(axis)));
    expect([...(await largest.data())]).toEqual(search(values, SHAPE, sorted, (a, b) => a > b));
    expect([...(await smallest.data())]).toEqual(search(values, SHAPE, sorted, (a, b) => a < b));
    for (const tensor of [x, largest, smallest]) tensor.dispose();
  });
});
