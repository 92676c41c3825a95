/** Batch norm against its definition in double precision, with PyTorch's running statistics; what of it is learnt, and what is kept. */
import { fromArray, noGrad, RandomGenerator, tidy } from '@voxelgrad/tensor';
import { describeOnEach, expectClose, testValues } from '@voxelgrad/tensor/testing';
import { expect, it } from 'vitest';
import { loadStateDict, stateDict } from '../state-dict.ts';
import { BatchNorm } from './batch-norm.ts';

describeOnEach('batch norm on $name', ({ open }) => {
  const shape = [2, 3, 2, 4, 3];
  const count = 48;
  const channel = (values: ArrayLike<number>, c: number): number[] =>
    Array.from({ length: count }, (_, i) => values[i * 3 + c]!);
  const statistics = (values: ArrayLike<number>, c: number) => {
    const all = channel(values, c);
    const mean = all.reduce((sum, value) => sum + value, 0) / count;
    return { mean, variance: all.reduce((sum, value) => sum + (value - mean) ** 2, 0) / count };
  };

  it('normalises by the batch in training and learns running statistics, by which it normalises otherwise', async () => {
    const device = await open();
    const mode = { training: true };
    const norm = new BatchNorm({ channels: 3, slope: 0.1 }, { device, random: new RandomGenerator(1), mode });
    const [weight, bias] = [
      [1.5, -2, 0.5],
      [0.25, 0.5, -1],
    ];
    norm.weight.write(Float32Array.from(weight!));
    norm.bias.write(Float32Array.from(bias!));
    const forward = async (values: Float32Array): Promise<number[]> => {
      const y = tidy(() => noGrad(() => norm.forward(fromArray(values, shape, { device }))));
      const found = Array.from(await y.data());
      y.dispose();
      return found;
    };
    const expected = (values: Float32Array, of: (c: number) => { mean: number; variance: number }): number[] =>
      Array.from(values, (value, i) => {
        const { mean, variance } = of(i % 3);
        const y = ((value - mean) / Math.sqrt(variance + 1e-5)) * weight![i % 3]! + bias![i % 3]!;
        return y < 0 ? 0.1 * y : y;
      });
    const running = [0, 1, 2].map(() => ({ mean: 0, variance: 1 }));
    for (let batch = 1; batch <= 3; batch++) {
      const values = testValues(shape, batch).map((value) => batch * value + 1);
      expectClose(
        await forward(values),
        expected(values, (c) => statistics(values, c)),
      );
      for (const [c, one] of running.entries()) {
        const { mean, variance } = statistics(values, c);
        one.mean = 0.9 * one.mean + 0.1 * mean;
        one.variance = 0.9 * one.variance + 0.1 * ((variance * count) / (count - 1));
      }
    }
    mode.training = false;
    const values = testValues(shape, 9);
    expectClose(
      await forward(values),
      expected(values, (c) => running[c]!),
    );
    const state = await stateDict(norm);
    expect([...state.keys()]).toEqual(['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked']);
    expectClose(
      state.get('running_mean')!.data,
      running.map(({ mean }) => mean),
    );
    expectClose(
      state.get('running_var')!.data,
      running.map(({ variance }) => variance),
    );
    expect(state.get('num_batches_tracked')).toEqual({ shape: [], data: Float32Array.of(3) });
    expect(norm.namedParameters().map(([name]) => name)).toEqual(['weight', 'bias']);

    const other = new BatchNorm({ channels: 3, slope: 0.1 }, { device, random: new RandomGenerator(2) });
    loadStateDict(other, state);
    expect(await stateDict(other)).toEqual(state);
    const before = device.memory().buffers;
    norm.dispose();
    other.dispose();
    expect(device.memory().buffers).toBe(before - 10);
  });
});
