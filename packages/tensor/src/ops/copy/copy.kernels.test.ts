/** Filling, copying, converting and gathering against plain loops. */
import { describe, expect, test } from 'vitest';
import type { Device, Operand } from '../../device/device.ts';
import type { DType } from '../../dtype.ts';
import { type Shape, sizeOf, stridesOf } from '../../shape.ts';
import { describeOnEach, empty, expectClose, testValues, upload } from '../../testing.ts';
import { skipOn } from '../../testing-skips.ts';
import type { StridedBox } from './copy.kernels.ts';

const DTYPES = ['f32', 'f16', 'i32', 'u8', 'bool'] as const;

/** Whole numbers that every dtype holds. */
const values = (shape: Shape, dtype: DType, seed = 1): number[] =>
  Array.from(testValues(shape, seed), (x) => (dtype === 'bool' ? Number(x > 0) : Math.floor((x + 1) * 100)));

/** What a strided copy does, element by element. */
function copied(from: readonly number[], to: readonly number[], box: StridedBox): number[] {
  const result = [...to];
  const walk = (axis: number, source: number, target: number): void => {
    if (axis === box.shape.length) {
      result[target] = from[source]!;
      return;
    }
    for (let i = 0; i < box.shape[axis]!; i++)
      walk(axis + 1, source + i * box.fromStrides[axis]!, target + i * box.toStrides[axis]!);
  };
  walk(0, box.fromOffset, box.toOffset);
  return result;
}

const from0 = { fromOffset: 0, toOffset: 0 };

/** Name, extents of source and target, and the box between them. */
const COPIES: readonly (readonly [string, number, number, StridedBox])[] = [
  ['all', 64, 64, { ...from0, shape: [64], fromStrides: [1], toStrides: [1] }],
  ['all of an odd size', 7, 7, { ...from0, shape: [7], fromStrides: [1], toStrides: [1] }],
  ['a permutation', 30, 30, { ...from0, shape: [5, 3, 2], fromStrides: [2, 10, 1], toStrides: [6, 2, 1] }],
  ['a permutation of vectors', 96, 96, { ...from0, shape: [4, 3, 8], fromStrides: [8, 32, 1], toStrides: [24, 8, 1] }],
  ['a slice', 60, 12, { shape: [3, 4], fromOffset: 11, fromStrides: [10, 1], toOffset: 0, toStrides: [4, 1] }],
  ['padding', 12, 60, { shape: [3, 4], fromOffset: 0, fromStrides: [4, 1], toOffset: 13, toStrides: [10, 1] }],
  [
    'padding by whole vectors',
    24,
    80,
    { shape: [3, 8], fromOffset: 0, fromStrides: [8, 1], toOffset: 20, toStrides: [20, 1] },
  ],
  ['a flip', 12, 12, { shape: [3, 4], fromOffset: 11, fromStrides: [-4, -1], toOffset: 0, toStrides: [4, 1] }],
  ['a broadcast', 4, 24, { ...from0, shape: [3, 4, 2], fromStrides: [0, 1, 0], toStrides: [8, 2, 1] }],
  [
    'six axes',
    64,
    64,
    {
      ...from0,
      shape: [2, 2, 2, 2, 2, 2],
      fromStrides: [1, 2, 4, 8, 16, 32],
      toStrides: stridesOf([2, 2, 2, 2, 2, 2]),
    },
  ],
];

async function cast(device: Device, from: DType, to: DType, x: readonly number[]): Promise<number[]> {
  const out = empty(device, to, [x.length]);
  device.kernels.cast(upload(device, from, [x.length], x), out);
  return [...(await device.read(out))];
}

