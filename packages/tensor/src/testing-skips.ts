/**
 * For tests (entry `@voxelgrad/tensor/testing-skips`, not published): what is not run, and why. Every skip has a reason, which is printed and goes into
 * the report of the tests, where tools/test-summary.ts counts them. There are two kinds:
 *
 *   skipOn(context, device, 'f16')          DEVICE_SKIPS, below: what tests leave out on some devices. Nothing that computes in f32.
 *   it('…', lacking(reason), () => { … })   the machine lacks what the test needs: files, a program, a right
 */
import type { TestContext, TestOptions } from 'vitest';
import type { Device } from './device/device.ts';
import type { DType } from './dtype.ts';

declare module 'vitest' {
  interface TaskMeta {
    /** Why it was skipped. */
    skipped?: string;
  }
}

/** What tells whether a test is left out: the device, and what only WebGPU's has. */
type AnyDevice = Device & {
  readonly software?: boolean;
  readonly limits?: Pick<GPUSupportedLimits, 'maxBufferSize' | 'maxStorageBufferBindingSize'>;
};

export interface DeviceSkip {
  /** What the tests are about. */
  readonly tests: string;
  /** What they compute in; 'nothing' where they are not about numbers. */
  readonly precision: DType | 'nothing';
  readonly devices: string;
  readonly applies: (device: AnyDevice) => boolean;
  readonly reason: string;
}

const deviceSkips = <Name extends string>(list: Readonly<Record<Name, DeviceSkip>>) => list;

/** The only tests and golden cases that a device may leave out. */
export const DEVICE_SKIPS = deviceSkips({
  f16: {
    tests: 'kernels, losses and training in f16',
    precision: 'f16',
    devices: 'WebGPU without shader-f16, as SwiftShader; lavapipe and cpu run them',
    applies: ({ hasF16 }) => !hasF16,
    reason: 'the device has no f16',
  },
  'exhausted memory': {
    tests: 'what happens when the device has no memory left',
    precision: 'nothing',
    devices: 'WebGPU but for SwiftShader, which has less than a gibibyte a buffer',
    applies: ({ description }) => !/swiftshader/i.test(description),
    reason: 'the device has more memory than a test should fill',
  },
  'small bindings': {
    tests: 'operands that can be allocated but not bound',
    precision: 'nothing',
    devices: 'WebGPU where a binding may have as many bytes as a buffer, or as a tensor; lavapipe runs them',
    applies: ({ limits }) =>
      limits!.maxStorageBufferBindingSize >= 2 ** 31 || limits!.maxStorageBufferBindingSize >= limits!.maxBufferSize,
    reason: 'the device can bind whatever can be allocated',
  },
  'software adapter': {
    tests: 'adapters that compute on the processor are refused unless asked for',
    precision: 'nothing',
    devices: 'WebGPU on a GPU; SwiftShader and lavapipe run them',
    applies: ({ software }) => software !== true,
    reason: 'the device is a real GPU',
  },
});

/** Ends the test here, as skipped, where the list says so of this device. */
export function skipOn(context: TestContext, device: AnyDevice, name: keyof typeof DEVICE_SKIPS): void {
  const { applies, reason } = DEVICE_SKIPS[name];
  if (!applies(device)) return;
  context.task.meta.skipped = `${reason} (${device.description})`;
  context.skip(context.task.meta.skipped);
}

const printed = new Set<string>();

/** Options of a test or a suite: it is skipped for that reason. Without one it runs. The reason is printed once a file. */
export function lacking(reason: string | undefined): TestOptions {
  if (reason === undefined) return {};
  if (!printed.has(reason)) console.info(`skipped: ${reason}`);
  printed.add(reason);
  return { skip: true, meta: { skipped: reason } };
}
