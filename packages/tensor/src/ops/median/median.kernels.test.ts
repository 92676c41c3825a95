/** Medians against sorting each window, on every device. */
import { expect, it } from 'vitest';
import { fromArray, medianFilter, type Triple, tidy } from '../../index.ts';
import { describeOnEach, testValues } from '../../testing.ts';

/** By sorting; places outside are those of the image mirrored at its edges. */
function expected(values: Float32Array, [, d, h, w, c]: readonly number[], kernel: Triple): Float32Array {
  const extents = [d!, h!, w!];
  const mirrored = (place: number, extent: number): number => {
    let inside = place;
    while (inside < 0 || inside >= extent) inside = inside < 0 ? -1 - inside : 2 * extent - 1 - inside;
    return inside;
  };
  return values.map((_, i) => {
    const channel = i % c!;
    const [x, y, z] = [Math.floor(i / c!) % w!, Math.floor(i / c! / w!) % h!, Math.floor(i / c! / w! / h!) % d!];
    const sample = Math.floor(i / (c! * w! * h! * d!));
    const window: number[] = [];
    for (let k = 0; k < kernel[0] * kernel[1] * kernel[2]; k++) {
      const offset = [Math.floor(k / kernel[2] / kernel[1]), Math.floor(k / kernel[2]) % kernel[1], k % kernel[2]];
      const [sz, sy, sx] = [z, y, x].map((place, axis) =>
        mirrored(place! + offset[axis]! - Math.floor(kernel[axis]! / 2), extents[axis]!),
      ) as [number, number, number];
      window.push(values[(((sample * d! + sz) * h! + sy) * w! + sx) * c! + channel]!);
    }
    return window.sort((a, b) => a - b)[Math.floor(window.length / 2)]!;
  });
}

describeOnEach('median filters on $name', ({ open }) => {
  it.each<[readonly number[], Triple]>([
    [
      [1, 4, 5, 6, 1],
      [3, 3, 3],
    ],
    [
      [2, 3, 4, 7, 2],
      [2, 2, 2],
    ],
    [
      [1, 1, 9, 5, 3],
      [1, 4, 4],
    ],
    [
      [1, 2, 3, 2, 1],
      [7, 7, 7],
    ],
    [
      [1, 3, 4, 5, 1],
      [1, 1, 1],
    ],
  ])('of %j by %j', async (shape, kernel) => {
    const device = await open();
    const values = testValues(shape).map((value, i) => (i % 7 === 0 ? 0 : i % 5 === 0 ? -value : 3 * value));
    const result = tidy(() => medianFilter(fromArray(values, [...shape], { device }), kernel));
    expect(await result.data()).toEqual(expected(values, shape, kernel));
    result.dispose();
  });
});
