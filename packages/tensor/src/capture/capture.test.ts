/** Replays against the function itself, bit for bit, and what cannot be replayed. */
import { beforeAll, expect, it } from 'vitest';
import { checkpoint } from '../checkpointing.ts';
import { fromArray, full, zeros } from '../create.ts';
import type { Device } from '../device/device.ts';
import { isVoxelgradError } from '../errors.ts';
import { conv3d } from '../ops/conv3d/conv3d.ts';
import { concat, gather } from '../ops/copy/copy.ts';
import { add, mul } from '../ops/elementwise/elementwise.ts';
import { leakyRelu, scale } from '../ops/elementwise/unary.ts';
import { instanceNorm } from '../ops/instance-norm/instance-norm.ts';
import { RandomGenerator } from '../ops/random/random.ts';
import { mean, sum } from '../ops/reduce/reduce.ts';
import { keep, tidy } from '../scope.ts';
import type { Tensor } from '../tensor.ts';
import { describeOnEach, testValues } from '../testing.ts';
import { capture, compile } from './capture.ts';

const SHAPE = [2, 4, 5, 6, 3] as const;

/** The error that `work` throws, which must be one of captures. */
function refusal(work: () => unknown): string {
  try {
    work();
  } catch (error) {
    if (isVoxelgradError(error, 'capture')) return error.message;
    throw error;
  }
  throw new Error('it was captured');
}

