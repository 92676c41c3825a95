/** Tensors made again against tensors kept: the same gradients, and gradients of gradients, bit for bit, and nothing left behind. */
import { expect, it } from 'vitest';
import {
  checkpoint,
  concat,
  conv3d,
  type Device,
  fromArray,
  instanceNorm,
  mul,
  recomputing,
  sum,
  type Tensor,
  tidy,
} from './index.ts';
import { describeOnEach, testValues } from './testing.ts';

const SHAPE = [1, 4, 4, 5, 3] as const;
const KERNEL = [3, 3, 3, 6, 3] as const;

describeOnEach('recomputation on $name', ({ open }) => {
  /** Two layers joined by a skip connection, as a decoder has it. */
  const loss = (x: Tensor, weight: Tensor): Tensor => {
    const first = instanceNorm(x, { slope: 0.1 });
    const second = instanceNorm(conv3d(concat([x, first], -1), weight, { padding: 1 }), { slope: 0.1 });
    const third = conv3d(concat([first, second], -1), weight, { padding: 1 });
    return sum(mul(third, third));
  };

  const leaves = (device: Device): [Tensor, Tensor] => [
    fromArray(testValues(SHAPE, 1), SHAPE, { device }).requireGradient(),
    fromArray(testValues(KERNEL, 2), KERNEL, { device }).requireGradient(),
  ];

  const gradientsOf = async (device: Device, run: <Result>(work: () => Result) => Result, createGraph: boolean) => {
    const [x, weight] = leaves(device);
    const before = device.memory().usedBytes;
    tidy(() => run(() => loss(x, weight)).backward(undefined, { createGraph }));
    if (createGraph) {
      const first = weight.gradient!;
      tidy(() => sum(mul(first, first)).backward());
    }
    const values = [await x.gradient!.data(), await weight.gradient!.data()];
    const gradientBytes = device.memory().usedBytes - before;
    x.dispose();
    weight.dispose();
    return { values, gradientBytes };
  };

  it.each([false, true])('gives the same gradients; of gradients: %s', async (createGraph) => {
    const device = await open();
    const kept = await gradientsOf(device, (work) => work(), createGraph);
    const again = await gradientsOf(device, recomputing, createGraph);
    expect(again.values).toEqual(kept.values);
    expect(again.gradientBytes).toBe(kept.gradientBytes);
  });

  it('holds less between the passes, and lets go of all of it without a backward pass', async () => {
    const device = await open();
    const [x, weight] = leaves(device);
    const held = (run: <Result>(work: () => Result) => Result): number => {
      const before = device.memory().usedBytes;
      const value = tidy(() => run(() => loss(x, weight)));
      const bytes = device.memory().usedBytes - before;
      value.dispose();
      expect(device.memory().usedBytes).toBe(before);
      return bytes;
    };
    expect(held(recomputing)).toBeLessThan(held((work) => work()));
    x.dispose();
    weight.dispose();
  });

  it('goes on within a checkpointed block', async () => {
    const device = await open();
    const plain = await gradientsOf(device, (work) => work(), false);
    const [x, weight] = leaves(device);
    tidy(() => recomputing(() => checkpoint(loss, x, weight)).backward());
    expect([await x.gradient!.data(), await weight.gradient!.data()]).toEqual(plain.values);
    x.dispose();
    weight.dispose();
  });
});
