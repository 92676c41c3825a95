/** Indexing as NumPy and torch have it: slices with steps and bounds from the end, and elements picked by an index of their own. Values by hand. */
import { expect, it } from 'vitest';
import type { Device } from '../../device/device.ts';
import type { DType } from '../../dtype.ts';
import { isVoxelgradError } from '../../errors.ts';
import {
  fromArray,
  gatherElements,
  gradients,
  mul,
  narrow,
  permute,
  scatterAddElements,
  slice,
  sum,
  type Tensor,
  tidy,
} from '../../index.ts';
import { describeOnEach } from '../../testing.ts';
import { skipOn } from '../../testing-skips.ts';

const counted = (device: Device, shape: readonly number[], dtype: DType = 'f32'): Tensor =>
  fromArray(
    Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => (dtype === 'bool' ? i % 2 : i)),
    shape,
    { device, dtype },
  );

const valuesOf = async (make: () => Tensor): Promise<number[]> => {
  const tensor = tidy(make);
  const values = [...(await tensor.data())];
  tensor.dispose();
  return values;
};

function errorOf(work: () => unknown): unknown {
  try {
    tidy(() => void work());
  } catch (error) {
    return error;
  }
  return undefined;
}

const int = (device: Device, values: readonly number[], shape: readonly number[]): Tensor =>
  fromArray(Int32Array.from(values), shape, { device });

describeOnEach('indexing on $name', ({ open }) => {
  it.for(['f32', 'f16', 'i32', 'u8', 'bool'] as const)(
    'slices %s by steps and from the end',
    async (dtype, context) => {
      const device = await open();
      if (dtype === 'f16') skipOn(context, device, 'f16');
      const odd = (value: number): number => (dtype === 'bool' ? value % 2 : value);
      // x[1:-1:2, -4::3] of arange(30).reshape(5, 6)
      const found = await valuesOf(() => slice(counted(device, [5, 6], dtype), [1, -4], [-1, 6], [2, 3]));
      expect(found).toEqual([8, 11, 20, 23].map(odd));
      expect(await valuesOf(() => narrow(counted(device, [6], dtype), 0, -3, 2))).toEqual([3, 4].map(odd));
      expect(await valuesOf(() => slice(counted(device, [6], dtype), [2], [2], [4]))).toEqual([]);
      // Of a permuted tensor, and a step longer than the axis.
      const turned = await valuesOf(() =>
        slice(permute(counted(device, [2, 5], dtype), [-1, 0]), [-5, -1], [5, 2], [4, 9]),
      );
      expect(turned).toEqual([5, 9].map(odd));
    },
  );

  it.for(['f32', 'f16'] as const)('spreads the gradient of a slice in %s', async (dtype, context) => {
    const device = await open();
    if (dtype === 'f16') skipOn(context, device, 'f16');
    const found = await valuesOf(() => {
      const x = counted(device, [7], dtype).requireGradient();
      return gradients(sum(mul(slice(x, [-6], [7], [3]), counted(device, [2], dtype))), [x])[0]!;
    });
    expect(found).toEqual([0, 0, 0, 0, 1, 0, 0]);
  });

  it('refuses steps below 1, naming flip, and bounds outside', async () => {
    const device = await open();
    const x = counted(device, [4, 3]);
    for (const step of [
      [-1, 1],
      [0, 1],
      [1, 1.5],
    ]) {
      const error = errorOf(() => slice(x, [0, 0], [4, 3], step));
      expect(isVoxelgradError(error, 'option')).toBe(true);
      expect(String(error)).toMatch(/slice of \[4, 3\][\s\S]*flip/);
    }
    for (const [start, end] of [
      [
        [-5, 0],
        [4, 3],
      ],
      [
        [0, 0],
        [4, 4],
      ],
      [
        [2, 0],
        [1, 3],
      ],
      [[0], [4]],
      [
        [0.5, 0],
        [4, 3],
      ],
    ] as const) {
      const error = errorOf(() => slice(x, start, end));
      expect(isVoxelgradError(error, 'shape'), `${start} to ${end}`).toBe(true);
      expect(String(error)).toMatch(/slice.*\[4, 3\]/s);
    }
    x.dispose();
  });

  it.for(['f32', 'f16', 'i32', 'u8', 'bool'] as const)('gathers elements of %s', async (dtype, context) => {
    const device = await open();
    if (dtype === 'f16') skipOn(context, device, 'f16');
    const odd = (value: number): number => (dtype === 'bool' ? value % 2 : value);
    const pick = (axis: number, index: readonly number[], shape: readonly number[]): Promise<number[]> =>
      valuesOf(() => gatherElements(counted(device, [2, 3, 4], dtype), int(device, index, shape), axis));
    // Along the last, a middle and the first axis; fewer entries on the others, or more along it.
    expect(await pick(-1, [3, 0, 1, 1, 2, 2], [2, 3, 1])).toEqual([3, 4, 9, 13, 18, 22].map(odd));
    expect(await pick(1, [2, 0, 0, 1, 1, 1, 0, 2], [2, 1, 4])).toEqual([8, 1, 2, 7, 16, 17, 14, 23].map(odd));
    expect(await pick(0, [1, 0, 1, 1, 0, 0, 0, 1], [2, 2, 2])).toEqual([12, 1, 16, 17, 0, 1, 4, 17].map(odd));
    expect(await pick(2, [0, 0, 0, 0, 3, 3], [1, 1, 6])).toEqual([0, 0, 0, 0, 3, 3].map(odd));
    expect(await pick(2, [], [2, 3, 0])).toEqual([]);
  });

  it('adds elements up in f32 where they came from, in f16 too', async (context) => {
    const device = await open();
    const spread = (dtype: DType): Promise<number[]> =>
      valuesOf(() => {
        const x = fromArray([2048, 1, 10, 3, 1, 20], [3, 2], { device, dtype });
        return scatterAddElements(x, int(device, [0, 1, 2, 1, 0, 1], [3, 2]), 0, 3);
      });
    expect(await spread('f32')).toEqual([2049, 0, 0, 24, 10, 0]);
    skipOn(context, device, 'f16');
    // 2049 has no f16; of 2048 and 2050 the even one is taken.
    expect(await spread('f16')).toEqual([2048, 0, 0, 24, 10, 0]);
    const gradient = await valuesOf(() => {
      const x = counted(device, [2, 3], 'f16').requireGradient();
      return gradients(sum(gatherElements(x, int(device, [1, 1, 2, 0], [2, 2]), 1)), [x])[0]!;
    });
    expect(gradient).toEqual([0, 2, 0, 1, 0, 1]);
  });

  it('says what an index should be like', async () => {
    const device = await open();
    const x = counted(device, [2, 3]);
    const index = (shape: readonly number[]): Tensor =>
      int(device, new Array(shape.reduce((a, b) => a * b)).fill(0), shape);
    for (const shape of [[2], [3, 1], [2, 1, 1]]) {
      const error = errorOf(() => gatherElements(x, index(shape), 1));
      expect(isVoxelgradError(error, 'shape')).toBe(true);
      expect(String(error)).toMatch(/gatherElements along axis 1: index[\s\S]*\[2, 3\]/);
    }
    expect(
      isVoxelgradError(
        errorOf(() => gatherElements(x, x, 1)),
        'dtype',
      ),
    ).toBe(true);
    expect(
      isVoxelgradError(
        errorOf(() => scatterAddElements(x, index([2, 1]), 1, 3)),
        'shape',
      ),
    ).toBe(true);
    x.dispose();
  });
});
