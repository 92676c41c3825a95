/** Softmax and its gradients against double precision, for few and for many channels. */
import { describe, expect, test } from 'vitest';
import { describeOnEach, empty, expectClose, testValues, upload } from '../../testing.ts';
import { skipOn } from '../../testing-skips.ts';

const SHAPES = [
  [5, 1],
  [1000, 3],
  [7, 20],
  [33, 65],
  [3, 5000],
] as const;

const rowsOf = (values: ArrayLike<number>, channels: number): number[][] =>
  Array.from({ length: values.length / channels }, (_, row) =>
    Array.from({ length: channels }, (_, c) => values[row * channels + c]!),
  );

function logSoftmax(row: number[]): number[] {
  const largest = Math.max(...row);
  const total = row.reduce((sum, x) => sum + Math.exp(x - largest), 0);
  return row.map((x) => x - largest - Math.log(total));
}

const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, value, i) => sum + value * b[i]!, 0);

describeOnEach('softmax on $name', ({ open }) => {
  describe.each(SHAPES)('of [%i, %i]', (...shape) => {
    const [, channels] = shape;
    const logits = testValues(shape, 1).map((value) => value * 8);
    const gradient = testValues(shape, 2);

    test.for(['f32', 'f16'] as const)('%s', async (dtype, context) => {
      const device = await open();
      if (dtype === 'f16') skipOn(context, device, 'f16');
      const tolerance = dtype === 'f32' ? { rtol: 1e-5, atol: 2e-6 } : { rtol: 2e-3, atol: 1e-3 };
      const x = upload(device, dtype, shape, logits);
      const stored = await device.read(x);
      const [plain, logarithm, dx] = [0, 1, 2].map(() => empty(device, dtype, shape)) as [
        ReturnType<typeof empty>,
        ReturnType<typeof empty>,
        ReturnType<typeof empty>,
      ];
      device.kernels.softmax(x, plain);
      device.kernels.logSoftmax(x, logarithm);
      const expected = rowsOf(stored, channels).map(logSoftmax);
      expectClose(await device.read(logarithm), expected.flat(), tolerance);
      expectClose(await device.read(plain), expected.flat().map(Math.exp), tolerance);

      const dy = upload(device, dtype, shape, gradient);
      const rows = rowsOf(await device.read(dy), channels);
      device.kernels.softmaxGradient(dy, plain, dx);
      const probabilities = rowsOf(await device.read(plain), channels);
      expectClose(
        await device.read(dx),
        rows.flatMap((g, r) => g.map((value, c) => probabilities[r]![c]! * (value - dot(g, probabilities[r]!)))),
        tolerance,
      );
      device.kernels.logSoftmaxGradient(dy, logarithm, dx);
      const logarithms = rowsOf(await device.read(logarithm), channels);
      expectClose(
        await device.read(dx),
        rows.flatMap((g, r) => {
          const total = g.reduce((sum, value) => sum + value, 0);
          return g.map((value, c) => value - Math.exp(logarithms[r]![c]!) * total);
        }),
        tolerance,
      );
    });
  });

  test('large logits do not overflow', async () => {
    const device = await open();
    const out = empty(device, 'f32', [2, 3]);
    device.kernels.softmax(upload(device, 'f32', [2, 3], [1000, 1000, -1000, -1e30, 0, -1e30]), out);
    expect([...(await device.read(out))]).toEqual([0.5, 0.5, 0, 0, 1, 0]);
  });
});
