/** Resampling, sampling at points, pooling and filters of every device against plain loops in double precision. */
import { beforeAll, describe, expect, it } from 'vitest';
import type { Device, Operand } from '../../device/device.ts';
import type { DType } from '../../dtype.ts';
import { type Shape, sizeOf, type Triple } from '../../shape.ts';
import { describeOnEach, empty, expectClose, testValues, upload } from '../../testing.ts';
import { skipOn } from '../../testing-skips.ts';
import type { ResampleMap } from './resample.kernels.ts';
import {
  forEachResampled,
  forEachSampled,
  forEachWindow,
  type Pooling,
  pooledShape,
  referenceFilter,
} from './resample.reference.ts';

const all = (value: number): Triple => [value, value, value];
const TOLERANCE = { rtol: 1e-5, atol: 1e-5 };
/** Sums are f32: what differs in f16 is one rounding of the result. */
const POOL_TOLERANCE = { f32: TOLERANCE, f16: { rtol: 2 ** -11, atol: 2 ** -20 } };

interface Resampling {
  readonly x: Shape;
  readonly size: Triple;
  readonly map: ResampleMap;
}

/** No coordinate is a whole number but where the scale is exact, so that rounding does not decide what is nearest. */
const RESAMPLINGS: Record<string, Resampling> = {
  'to twice the size': { x: [2, 3, 4, 5, 3], size: [6, 8, 10], map: { scale: all(0.5), offset: all(-0.25) } },
  'to half the size': { x: [1, 6, 7, 5, 4], size: [3, 3, 2], map: { scale: all(2), offset: all(0.5) } },
  'one axis only': { x: [1, 3, 5, 4, 17], size: [3, 7, 4], map: { scale: [1, 5 / 7, 1], offset: [0, -0.1, 0] } },
  'odd scales': {
    x: [1, 5, 3, 7, 1],
    size: [3, 7, 4],
    map: { scale: [1.63, 0.41, 1.77], offset: [0.31, -0.29, 0.38] },
  },
  'far outside': { x: [1, 3, 4, 3, 2], size: [5, 4, 6], map: { scale: [1.5, 2.25, 1.25], offset: [-3.7, 1.1, -2.3] } },
  'turned round': { x: [1, 4, 3, 5, 2], size: [4, 3, 5], map: { scale: [-1, 1, -0.75], offset: [3.25, 0, 3.6] } },
  'an axis of one voxel': {
    x: [1, 1, 4, 3, 4],
    size: [3, 4, 5],
    map: { scale: [0.4, 1, 0.6], offset: [-0.3, 0, -0.2] },
  },
};

const POOLINGS: Record<string, { x: Shape; pooling: Pooling }> = {
  '2×2×2': {
    x: [2, 4, 6, 5, 3],
    pooling: { kernel: all(2), stride: all(2), padding: all(0), countPadding: true },
  },
  'windows that overlap': {
    x: [1, 5, 6, 7, 4],
    pooling: { kernel: all(3), stride: [2, 1, 2], padding: all(1), countPadding: true },
  },
  'padding that does not count': {
    x: [1, 4, 5, 6, 17],
    pooling: { kernel: [1, 3, 2], stride: [1, 2, 1], padding: [0, 1, 1], countPadding: false },
  },
  'voxels in no window': {
    x: [1, 7, 5, 8, 1],
    pooling: { kernel: [2, 1, 2], stride: all(3), padding: all(0), countPadding: true },
  },
};

