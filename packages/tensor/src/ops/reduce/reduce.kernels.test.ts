/** Reductions and running sums against plain loops in double precision. */
import { describe, expect, test } from 'vitest';
import type { Device } from '../../device/device.ts';
import type { DType } from '../../dtype.ts';
import { describeOnEach, empty, expectClose, testValues, upload } from '../../testing.ts';
import { skipOn } from '../../testing-skips.ts';
import type { ReduceOp } from './reduce.kernels.ts';

type View = readonly [outer: number, reduced: number, inner: number];

/** Applies `join` to every run along the middle axis; `map` sees the run's elements in order. */
function along<T>(values: ArrayLike<number>, [outer, reduced, inner]: View, map: (run: number[]) => T): T[] {
  return Array.from({ length: outer * inner }, (_, output) => {
    const o = Math.floor(output / inner);
    const i = output % inner;
    return map(Array.from({ length: reduced }, (_, r) => values[(o * reduced + r) * inner + i]!));
  });
}

const total = (run: number[]): number => run.reduce((sum, value) => sum + value, 0);
const REFERENCE: Readonly<Record<ReduceOp, (run: number[]) => number>> = {
  sum: total,
  mean: (run) => total(run) / run.length,
  max: (run) => run.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY),
  min: (run) => run.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY),
  sumOfSquares: (run) => total(run.map((value) => value * value)),
};
const OPS = Object.keys(REFERENCE) as ReduceOp[];

const VIEWS: readonly View[] = [
  [1, 1, 1],
  [3, 7, 1],
  [300, 3, 1],
  [2, 1000, 1],
  [1, 70000, 1],
  [2, 5, 3],
  [2, 900, 3],
  [1, 3000, 8],
  [2, 1500, 32],
  [1, 40, 100],
  [3, 2, 300],
];

async function run(device: Device, op: ReduceOp, dtype: DType, values: ArrayLike<number>, view: View) {
  const [outer, reduced, inner] = view;
  const x = upload(device, dtype, view, values);
  const out = empty(device, dtype, [outer, inner]);
  device.kernels.reduce(op, x, out, outer, reduced, inner);
  const result = await device.read(out);
  device.free(x.buffer);
  device.free(out.buffer);
  return result;
}

describeOnEach('reductions on $name', ({ open }) => {
  describe.each(VIEWS)('of [%i, %i, %i]', (...view) => {
    const values = testValues(view, 2);

    test.each(OPS)('%s of f32', async (op) => {
      expectClose(await run(await open(), op, 'f32', values, view), along(values, view, REFERENCE[op]), {
        rtol: 2e-6,
        atol: 4e-7 * Math.sqrt(view[1]),
      });
    });

    test('f16 is summed in f32', async (context) => {
      const device = await open();
      skipOn(context, device, 'f16');
      const coarse = values.map((value) => Math.round(value * 1024) / 1024 / 32);
      for (const op of ['sum', 'max', 'mean'] as const)
        expectClose(await run(device, op, 'f16', coarse, view), along(coarse, view, REFERENCE[op]), {
          rtol: 6e-4,
          atol: 1e-6,
        });
    });

    test('integers', async () => {
      const device = await open();
      const whole = values.map((value) => Math.floor(value * 1000));
      for (const op of ['sum', 'max', 'min'] as const)
        expect([...(await run(device, op, 'i32', whole, view))]).toEqual(along(whole, view, REFERENCE[op]));
    });

    test.for(
      (['max', 'min'] as const).flatMap((op) => (['f32', 'i32', 'f16'] as const).map((dtype) => [op, dtype] as const)),
    )('the first index of the %s of %s', async ([op, dtype], context) => {
      const device = await open();
      if (dtype === 'f16') skipOn(context, device, 'f16');
      const [outer, reduced, inner] = view;
      const coarse = values.map((value) => Math.round(value * 3));
      const out = empty(device, 'i32', [outer, inner]);
      const expected = along(coarse, view, (line) => line.indexOf(REFERENCE[op](line)));
      device.kernels.argReduce(op, upload(device, dtype, view, coarse), out, outer, reduced, inner);
      expect([...(await device.read(out))]).toEqual(expected);
    });

    test.each([false, true])('running sums, reverse %s', async (reverse) => {
      const device = await open();
      const [outer, length, inner] = view;
      const out = empty(device, 'f32', view);
      device.kernels.cumulativeSum(upload(device, 'f32', view, values), out, outer, length, inner, reverse);
      const result = await device.read(out);
      const sums = (line: number[]): number[] => {
        let sum = 0;
        const ordered = reverse ? [...line].reverse() : line;
        const running = ordered.map((value) => (sum += value));
        return reverse ? running.reverse() : running;
      };
      expectClose(along(result, view, (line) => line).flat(), along(values, view, sums).flat(), {
        rtol: 2e-6,
        atol: 4e-7 * Math.sqrt(length),
      });
    });
  });

  test('a long running sum, of more chunks than one chunk holds', async () => {
    const device = await open();
    const size = 1024 * 1024 + 5000;
    const out = empty(device, 'f32', [size]);
    device.kernels.cumulativeSum(upload(device, 'f32', [size], new Float32Array(size).fill(1)), out, 1, size, 1, false);
    const result = await device.read(out);
    expect(result.findIndex((value, i) => value !== i + 1)).toBe(-1);
  });

  test('sums are exact enough where rounding errors would pile up', async () => {
    const device = await open();
    const size = 1 << 20;
    const [sum] = await run(device, 'sum', 'f32', new Float32Array(size).fill(0.1), [1, size, 1]);
    expectClose([sum!], [size * Math.fround(0.1)], { rtol: 1e-6, atol: 0 });
  });

  test('sums have the same bits every time', async () => {
    const device = await open();
    const values = testValues([2, 20000, 4], 9);
    const results = [0, 1, 2].map(() => run(device, 'sum', 'f32', values, [2, 20000, 4]));
    const [first, ...others] = await Promise.all(results);
    for (const other of others) expect(other).toEqual(first);
  });

  test('NaN and infinities reach the result', async () => {
    const device = await open();
    const values = [1, Number.NaN, 2, 3, Number.POSITIVE_INFINITY, 2, Number.NEGATIVE_INFINITY, 1, 0];
    expect([...(await run(device, 'max', 'f32', values, [3, 3, 1]))]).toEqual([
      Number.NaN,
      Number.POSITIVE_INFINITY,
      1,
    ]);
    expect([...(await run(device, 'sum', 'f32', values, [3, 3, 1]))]).toEqual([
      Number.NaN,
      Number.POSITIVE_INFINITY,
      Number.NEGATIVE_INFINITY,
    ]);
  });

  test('an empty axis sums to 0', async () => {
    const device = await open();
    const out = upload(device, 'f32', [2], [7, 7]);
    device.kernels.reduce('sum', empty(device, 'f32', [2, 0, 1]), out, 2, 0, 1);
    expect([...(await device.read(out))]).toEqual([0, 0]);
  });
});
