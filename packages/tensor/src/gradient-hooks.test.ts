import { expect, it } from 'vitest';
import { noGrad } from './autograd.ts';
import { checkpoint } from './checkpointing.ts';
import { fromArray, full } from './create.ts';
import { isVoxelgradError } from './errors.ts';
import { add, mul } from './ops/elementwise/elementwise.ts';
import { scale, square, tanh } from './ops/elementwise/unary.ts';
import { sum } from './ops/reduce/reduce.ts';
import { keep, tidy } from './scope.ts';
import type { Tensor } from './tensor.ts';
import { describeOnEach, expectClose, testValues } from './testing.ts';

describeOnEach('gradient hooks on $name', ({ open }) => {
  it('see the whole gradient of a tensor in the middle, once, and before it goes on', async () => {
    const device = await open();
    const x = fromArray([1, -2, 3], [3], { device }).requireGradient();
    const seen: Tensor[] = [];
    tidy(() => {
      const hidden = square(x);
      hidden.registerHook((gradient) => {
        expect(x.gradient).toBeUndefined();
        seen.push(keep(gradient.detach()));
      });
      // h reaches the output along three ways: y = Σ h² + 5h, so dy/dh = 2h + 5 and dy/dx = 2x (2x² + 5).
      sum(add(mul(hidden, hidden), scale(hidden, 5))).backward();
    });
    expect(seen).toHaveLength(1);
    expectClose(await seen[0]!.data(), [7, 13, 23]);
    expectClose(await x.gradient!.data(), [14, -52, 138]);
    for (const tensor of [x, ...seen]) tensor.dispose();
  });

  it('replace the gradient for all that is computed from it, each after the one before', async () => {
    const device = await open();
    const x = fromArray([1, 2], [2], { device }).requireGradient();
    const order: string[] = [];
    tidy(() => {
      const hidden = scale(x, 3);
      hidden.registerHook((gradient) => {
        order.push('first');
        return add(gradient, 1);
      });
      hidden.registerHook((gradient) => {
        order.push('second');
        return scale(gradient, 10);
      });
      sum(square(hidden)).backward();
    });
    // (2h + 1) · 10 · 3
    expectClose(await x.gradient!.data(), [210, 390]);
    expect(order).toEqual(['first', 'second']);
    x.dispose();
  });

  it('on a leaf change what is added to its gradient, and those on the sum see it afterwards', async () => {
    const device = await open();
    const x = fromArray([1, 2], [2], { device }).requireGradient();
    const contributions: Tensor[] = [];
    const sums: Tensor[] = [];
    x.registerHook((gradient) => {
      contributions.push(keep(gradient.detach()));
      return scale(gradient, 0.5);
    });
    x.registerAccumulationHook((gradient) => {
      sums.push(keep(mul(gradient, 1)));
    });
    for (let i = 0; i < 2; i++) tidy(() => sum(square(x)).backward());
    for (const contribution of contributions) expectClose(await contribution.data(), [2, 4]);
    expectClose(await sums[0]!.data(), [1, 2]);
    expectClose(await sums[1]!.data(), [2, 4]);
    expectClose(await x.gradient!.data(), [2, 4]);
    for (const tensor of [x, ...contributions, ...sums]) tensor.dispose();
  });

  it('are called no more once removed, the same function twice if registered twice', async () => {
    const device = await open();
    const x = fromArray([3], [1], { device }).requireGradient();
    let calls = 0;
    const count = (): undefined => void calls++;
    const handles = [x.registerHook(count), x.registerHook(count)];
    const step = (): void => tidy(() => sum(x).backward());
    step();
    expect(calls).toBe(2);
    handles[0]!.remove();
    handles[0]!.remove();
    step();
    expect(calls).toBe(3);
    handles[1]!.remove();
    step();
    expect(calls).toBe(3);
    x.dispose();
  });

  it('may be registered on the tensor that backward() is called on', async () => {
    const device = await open();
    const x = fromArray([3, 4], [2], { device }).requireGradient();
    tidy(() => {
      const y = sum(square(x));
      y.registerHook((gradient) => scale(gradient, 7));
      y.backward();
    });
    expectClose(await x.gradient!.data(), [42, 56]);
    x.dispose();
  });

  it('are differentiable where gradients of gradients are asked for', async () => {
    const device = await open();
    const x = fromArray([0.5, -1.5], [2], { device }).requireGradient();
    tidy(() => {
      const hidden = square(x);
      const hook = hidden.registerHook((gradient) => square(gradient));
      // y = Σ h²; the hook makes the gradient (2h)² = 4x⁴, so that x gets 8x⁵, and the derivative of its sum is 40x⁴.
      sum(square(hidden)).backward(undefined, { createGraph: true });
      hook.remove();
      const first = x.gradient!.alias(true);
      x.variable!.gradient!.dispose();
      x.variable!.gradient = undefined;
      sum(first).backward();
    });
    expectClose(await x.gradient!.data(), [40 * 0.5 ** 4, 40 * 1.5 ** 4]);
    x.dispose();
  });

  it('work inside of a checkpointed block, on what goes into it and on what comes out', async () => {
    const device = await open();
    const values = [...testValues([6], 3)];
    const x = fromArray(values, [6], { device }).requireGradient();
    const calls: string[] = [];
    const noting = (name: string, factor: number) => (gradient: Tensor) => {
      calls.push(name);
      return scale(gradient, factor);
    };
    tidy(() => {
      const input = scale(x, 2);
      input.registerHook(noting('input', 2));
      const output = checkpoint((input) => {
        const hidden = tanh(input);
        hidden.registerHook(noting('hidden', 3));
        return square(hidden);
      }, input);
      output.registerHook(noting('output', 5));
      sum(output).backward();
    });
    expect(calls).toEqual(['output', 'hidden', 'input']);
    // 2 tanh · (1 − tanh²) · 2 without the hooks, thirty times that with them.
    const expected = values.map((value) => {
      const t = Math.tanh(2 * value);
      return 30 * 4 * t * (1 - t * t);
    });
    expectClose(await x.gradient!.data(), expected, { rtol: 1e-4, atol: 1e-5 });
    x.dispose();
  });

  it('leave no memory behind, also when one throws or replaces a gradient by what does not fit', async () => {
    const device = await open();
    const x = full(2, [4], { device }).requireGradient();
    const failing = (hook: (gradient: Tensor) => Tensor | undefined): unknown => {
      try {
        tidy(() => {
          const hidden = square(x);
          hidden.registerHook(hook);
          sum(mul(hidden, add(hidden, x))).backward();
        });
      } catch (error) {
        return error;
      }
      return undefined;
    };
    const before = device.memory();
    const thrown = new Error('mine');
    const throwing = (): never => {
      throw thrown;
    };
    expect(failing(throwing)).toBe(thrown);
    const unfitting = failing((gradient) => sum(gradient));
    expect(isVoxelgradError(unfitting, 'autograd')).toBe(true);
    expect(String(unfitting)).toMatch(/output of square[\s\S]*\[4\][\s\S]*\[\]/);
    await device.synchronize();
    expect(x.gradient).toBeUndefined();
    expect(device.memory().usedBytes).toBe(before.usedBytes);
    expect(device.memory().buffers).toBe(before.buffers);
    x.dispose();
  });

  it('are refused where no gradient can come', async () => {
    const device = await open();
    const x = full(2, [4], { device });
    expect(() => x.registerHook(() => undefined)).toThrowError(/without history/);
    expect(() => x.registerAccumulationHook(() => {})).toThrowError(/without history/);
    x.requireGradient();
    tidy(() => {
      expect(() => square(x).registerAccumulationHook(() => {})).toThrowError(/output of an op/);
      // Nothing is recorded here, so the hook will never be called: as the first run of a checkpointed block needs it.
      noGrad(() =>
        square(x)
          .registerHook(() => expect.unreachable())
          .remove(),
      );
    });
    x.dispose();
  });
});
