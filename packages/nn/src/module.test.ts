import { type Device, fromArray, RandomGenerator, scale, sum, type Tensor, tidy } from '@voxelgrad/tensor';
import { describeOnEach, expectClose, testValues } from '@voxelgrad/tensor/testing';
import { expect, it } from 'vitest';
import { Conv } from './layers/conv.ts';
import { Module } from './module.ts';

/** Two 1×1×1 convolutions of one channel each: y = w₂ (w₁ x). */
class Chain extends Module {
  readonly first: Conv;
  readonly second: Conv;

  constructor(device: Device) {
    super();
    const random = new RandomGenerator(1);
    const settings = { inputChannels: 1, outputChannels: 1, kernel: [1, 1, 1], bias: false };
    this.first = new Conv(settings, { device, random });
    this.second = new Conv(settings, { device, random });
    this.first.weight.write(Float32Array.of(3));
    this.second.weight.write(Float32Array.of(5));
  }

  forward(x: Tensor): Tensor {
    return tidy(() => this.second.forward(this.first.forward(x)));
  }
}

const SHAPE = [1, 2, 2, 2, 1];

describeOnEach('forward hooks on $name', ({ open }) => {
  it('see what goes into a module and what comes out, and may replace it', async () => {
    const device = await open();
    const network = new Chain(device);
    const values = [...testValues(SHAPE)];
    const x = fromArray(values, SHAPE, { device });
    const seen: Promise<ArrayLike<number>>[] = [];
    const observer = network.first.registerForwardHook(([input], output) => {
      expect(input).toBe(x);
      seen.push(output.data());
      return undefined;
    });
    const doubling = network.first.registerForwardHook((_, output) => scale(output, 2));
    const out = network.forward(x);
    sum(out).backward();
    expectClose(
      await seen[0]!,
      values.map((value) => 3 * value),
    );
    expectClose(
      await out.data(),
      values.map((value) => 30 * value),
    );
    // Gradients go through what a hook made: dy/dw₁ = 2 · 5 Σ x.
    const total = values.reduce((a, b) => a + b, 0);
    expectClose(await network.first.weight.gradient!.data(), [10 * total], { rtol: 1e-4, atol: 1e-5 });

    doubling.remove();
    observer.remove();
    observer.remove();
    expectClose(
      await network.forward(x).data(),
      values.map((value) => 15 * value),
    );
    expect(seen).toHaveLength(1);
    network.dispose();
  });

  it('are no parameters, and belong to one module', async () => {
    const device = await open();
    const [hooked, other] = [new Chain(device), new Chain(device)];
    hooked.registerForwardHook(() => expect.unreachable());
    expect(hooked.namedParameters().map(([name]) => name)).toEqual(['first.weight', 'second.weight']);
    tidy(() => other.forward(fromArray(testValues(SHAPE), SHAPE, { device })));
    hooked.dispose();
    other.dispose();
  });
});
