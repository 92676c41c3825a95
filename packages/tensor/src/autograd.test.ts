import { expect, it } from 'vitest';
import { noGrad } from './autograd.ts';
import { fromArray, full } from './create.ts';
import { isVoxelgradError } from './errors.ts';
import { conv3d } from './ops/conv3d/conv3d.ts';
import { cast } from './ops/copy/cast.ts';
import { add, mul } from './ops/elementwise/elementwise.ts';
import { exp, leakyRelu, tanh } from './ops/elementwise/unary.ts';
import { instanceNorm } from './ops/instance-norm/instance-norm.ts';
import { mean, sum } from './ops/reduce/reduce.ts';
import { interpolate } from './ops/resample/resample.ts';
import { tidy } from './scope.ts';
import { describeOnEach, expectClose, testValues } from './testing.ts';
import { skipOn } from './testing-skips.ts';

describeOnEach('the record of operations on $name', ({ open }) => {
  it('adds up what reaches a leaf along several ways', async () => {
    const device = await open();
    const x = fromArray([1, -2, 3], [3], { device }).requireGradient();
    // y = x² + 3x, dy/dx = 2x + 3
    const y = tidy(() => sum(add(mul(x, x), mul(x, 3))));
    y.backward();
    expectClose(await x.gradient!.data(), [5, -1, 9]);
    y.dispose();
    x.dispose();
  });

  it('adds to the gradient that is there', async () => {
    const device = await open();
    const x = fromArray([2], [1], { device }).requireGradient();
    for (let i = 0; i < 3; i++) tidy(() => sum(mul(x, x)).backward());
    expectClose(await x.gradient!.data(), [12]);
    x.dispose();
  });

  it('adds up f16 gradients, also with the f32 ones of a convolution', async (context) => {
    const device = await open();
    skipOn(context, device, 'f16');
    const x = tidy(() => cast(fromArray([1, 2, 3, 4], [4], { device }), 'f16')).requireGradient();
    for (let i = 1; i <= 3; i++) {
      tidy(() => sum(mul(x, x)).backward());
      expect(x.gradient!.dtype).toBe('f16');
      const gradient = await tidy(() => cast(x.gradient!, 'f32')).data();
      expectClose(gradient, [2 * i, 4 * i, 6 * i, 8 * i]);
    }
    x.dispose();

    // y = w · 3 + 2w for one voxel of value 3, twice
    const weight = tidy(() => cast(fromArray([5], [1, 1, 1, 1, 1], { device }), 'f16')).requireGradient();
    for (let i = 1; i <= 2; i++) {
      tidy(() => {
        const voxel = cast(fromArray([3], [1, 1, 1, 1, 1], { device }), 'f16');
        sum(add(conv3d(voxel, weight), mul(weight, 2))).backward();
      });
      expectClose(await tidy(() => cast(weight.gradient!, 'f32')).data(), [5 * i]);
    }
    weight.dispose();
  });

  it('differentiates gradients: the third derivative of x⁴', async () => {
    const device = await open();
    const x = fromArray([1.5, -0.5], [2], { device }).requireGradient();
    tidy(() => {
      let y = sum(mul(mul(x, x), mul(x, x)));
      for (let order = 1; order <= 3; order++) {
        y.backward(undefined, { createGraph: true });
        const gradient = x.gradient!;
        x.variable!.gradient = undefined;
        if (order === 3) x.variable!.gradient = gradient.detach().alias();
        y = sum(gradient);
      }
    });
    expectClose(await x.gradient!.data(), [36, -12]);
    x.dispose();
  });

  it('refuses to differentiate the gradient of a fused op', async () => {
    const device = await open();
    const x = fromArray(testValues([1, 2, 2, 2, 1]), [1, 2, 2, 2, 1], { device }).requireGradient();
    const y = sum(interpolate(x, [3, 3, 3]));
    expect(() => y.backward(undefined, { createGraph: true })).toThrowError(
      /interpolate cannot be differentiated again/,
    );
    y.dispose();
    x.dispose();
  });

  it('leaves gradients on leaves alone, and says so where one is asked for on the output of an op', async () => {
    const device = await open();
    const x = fromArray([3], [1], { device }).requireGradient();
    tidy(() => {
      expect(x.requireGradient()).toBe(x);
      const y = mul(x, x);
      expect(() => y.requireGradient()).toThrowError(/output of an op[\s\S]*gradients\(/);
      expect(y.detach().requireGradient().variable?.isLeaf).toBe(true);
    });
    x.dispose();
  });

  it('says so when the record was freed, and keeps it when asked to', async () => {
    const device = await open();
    const x = fromArray([3], [1], { device }).requireGradient();
    const y = sum(mul(x, x));
    y.backward(undefined, { retainGraph: true });
    y.backward();
    expectClose(await x.gradient!.data(), [12]);
    expect(() => y.backward()).toThrowError(/was freed[\s\S]*retainGraph/);
    y.dispose();
    x.dispose();
  });

  it('records nothing without need', async () => {
    const device = await open();
    const x = fromArray([3], [1], { device }).requireGradient();
    const y = noGrad(() => mul(x, x));
    expect(y.requiresGradient).toBe(false);
    expect(() => sum(y).backward()).toThrowError(/without history/);
    y.dispose();
    x.dispose();
  });

  it('frees everything: many steps leave the memory as it was', async () => {
    const device = await open();
    const x = fromArray(testValues([2, 3, 4, 3, 8]), [2, 3, 4, 3, 8], { device }).requireGradient();
    const weight = full(1.5, [8], { device }).requireGradient();
    const bias = full(0.5, [8], { device }).requireGradient();
    const step = (): void =>
      tidy(() => {
        const hidden = instanceNorm(tanh(x), { weight, bias, slope: 0.01 });
        mean(mul(exp(hidden), leakyRelu(hidden))).backward();
      });
    step();
    const before = device.memory();
    for (let i = 0; i < 20; i++) step();
    await device.synchronize();
    expect(device.memory().usedBytes).toBe(before.usedBytes);
    expect(device.memory().buffers).toBe(before.buffers);
    for (const tensor of [x, weight, bias]) tensor.dispose();
  });

  it('frees what an error left behind, and names the shapes', async () => {
    const device = await open();
    const x = fromArray(testValues([4]), [4], { device });
    const before = device.memory().usedBytes;
    let caught: unknown;
    try {
      tidy(() => add(mul(x, x), full(1, [3], { device })));
    } catch (error) {
      caught = error;
    }
    expect(isVoxelgradError(caught, 'shape')).toBe(true);
    expect(String(caught)).toMatch(/\[4\] and \[3\]/);
    expect(device.memory().usedBytes).toBe(before);
    x.dispose();
    expect(() => mul(x, x)).toThrowError(/disposed/);
  });
});
