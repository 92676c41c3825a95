/** A checkpointed block gives what the block gives: the same values, gradients, hooks, and the same place in the record. */
import { beforeAll, expect, it } from 'vitest';
import {
  add,
  checkpoint,
  type Device,
  fromArray,
  gradients,
  inFirstPass,
  mul,
  scale,
  square,
  sum,
  type Tensor,
  tanh,
  tidy,
} from './index.ts';
import { describeOnEach, expectClose } from './testing.ts';

describeOnEach('checkpoints on $name', ({ open }) => {
  let device: Device;
  let before: number;

  beforeAll(async () => {
    device = await open();
    before = device.memory().usedBytes;
  });

  const leaf = (...values: number[]): Tensor => fromArray(values, [values.length], { device }).requireGradient();

  const valuesAndDispose = async (...tensors: Tensor[]): Promise<number[][]> => {
    const values = await Promise.all(tensors.map(async (tensor) => [...(await tensor.data())]));
    for (const tensor of tensors) tensor.dispose();
    return values;
  };

  it('gradients() reaches what the block closes over, and leaves no gradient there', async () => {
    const [x, w] = [leaf(1, 2), leaf(3, 4)];
    const found = tidy(() => gradients(sum(checkpoint((x) => mul(square(x), w), x)), [x, w]));
    expect([x.gradient, w.gradient]).toEqual([undefined, undefined]);
    expect(await valuesAndDispose(...found)).toEqual([
      [6, 16],
      [1, 4],
    ]);
    for (const tensor of [x, w]) tensor.dispose();
    expect(device.memory().usedBytes).toBe(before);
  });

  it('gradients reach what comes from outside by closure, through nested blocks too', async () => {
    const [x, w] = [leaf(1, 2), leaf(3, 4)];
    const calls: string[] = [];
    tidy(() => {
      // y = Σ 5w · x² + w · x, with 5w made outside and used by both the block and what follows.
      const outside = scale(w, 5);
      outside.registerHook(() => void calls.push('outside'));
      w.registerHook(() => void calls.push('w'));
      const block = (x: Tensor): Tensor =>
        add(
          checkpoint((x) => mul(outside, square(x)), x),
          mul(w, x),
        );
      sum(add(checkpoint(block, x), outside)).backward();
    });
    expect(calls).toEqual(['outside', 'w']);
    expectClose(await x.gradient!.data(), [10 * 3 * 1 + 3, 10 * 4 * 2 + 4]);
    expectClose(await w.gradient!.data(), [5 * 1 + 1 + 5, 5 * 4 + 2 + 5]);
    for (const tensor of [x, w]) tensor.dispose();
    expect(device.memory().usedBytes).toBe(before);
  });

  it('a block with nothing to train is not recorded, and what follows is', async () => {
    const [frozen, w] = [fromArray([1, 2], [2], { device }), leaf(3, 4)];
    tidy(() => {
      const hidden = checkpoint((x) => tanh(x), frozen);
      expect(hidden.requiresGradient).toBe(false);
      sum(mul(hidden, w)).backward();
    });
    expectClose(await w.gradient!.data(), [Math.tanh(1), Math.tanh(2)], { rtol: 1e-5 });
    for (const tensor of [frozen, w]) tensor.dispose();
    expect(device.memory().usedBytes).toBe(before);
  });

  it('a block may return its input or a parameter, which stay the leaves they are', async () => {
    const [x, w] = [leaf(1, 2), leaf(3, 4)];
    tidy(() =>
      sum(
        add(
          scale(
            checkpoint((x) => x, x),
            2,
          ),
          scale(
            checkpoint((_: Tensor) => w, x),
            3,
          ),
        ),
      ).backward(),
    );
    expect([x.variable?.isLeaf, w.variable?.isLeaf]).toEqual([true, true]);
    expectClose(await x.gradient!.data(), [2, 2]);
    expectClose(await w.gradient!.data(), [3, 3]);
    for (const tensor of [x, w]) tensor.dispose();
    expect(device.memory().usedBytes).toBe(before);
  });

  it('what a block does in its first pass happens once, in nested blocks and in two walks of the record too', async () => {
    const [x, w] = [leaf(1, 2), leaf(3, 4)];
    const calls = { passes: 0, first: 0 };
    const count = (y: Tensor): Tensor => {
      calls.passes++;
      inFirstPass(() => void calls.first++);
      return y;
    };
    tidy(() => {
      const inner = (x: Tensor): Tensor => count(mul(w, square(x)));
      const outer = (x: Tensor): Tensor => count(add(checkpoint(inner, x), x));
      const value = sum(checkpoint(outer, x));
      expect(calls).toEqual({ passes: 2, first: 2 });
      value.backward(undefined, { retainGraph: true });
      // The outer block once more, the inner one in it, and the inner one for its own gradient.
      expect(calls).toEqual({ passes: 5, first: 2 });
      value.backward();
      expect(calls).toEqual({ passes: 8, first: 2 });
      sum(checkpoint(outer, x));
      expect(calls).toEqual({ passes: 10, first: 4 });
    });
    expectClose(await x.gradient!.data(), [2 * (2 * 3 * 1 + 1), 2 * (2 * 4 * 2 + 1)]);
    for (const tensor of [x, w]) tensor.dispose();
    expect(device.memory().usedBytes).toBe(before);
  });
});
