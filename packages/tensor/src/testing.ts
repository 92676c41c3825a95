/**
 * For tests (entry `@voxelgrad/tensor/testing`, not published): every test of ops and devices has one body that runs on each device there is.
 *
 *   describe.each(testDevices())('reduce on $name', ({ open }) => { … const device = await open(); … });
 *
 * Which devices there are, testing.node.ts says; in browsers testing.browser.ts stands in its place (vitest.browser.config.ts). Devices are closed
 * after the test file.
 */
import { afterAll, describe } from 'vitest';
import type { Device, DeviceKind, Operand } from './device/device.ts';
import type { DType, HostArray } from './dtype.ts';
import { type Shape, sizeOf } from './shape.ts';
import { findTestDevices } from './testing.node.ts';

export interface TestDevice {
  readonly name: string;
  /** The device, opened once per test file. */
  readonly open: () => Promise<Device>;
}

const opened = new Map<string, Promise<Device>>();

const devices: readonly TestDevice[] = (await findTestDevices()).map(({ name, open }) => ({
  name,
  open: () => {
    const device = opened.get(name) ?? open();
    opened.set(name, device);
    return device;
  },
}));

afterAll(async () => {
  for (const device of opened.values()) await (await device).close();
});

export const testDevices = (): readonly TestDevice[] => devices;

/** Tests for one kind of device. Where it is not among those tested, they are counted as skipped and the reason is printed. */
export function describeOn(kind: DeviceKind, title: string, tests: (device: TestDevice) => void): void {
  const device = devices.find(({ name }) => name === kind);
  if (device !== undefined) {
    describe(title, () => tests(device));
    return;
  }
  const reason = `${kind} is not among the devices tested`;
  console.info(`skipped: ${title}: ${reason}`);
  describe.skip(title, () => tests({ name: kind, open: () => Promise.reject(new Error(reason)) }));
}

/** An operand of its own with the given values. */
export function upload(device: Device, dtype: DType, shape: Shape, values: ArrayLike<number>): Operand {
  const operand = empty(device, dtype, shape);
  device.write(operand, hostValues(dtype, values));
  return operand;
}

/** An operand of its own with unspecified values. */
export function empty(device: Device, dtype: DType, shape: Shape): Operand {
  return { buffer: device.allocate(device.bytesFor(dtype, sizeOf(shape))), byteOffset: 0, dtype, shape };
}

function hostValues(dtype: DType, values: ArrayLike<number>): HostArray {
  if (dtype === 'i32') return Int32Array.from(values);
  return dtype === 'u8' || dtype === 'bool' ? Uint8Array.from(values) : Float32Array.from(values);
}

export interface Tolerance {
  /** Allowed share of the expected magnitude. */
  readonly rtol?: number;
  /** Allowed in any case. */
  readonly atol?: number;
}

/**
 * Throws with the worst element unless `|actual − expected| ≤ atol + rtol · |expected|` for all. NaN equals NaN, infinities equal themselves.
 */
export function expectClose(
  actual: ArrayLike<number>,
  expected: ArrayLike<number>,
  { rtol = 1e-5, atol = 1e-6 }: Tolerance = {},
): void {
  if (actual.length !== expected.length) throw new Error(`expected ${expected.length} values, got ${actual.length}`);
  let worst = -1;
  let worstExcess = 1;
  let failures = 0;
  for (let i = 0; i < expected.length; i++) {
    const [got, want] = [actual[i]!, expected[i]!];
    if (Object.is(got, want) || got === want) continue;
    const excess = Math.abs(got - want) / (atol + rtol * Math.abs(want));
    if (excess <= 1) continue;
    failures++;
    if (worst < 0 || !(excess <= worstExcess)) {
      worst = i;
      worstExcess = excess;
    }
  }
  if (failures === 0) return;
  throw new Error(
    `${failures} of ${expected.length} values differ; the worst is element ${worst}: expected ${expected[worst]}, got ` +
      `${actual[worst]}, ${worstExcess.toPrecision(3)} times the tolerance (rtol ${rtol}, atol ${atol})`,
  );
}

/** Floats in [−1, 1) that are the same every time (T. Ettinger's mulberry32). */
export function testValues(shape: Shape, seed = 1): Float32Array {
  let state = Math.imul(seed, 0x9e3779b9);
  return Float32Array.from({ length: sizeOf(shape) }, () => {
    state = (state + 0x6d2b79f5) | 0;
    let word = Math.imul(state ^ (state >>> 15), 1 | state);
    word = (word + Math.imul(word ^ (word >>> 7), 61 | word)) ^ word;
    return ((word ^ (word >>> 14)) >>> 8) / 2 ** 23 - 1;
  });
}