describeOnEach('resampling kernels on $name', ({ open }) => {
  let device: Device;
  beforeAll(async () => {
    device = await open();
  });

  /** What `run` writes into an operand of that shape. */
  async function result(shape: Shape, run: (out: Operand) => void, dtype: DType = 'f32'): Promise<ArrayLike<number>> {
    const out = empty(device, dtype, shape);
    run(out);
    const values = await device.read(out);
    device.free(out.buffer);
    return values;
  }

  describe.each(Object.entries(RESAMPLINGS))('resample %s', (_, { x: shape, size, map }) => {
    it.each(['nearest', 'linear', 'cubic', 'catmull-rom'] as const)('%s, with its gradient', async (mode) => {
      const outShape = [shape[0]!, ...size, shape[4]!];
      const [xs, dys] = [testValues(shape, 1), testValues(outShape, 2)];
      const expected = new Float64Array(sizeOf(outShape));
      const gradient = new Float64Array(sizeOf(shape));
      forEachResampled(mode, shape, outShape, map, (xIndex, outIndex, weight) => {
        expected[outIndex]! += weight * xs[xIndex]!;
        gradient[xIndex]! += weight * dys[outIndex]!;
      });
      const x = upload(device, 'f32', shape, xs);
      const dy = upload(device, 'f32', outShape, dys);
      expectClose(await result(outShape, (out) => device.kernels.resample(mode, x, out, map)), expected, TOLERANCE);
      expectClose(await result(shape, (dx) => device.kernels.resampleGradient(mode, dy, dx, map)), gradient, TOLERANCE);
    });
  });

  describe.each(['nearest', 'linear'] as const)('sampleGrid, %s', (mode) => {
    it.each((['zero', 'edge'] as const).flatMap((outside) => [1, 3, 4].map((channels) => ({ outside, channels }))))(
      'outside is $outside, $channels channels, with its gradient',
      async ({ outside, channels }) => {
        const shape = [2, 4, 3, 5, channels];
        const gridShape = [2, 3, 5, 6, 3];
        const outShape = [2, 3, 5, 6, channels];
        // From well outside on one side to well outside on the other, a quarter of the coordinates at halves or whole numbers.
        const grid = testValues(gridShape, 3).map((value, i) => {
          const coordinate = value * 4.5 + 1.5;
          return i % 4 === 0 ? Math.round(coordinate * 2) / 2 : coordinate;
        });
        const [xs, dys] = [testValues(shape, 4), testValues(outShape, 5)];
        const expected = new Float64Array(sizeOf(outShape));
        const gradient = new Float64Array(sizeOf(shape));
        forEachSampled(mode, outside, shape, grid, (xIndex, outIndex, weight) => {
          expected[outIndex]! += weight * xs[xIndex]!;
          gradient[xIndex]! += weight * dys[outIndex]!;
        });
        const x = upload(device, 'f32', shape, xs);
        const dy = upload(device, 'f32', outShape, dys);
        const points = upload(device, 'f32', gridShape, grid);
        const { kernels } = device;
        const sampled = await result(outShape, (out) => kernels.sampleGrid(mode, x, points, out, outside));
        expectClose(sampled, expected, TOLERANCE);
        const spread = await result(shape, (dx) => kernels.sampleGridGradient(mode, dy, points, dx, outside));
        expectClose(spread, gradient, TOLERANCE);
      },
    );
  });

  it('the gradient of a larger sampleGrid, twice the same', async () => {
    const [shape, gridShape, outShape]: [Shape, Shape, Shape] = [
      [1, 6, 9, 11, 5],
      [1, 7, 10, 12, 3],
      [1, 7, 10, 12, 5],
    ];
    const grid = testValues(gridShape, 6).map((value, i) => {
      const point = Math.floor(i / 3);
      const at = [Math.floor(point / 120), Math.floor(point / 12) % 10, point % 12][i % 3]!;
      return at * 0.9 + value;
    });
    const dys = testValues(outShape, 7);
    const gradient = new Float64Array(sizeOf(shape));
    forEachSampled('linear', 'zero', shape, grid, (xIndex, outIndex, weight) => {
      gradient[xIndex]! += weight * dys[outIndex]!;
    });
    const dy = upload(device, 'f32', outShape, dys);
    const points = upload(device, 'f32', gridShape, grid);
    const run = () => result(shape, (dx) => device.kernels.sampleGridGradient('linear', dy, points, dx, 'zero'));
    const first = await run();
    expectClose(first, gradient, TOLERANCE);
    expect(await run()).toEqual(first);
  });

  describe.each(Object.entries(POOLINGS))('pool %s', (_, { x: shape, pooling }) => {
    it.for(
      (['f32', 'f16'] as const).flatMap((dtype) => (['max', 'average'] as const).map((mode) => ({ dtype, mode }))),
    )('$mode in $dtype, with its gradient', async ({ dtype, mode }, context) => {
      if (dtype === 'f16') skipOn(context, device, 'f16');
      const { kernel, stride, padding, countPadding } = pooling;
      const outShape = pooledShape(shape, pooling);
      // Coarse, so that maxima tie, and below zero, so that padding would win if it were taken for zeros.
      const xs = testValues(shape, 8).map((value) => Math.round(value * 4) / 4 - 2);
      const dys = testValues(outShape, 9).map((value) => Math.round(value * 256) / 256);
      const expected = new Float64Array(sizeOf(outShape));
      const gradient = new Float64Array(sizeOf(shape));
      forEachWindow(shape, pooling, (xIndices, outIndex, divisor) => {
        const values = xIndices.map((index) => xs[index]!);
        if (mode === 'max') {
          expected[outIndex] = Math.max(...values);
          gradient[xIndices[values.indexOf(Math.max(...values))]!]! += dys[outIndex]!;
          return;
        }
        expected[outIndex] = values.reduce((sum, value) => sum + value, 0) / divisor;
        for (const index of xIndices) gradient[index]! += dys[outIndex]! / divisor;
      });
      const x = upload(device, dtype, shape, xs);
      const dy = upload(device, dtype, outShape, dys);
      const { kernels } = device;
      const pooled = await result(
        outShape,
        (out) => kernels.pool(mode, x, out, kernel, stride, padding, countPadding),
        dtype,
      );
      expectClose(pooled, expected, POOL_TOLERANCE[dtype]);
      const spread = await result(
        shape,
        (dx) => kernels.poolGradient(mode, dy, x, dx, kernel, stride, padding, countPadding),
        dtype,
      );
      expectClose(spread, gradient, POOL_TOLERANCE[dtype]);
    });
  });

  it('max pooling takes what is not a number, and gives it the gradient', async () => {
    const [shape, outShape]: [Shape, Shape] = [
      [1, 1, 2, 4, 1],
      [1, 1, 1, 2, 1],
    ];
    const xs = [1, Number.NaN, 7, 3, 9, 2, 5, 6];
    const x = upload(device, 'f32', shape, xs);
    const dy = upload(device, 'f32', outShape, [10, 20]);
    const [kernel, padding]: [Triple, Triple] = [
      [1, 2, 2],
      [0, 0, 0],
    ];
    const pooled = await result(outShape, (out) => device.kernels.pool('max', x, out, kernel, kernel, padding, true));
    expectClose(pooled, [Number.NaN, 7]);
    const spread = await result(shape, (dx) =>
      device.kernels.poolGradient('max', dy, x, dx, kernel, kernel, padding, true),
    );
    expectClose(spread, [0, 10, 20, 0, 0, 0, 0, 0]);
  });

  describe.each([1, 2, 3] as const)('filter along axis %i', (axis) => {
    it.each([
      { channels: 1, length: 3 },
      { channels: 3, length: 5 },
      { channels: 4, length: 7 },
      { channels: 17, length: 1 },
    ])('$channels channels, $length taps', async ({ channels, length }) => {
      const shape = [2, 4, 5, 3, channels];
      const tapShape = [2, channels, length];
      const [xs, taps] = [testValues(shape, 10), testValues(tapShape, 11)];
      const x = upload(device, 'f32', shape, xs);
      const tapValues = upload(device, 'f32', tapShape, taps);
      const filtered = await result(shape, (out) => device.kernels.filterAxis(x, tapValues, out, axis));
      expectClose(filtered, referenceFilter(xs, shape, taps, axis), TOLERANCE);
    });
  });

  it('a filter longer than the axis keeps mirroring', async () => {
    const [shape, tapShape]: [Shape, Shape] = [
      [1, 2, 1, 3, 2],
      [1, 2, 11],
    ];
    const [xs, taps] = [testValues(shape, 12), testValues(tapShape, 13)];
    const x = upload(device, 'f32', shape, xs);
    const tapValues = upload(device, 'f32', tapShape, taps);
    for (const axis of [1, 2, 3] as const) {
      const filtered = await result(shape, (out) => device.kernels.filterAxis(x, tapValues, out, axis));
      expectClose(filtered, referenceFilter(xs, shape, taps, axis), TOLERANCE);
    }
  });
});
