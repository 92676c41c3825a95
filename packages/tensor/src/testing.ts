/**
 * For tests (entry `@voxelgrad/tensor/testing`, not published): every test of ops and devices has one body that runs on each device there is.
 *
 *   describeOnEach('reduce on $name', ({ open }) => { … const device = await open(); … });
 *
 * Which devices there are, testing.node.ts says; in browsers testing.browser.ts stands in its place (vitest.browser.config.ts). Where one of them is not
 * to be had, its tests are counted as skipped, with the reason. Devices are closed after the test file.
 */
import { afterAll, describe, type TestOptions } from 'vitest';
import type { Device, DeviceKind, Operand } from './device/device.ts';
import type { DType, HostArray } from './dtype.ts';
import { type Shape, sizeOf } from './shape.ts';
import { findTestDevices } from './testing.node.ts';
import { lacking } from './testing-skips.ts';

export interface TestDevice {
  readonly name: DeviceKind;
  /** The device, opened once per test file. */
  readonly open: () => Promise<Device>;
}

/** A device to be tested that this machine has not. */
export interface MissingDevice {
  readonly name: DeviceKind;
  readonly missing: string;
}

const opened = new Map<string, Promise<Device>>();

const wanted = (await findTestDevices()).map((found): TestDevice | MissingDevice => {
  if ('missing' in found) return found;
  const { name, open } = found;
  return {
    name,
    open: () => {
      const device = opened.get(name) ?? open();
      opened.set(name, device);
      return device;
    },
  };
});

const devices: readonly TestDevice[] = wanted.filter((found) => 'open' in found);

afterAll(async () => {
  for (const device of opened.values()) await (await device).close();
});

/** Those that can be opened. */
export const testDevices = (): readonly TestDevice[] => devices;

type Tests = (device: TestDevice) => void;

function describeMissing(name: DeviceKind, title: string, reason: string, tests: Tests): void {
  describe(title, lacking(`on ${name}: ${reason}`), () =>
    tests({ name, open: () => Promise.reject(new Error(reason)) }),
  );
}

/** The same tests on every device; `$name` in the title is the device's. `options`: of the suite, such as what the machine is `lacking`. */
export function describeOnEach(title: string, tests: Tests): void;
export function describeOnEach(title: string, options: TestOptions, tests: Tests): void;
export function describeOnEach(title: string, ...rest: readonly [Tests] | readonly [TestOptions, Tests]): void {
  const [options, tests] = rest.length === 1 ? [{}, rest[0]] : rest;
  for (const device of wanted) {
    const named = title.replace('$name', device.name);
    if ('missing' in device) describeMissing(device.name, named, device.missing, tests);
    else describe(named, options, () => tests(device));
  }
}

/** Tests for one kind of device. Where it is not among those tested, they are counted as skipped and the reason is printed. */
export function describeOn(kind: DeviceKind, title: string, tests: Tests): void {
  const device = wanted.find(({ name }) => name === kind);
  if (device !== undefined && 'open' in device) describe(title, () => tests(device));
  else describeMissing(kind, title, device?.missing ?? 'not among the devices tested', tests);
}

/** Tests that compare the devices. Where there is only one, they are counted as skipped and the reason is printed. */
export function describeOnBoth(
  title: string,
  tests: (open: () => Promise<[cpu: Device, webgpu: Device]>) => void,
): void {
  const [cpu, webgpu] = (['cpu', 'webgpu'] as const).map((kind) => devices.find(({ name }) => name === kind));
  const missing = devices.length < 2 ? `comparing devices: only ${devices[0]?.name ?? 'none'} is tested` : undefined;
  describe(title, lacking(missing), () => tests(() => Promise.all([cpu!.open(), webgpu!.open()])));
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