describeOnEach('captured steps on $name', ({ open }) => {
  let device: Device;
  let weight: Tensor;
  const made: Tensor[] = [];
  const hold = (tensor: Tensor): Tensor => {
    made.push(tensor);
    return tensor;
  };

  beforeAll(async () => {
    device = await open();
    weight = hold(fromArray(testValues([3, 3, 3, 3, 3], 9), [3, 3, 3, 3, 3], { device }));
  });

  const layer = (x: Tensor): Tensor => leakyRelu(instanceNorm(conv3d(x, weight, { padding: 1 })), 0.1);

  it('give the values that the function gives, for any input', async () => {
    const x = hold(zeros(SHAPE, { device }));
    const work = () => {
      const y = layer(x);
      return { joined: concat([y, layer(y)], -1), total: sum(y) };
    };
    const step = capture(device, work);
    for (const seed of [1, 2, 3]) {
      x.write(testValues(SHAPE, seed));
      step.replay();
      const replayed = [await step.result.joined.data(), await step.result.total.data()];
      const { joined, total } = tidy(work);
      expect(replayed).toEqual([await joined.data(), await total.data()]);
      joined.dispose();
      total.dispose();
    }
    step.dispose();
  });

  it('upload the host values of the function once', async () => {
    const x = hold(fromArray(testValues([4, 4]), [4, 4], { device }));
    const work = () => gather(x, fromArray(Int32Array.from([3, 1, 1]), [3], { device }), 0);
    const step = capture(device, work);
    expect(step.memory.constantBytes).toBe(12);
    const expected = await tidy(work).data();
    for (let i = 0; i < 2; i++) {
      step.replay();
      expect(await step.result.data()).toEqual(expected);
    }
    step.dispose();
  });

  it('draw random numbers as the function would, others in each replay', async () => {
    const [captured, eager] = [new RandomGenerator(7), new RandomGenerator(7)];
    const draw = (random: RandomGenerator) => concat([random.normal([5], device), random.uniform([6], device)], 0);
    const step = capture(device, () => draw(captured));
    expect(captured.drawn).toBe(0);
    const drawn: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      // Enqueued in one go: what one replay draws must not reach another one that waits.
      step.replay();
      drawn.push(step.result.data());
    }
    expect(captured.drawn).toBe(6);
    for (const values of drawn) {
      const expected = tidy(() => draw(eager));
      expect(await values).toEqual(await expected.data());
      expected.dispose();
    }
    step.dispose();
  });

  it('may write into memory that held host values', async () => {
    const work = () => {
      const x = fromArray([1, 2, 3], [3], { device });
      device.kernels.accumulate(x, full(0, [3], { device }), 1);
      const target = fromArray([10, 20, 30], [3], { device });
      device.kernels.accumulate(x, target, 2);
      return target;
    };
    const step = capture(device, work);
    for (let i = 0; i < 3; i++) {
      step.replay();
      expect([...(await step.result.data())]).toEqual([12, 24, 36]);
    }
    step.dispose();
  });

  it('go backward, through checkpoints too, and add to gradients that are there', async () => {
    const x = hold(fromArray(testValues(SHAPE, 4), SHAPE, { device })).requireGradient();
    const work = () => {
      const loss = mean(mul(checkpoint(layer, x), layer(x)));
      loss.backward();
      return loss.detach();
    };
    tidy(work);
    const step = capture(device, work);
    step.replay();
    step.replay();
    const replayed = await x.gradient!.data();
    x.gradient!.write(new Float32Array(x.size));
    for (let i = 0; i < 3; i++) tidy(work);
    expect(replayed).toEqual(await x.gradient!.data());
    step.dispose();
  });

  it('run in an arena that memory() counts, and leave nothing behind', async () => {
    const x = hold(fromArray(testValues(SHAPE, 5), SHAPE, { device }));
    const before = device.memory().usedBytes;
    const deep = () => tidy(() => [...'123456'].reduce((y) => layer(y), x));
    const step = capture(device, () => deep());
    const { arenaBytes, eagerPeakBytes } = step.memory;
    expect(device.memory().usedBytes - before).toBeGreaterThanOrEqual(arenaBytes);
    expect(device.memory().arenaBytes).toBe(arenaBytes);
    expect(device.memory().usedBytes - before).toBeLessThan(1.2 * arenaBytes + 65536);
    expect(arenaBytes).toBeLessThan(eagerPeakBytes);
    for (let i = 0; i < 3; i++) step.replay();
    expect(device.memory().usedBytes - before).toBeLessThan(1.2 * arenaBytes + 65536);
    step.dispose();
    await device.synchronize();
    expect(device.memory().usedBytes).toBe(before);
  });

  it('keep the memory that they use', async () => {
    const x = fromArray(testValues(SHAPE, 6), SHAPE, { device });
    const step = capture(device, () => scale(x, 2));
    x.dispose();
    const other = hold(full(7, SHAPE, { device }));
    step.replay();
    expect(await step.result.data()).toEqual(testValues(SHAPE, 6).map((value) => 2 * value));
    expect((await other.data())[0]).toBe(7);
    step.dispose();
  });

  it('run far more often than the queue is long, in order with what is enqueued between', async () => {
    const x = hold(zeros([64], { device }));
    const one = hold(full(1, [64], { device }));
    const step = capture(device, () => {
      for (let i = 0; i < 50; i++) device.kernels.accumulate(one, x, 1);
    });
    for (let i = 0; i < 100; i++) {
      step.replay();
      device.kernels.unary('shift', one, one, 0);
      if (i === 49) device.kernels.fill(x, 0);
    }
    expect((await x.data())[63]).toBe(2500);
    step.dispose();
  });

  it('compile their pipelines before they run, and say how far they are', async () => {
    const x = hold(fromArray(testValues(SHAPE, 7), SHAPE, { device }));
    const reports: (readonly [number, number])[] = [];
    await compile(
      device,
      () => layer(x),
      (done, total) => reports.push([done, total]),
    );
    const [done, total] = reports.at(-1)!;
    expect(done).toBe(total);
    expect(total).toBeGreaterThanOrEqual(device.kind === 'webgpu' ? 3 : 0);
    expect(reports.map(([each]) => each)).toEqual(reports.map((_, i) => i + reports[0]![0]));
  });

  it('are refused where they read values, write or free what was made before, or leave something behind', async () => {
    const x = hold(fromArray(testValues([8]), [8], { device }));
    const doomed = fromArray([1], [1], { device });
    const before = device.memory().usedBytes;
    expect(refusal(() => capture(device, () => void x.data().catch(() => undefined)))).toContain('waits for values');
    expect(refusal(() => capture(device, () => void device.synchronize().catch(() => undefined)))).toContain('waits');
    expect(refusal(() => capture(device, () => x.write(testValues([8], 2))))).toContain('writes host values');
    expect(refusal(() => capture(device, () => capture(device, () => scale(x, 2))))).toContain('another one');
    let left: Tensor | undefined;
    const leaving = () => {
      left = keep(scale(x, 3));
    };
    expect(refusal(() => capture(device, leaving))).toContain('outlive it');
    expect(refusal(() => tidy(() => scale(left!, 1)))).toContain('has no memory');
    expect(device.memory().usedBytes).toBe(before);
    expect(refusal(() => capture(device, () => doomed.dispose()))).toContain('frees a tensor');
    expect(await tidy(() => scale(x, 2)).data()).toEqual(testValues([8]).map((value) => 2 * value));
  });

  it('are refused where they are not the same each time', () => {
    const x = hold(fromArray(testValues([8]), [8], { device }));
    const random = new RandomGenerator(1);
    let count = 0;
    expect(refusal(() => capture(device, () => random.permutation(8, device)))).toContain('other values');
    expect(refusal(() => capture(device, () => scale(x, ++count)))).toContain('not the same');
    expect(
      refusal(() => capture(device, () => add(x, fromArray(testValues([8], ++count), [8], { device })))),
    ).toContain('other values');
    expect(refusal(() => capture(device, () => (++count % 2 === 0 ? scale(x, 2) : leakyRelu(x, 2))))).toContain(
      'not the same',
    );
  });

  it('are refused once they are disposed of', () => {
    const x = hold(fromArray([1, 2], [2], { device }));
    const step = capture(device, () => scale(x, 2));
    step.dispose();
    expect(refusal(() => step.replay())).toContain('disposed');
  });
});