describeOnEach('copies on $name', ({ open }) => {
  test.for(DTYPES)('fill of %s', async (dtype, context) => {
    const device = await open();
    if (dtype === 'f16') skipOn(context, device, 'f16');
    for (const value of dtype === 'bool' ? [0, 1] : [0, 1, 200]) {
      const out = empty(device, dtype, [3, 5]);
      device.kernels.fill(out, value);
      expect([...(await device.read(out))]).toEqual(new Array(15).fill(value));
    }
  });

  test('fill with fractions, negative and infinite values', async () => {
    const device = await open();
    const [float, integer] = [empty(device, 'f32', [5]), empty(device, 'i32', [5])];
    for (const value of [-1.5, Number.POSITIVE_INFINITY, Number.NaN]) {
      device.kernels.fill(float, value);
      expect([...(await device.read(float))]).toEqual(new Array(5).fill(value));
    }
    device.kernels.fill(integer, -123456789);
    expect([...(await device.read(integer))]).toEqual(new Array(5).fill(-123456789));
  });

  test('fill of a view leaves its neighbours alone', async () => {
    const device = await open();
    const whole = upload(device, 'f32', [80], new Float32Array(80));
    const view: Operand = { ...whole, byteOffset: 256, shape: [5] };
    device.kernels.fill(view, 1);
    const filled = Array.from({ length: 80 }, (_, i) => Number(i >= 64 && i < 69));
    expect([...(await device.read(whole))]).toEqual(filled);
  });

  describe.each(COPIES)('copy of %s', (_, fromSize, toSize, box) => {
    test.for(DTYPES)('%s', async (dtype, context) => {
      const device = await open();
      if (dtype === 'f16') skipOn(context, device, 'f16');
      const [x, before] = [values([fromSize], dtype, 1), values([toSize], dtype, 2)];
      const out = upload(device, dtype, [toSize], before);
      device.kernels.stridedCopy(upload(device, dtype, [fromSize], x), out, box);
      expect([...(await device.read(out))]).toEqual(copied(x, before, box));
    });
  });

  test('copies of more workgroups than fit one dimension', async () => {
    const device = await open();
    const size = 65536 * 256 + 77;
    const [x, out] = [empty(device, 'f32', [size]), empty(device, 'f32', [size])];
    const pattern = Float32Array.from({ length: size }, (_, i) => i % 8191);
    device.write(x, pattern);
    device.kernels.stridedCopy(x, out, {
      shape: [size],
      fromOffset: size - 1,
      fromStrides: [-1],
      toOffset: 0,
      toStrides: [1],
    });
    const result = await device.read(out);
    expect(result.findIndex((value, i) => value !== pattern[size - 1 - i])).toBe(-1);
    device.free(x.buffer);
    device.free(out.buffer);
  });

  test.for(DTYPES.flatMap((from) => DTYPES.map((to) => [from, to] as const)))(
    'cast of %s to %s',
    async ([from, to], context) => {
      const device = await open();
      if (from === 'f16' || to === 'f16') skipOn(context, device, 'f16');
      const x = from === 'bool' ? [0, 1, 1] : from === 'u8' ? [0, 1, 255, 7, 100] : [0, 1, -1, 300, -300, 7, 255];
      const fractions = from === 'f32' || from === 'f16' ? [0.5, -0.5, 1.75, -1.75, 254.5, 255.5] : [];
      const convert = (value: number): number => {
        if (to === 'bool') return Number(value !== 0);
        if (to === 'u8') return Math.min(Math.max(Math.trunc(value), 0), 255);
        return to === 'i32' ? Math.trunc(value) + 0 : value;
      };
      const input = [...x, ...fractions];
      expect(await cast(device, from, to, input)).toEqual(input.map(convert));
    },
  );

  test('casts saturate', async () => {
    const device = await open();
    const beyond = [3e9, -3e9, 2147483648, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 2147483520];
    const [high, low] = [2147483647, -2147483648];
    expect(await cast(device, 'f32', 'i32', beyond)).toEqual([high, low, high, 0, high, low, 2147483520]);
    expect(await cast(device, 'f32', 'u8', beyond)).toEqual([255, 0, 255, 0, 255, 0, 255]);
    expect(await cast(device, 'i32', 'u8', [high, low, -1, 256])).toEqual([255, 0, 0, 255]);
  });

  test('casts to f16 round to nearest even', async (context) => {
    const device = await open();
    skipOn(context, device, 'f16');
    const x = [1 + 2 ** -11, 1 + 3 * 2 ** -11, 2 ** -24, 0.1, 65504];
    const rounded = [1, 1 + 2 ** -9, 2 ** -24, 0.0999755859375, 65504];
    expect(await cast(device, 'f32', 'f16', x)).toEqual(rounded);
  });

  const GATHERED: readonly (readonly [shape: Shape, axis: number])[] = [
    [[4, 3, 5], 0],
    [[4, 3, 5], 1],
    [[4, 3, 5], 2],
    [[3, 4, 8], 1],
    [[6], 0],
  ];

  /** Entries to take along an axis, the last and the first twice. */
  function gathering(shape: Shape, axis: number) {
    const extent = shape[axis]!;
    const index = [extent - 1, 0, 0, 2, extent - 1];
    const [outer, inner] = [sizeOf(shape.slice(0, axis)), sizeOf(shape.slice(axis + 1))];
    const gathered = shape.map((length, i) => (i === axis ? index.length : length));
    return { extent, index, outer, inner, gathered };
  }

  test.for(GATHERED.flatMap((of) => DTYPES.map((dtype) => [...of, dtype] as const)))(
    'gather of %j along axis %i, %s',
    async ([shape, axis, dtype], context) => {
      const device = await open();
      if (dtype === 'f16') skipOn(context, device, 'f16');
      const { extent, index, outer, inner, gathered } = gathering(shape, axis);
      const x = values(shape, dtype);
      const out = empty(device, dtype, gathered);
      const indices = upload(device, 'i32', [index.length], index);
      device.kernels.gather(upload(device, dtype, shape, x), indices, out, axis);
      const expected = Array.from({ length: outer }, (_, o) =>
        index.map((j) => x.slice((o * extent + j) * inner, (o * extent + j + 1) * inner)),
      );
      expect([...(await device.read(out))]).toEqual(expected.flat(2));
    },
  );

  test.for(GATHERED)('scatterAdd of %j along axis %i', async ([shape, axis]) => {
    const device = await open();
    const { extent, index, outer, inner, gathered } = gathering(shape, axis);
    const indices = upload(device, 'i32', [index.length], index);
    const g = testValues(gathered, 4);
    const sums = new Float64Array(sizeOf(shape));
    for (let o = 0; o < outer; o++)
      index.forEach((j, i) => {
        for (let n = 0; n < inner; n++) sums[(o * extent + j) * inner + n]! += g[(o * index.length + i) * inner + n]!;
      });
    const out = upload(device, 'f32', shape, new Float32Array(sizeOf(shape)).fill(9));
    device.kernels.scatterAdd(upload(device, 'f32', gathered, g), indices, out, axis);
    expectClose(await device.read(out), sums);
  });
});
