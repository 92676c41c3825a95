/** How commands are cut into submits: by the work they are, not by their number. */
import { afterEach, beforeAll, beforeEach, expect, test, vi } from 'vitest';
import { globals } from 'webgpu';
import { capture } from '../../capture/capture.ts';
import { zeros } from '../../create.ts';
import { add } from '../../ops/elementwise/elementwise.ts';
import { tidy } from '../../scope.ts';
import type { Tensor } from '../../tensor.ts';
import { describeOn, empty } from '../../testing.ts';
import { SUBMIT_SECONDS, slowSeconds } from './submit-limit.ts';
import type { WebgpuDevice } from './webgpu-device.ts';

const ELEMENTS = 4 * 2 ** 20;

describeOn('webgpu', 'submits', ({ open }) => {
  let device: WebgpuDevice;
  let submitted: () => number;
  beforeAll(async () => {
    device = (await open()) as WebgpuDevice;
  });
  beforeEach(async () => {
    await device.synchronize();
    const { GPUQueue } = globals as unknown as { readonly GPUQueue: { readonly prototype: GPUQueue } };
    const submit = vi.spyOn(GPUQueue.prototype, 'submit');
    submitted = () => submit.mock.calls.length;
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });

  /** Fills of so much memory that they make `submits` of them. */
  const fillsOf = (submits: number): number =>
    Math.ceil((submits * SUBMIT_SECONDS) / slowSeconds({ operations: 0, bytes: 4 * ELEMENTS }, device.software));

  test('few long dispatches are several', async () => {
    const out = empty(device, 'f32', [ELEMENTS]);
    for (let i = fillsOf(2.5); i > 0; i--) device.kernels.fill(out, i);
    await device.synchronize();
    expect(submitted()).toBeGreaterThanOrEqual(3);
    expect((await device.read({ ...out, shape: [1] }))[0]).toBe(1);
    device.free(out.buffer);
  });

  test('many short dispatches are few', async () => {
    const out = empty(device, 'f32', [16]);
    for (let i = 0; i < 60; i++) device.kernels.fill(out, i);
    await device.synchronize();
    expect(submitted()).toBe(1);
    device.free(out.buffer);
  });

  test('a captured step is cut the same way', async () => {
    const long = zeros([ELEMENTS], { device });
    const short = zeros([16], { device });
    const sums = (of: Tensor, count: number) =>
      capture(device, () =>
        tidy(() => {
          let sum = of;
          for (let i = 0; i < count; i++) sum = add(sum, of);
          return sum;
        }),
      );
    const [longStep, shortStep] = [sums(long, Math.ceil(fillsOf(2.5) / 3)), sums(short, 200)];
    const submitsOf = async (step: { ready(): Promise<void>; replay(): void }): Promise<number> => {
      await step.ready();
      await device.synchronize();
      const before = submitted();
      step.replay();
      await device.synchronize();
      return submitted() - before;
    };
    expect(await submitsOf(longStep)).toBeGreaterThanOrEqual(3);
    expect(await submitsOf(shortStep)).toBe(1);
    for (const owned of [longStep, shortStep, long, short]) owned.dispose();
  });
});
