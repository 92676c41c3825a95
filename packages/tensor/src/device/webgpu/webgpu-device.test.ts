/** The queue of the WebGPU device: order, memory, and errors that come late. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { isVoxelgradError } from '../../errors.ts';
import { describeOn, empty, upload } from '../../testing.ts';
import { skipOn } from '../../testing-skips.ts';
import type { Operand } from '../device.ts';
import { sizeClass } from './buffer-pool.ts';
import { floatBits, read, write } from './dispatch.ts';
import { openedGpu } from './node-gpu.testing.ts';
import { nodeShaders } from './node-shaders.ts';
import { openWebgpu } from './open.ts';
import { shadersFrom } from './shaders.ts';
import type { WebgpuDevice } from './webgpu-device.ts';

/** `out[i] = in[i] · factor + 1`, and shaders that fail. */
const SHADERS = shadersFrom({
  'test/affine.wgsl': `struct Parameters { size: u32, factor: f32 }
@group(0) @binding(0) var<uniform> parameters: Parameters;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> results: array<f32>;
@compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x < parameters.size) { results[id.x] = x[id.x] * parameters.factor + 1.0; }
}`,
  'test/broken.wgsl': `@group(0) @binding(1) var<storage, read_write> results: array<f32>;
@compute @workgroup_size(64) fn main() { results[0] = undeclared; }`,
  'test/mismatched.wgsl': `@group(0) @binding(1) var<storage, read_write> results: array<f32>;
@group(0) @binding(2) var<storage, read_write> more: array<f32>;
@compute @workgroup_size(64) fn main() { results[0] = more[0]; }`,
});

const rejection = async (promise: Promise<unknown>): Promise<Error> =>
  promise.then(
    () => new Error('nothing was thrown'),
    (error: Error) => error,
  );

describeOn('webgpu', 'the queue of webgpu', ({ open }) => {
  let device: WebgpuDevice;
  let gpu: GPU;

  const reopen = (): Promise<WebgpuDevice> => openWebgpu({ gpu, shaders: SHADERS, allowSoftware: true });

  beforeAll(async () => {
    await open();
    gpu = await openedGpu();
    device = await reopen();
  });
  afterAll(() => device.close());

  function affine(x: Operand, out: Operand, factor: number, on = device): void {
    const size = x.shape.reduce((product, extent) => product * extent, 1);
    on.dispatch({
      shader: 'test/affine',
      preamble: '',
      bindings: [read(x), write(out)],
      parameters: [size, floatBits(factor)],
      workgroups: [Math.ceil(size / 64), 1, 1],
    });
  }
  const broken = (out: Operand): void =>
    device.dispatch({
      shader: 'test/broken',
      preamble: 'const FIRST = 1;',
      bindings: [write(out)],
      parameters: [],
      workgroups: [1, 1, 1],
    });

  test('runs hundreds of dispatches in order', async () => {
    const [a, b] = [upload(device, 'f32', [3], [0, 0, 0]), empty(device, 'f32', [3])];
    for (let i = 0; i < 150; i++) {
      affine(a, b, 1);
      affine(b, a, 1);
    }
    expect([...(await device.read(a))]).toEqual([300, 300, 300]);
  });

  test('orders writes and reads with dispatches', async () => {
    const [x, out] = [upload(device, 'f32', [2], [1, 2]), empty(device, 'f32', [2])];
    affine(x, out, 10);
    const before = device.read(out);
    const values = Float32Array.from([5, 6]);
    device.write(x, values);
    values.fill(99);
    affine(x, out, 10);
    const after = device.read(out);
    device.write(out, Float32Array.from([0, 0]));
    expect([...(await before)]).toEqual([11, 21]);
    expect([...(await after)]).toEqual([51, 61]);
    expect([...(await device.read(out))]).toEqual([0, 0]);
  });

  test('freed memory is used again at once, in order', async () => {
    const reads: Promise<ArrayLike<number>>[] = [];
    for (let i = 0; i < 20; i++) {
      const [x, out] = [upload(device, 'f32', [100], new Float32Array(100).fill(i)), empty(device, 'f32', [100])];
      affine(x, out, 2);
      device.free(x.buffer);
      reads.push(device.read(out));
      device.free(out.buffer);
    }
    const { reservedBytes } = device.memory();
    for (const [i, values] of (await Promise.all(reads)).entries())
      expect(Array.from(values)).toEqual(new Array(100).fill(2 * i + 1));
    expect(device.memory().reservedBytes).toBe(reservedBytes);
    expect(reservedBytes).toBeLessThan(20 * 1024);
  });

  test('reads views of a buffer that the same dispatch writes to', async () => {
    const arena = upload(device, 'f32', [128], new Float32Array(128).fill(3));
    const first: Operand = { ...arena, byteOffset: 0, shape: [64] };
    const second: Operand = { ...arena, byteOffset: 256, shape: [64] };
    affine(first, second, 2);
    affine(second, first, 2);
    const values = await device.read(arena);
    expect([...values.slice(0, 64)]).toEqual(new Array(64).fill(15));
    expect([...values.slice(64)]).toEqual(new Array(64).fill(7));
  });

  test.each([
    ['f32', [0, -1.5, 2 ** 100]],
    ['i32', [0, -5, 2147483647]],
    ['u8', [0, 1, 255]],
    ['bool', [0, 1, 1]],
    ['f16', [0.5, -65504, 2 ** -24]],
  ] as const)('%s values come back as they were written', async (dtype, values) => {
    expect([...(await device.read(upload(device, dtype, [3], values)))]).toEqual([...values]);
  });

  test('empty tensors are written, used and read', async () => {
    const [x, out] = [upload(device, 'f32', [0], []), empty(device, 'f32', [0])];
    affine(x, out, 1);
    expect([...(await device.read(out))]).toEqual([]);
  });

  test('a shader that does not compile rejects the next read, once, and says who asked for it', async () => {
    const out = upload(device, 'f32', [2, 5], new Float32Array(10).fill(4));
    broken(out);
    const error = await rejection(device.read(out));
    expect(isVoxelgradError(error, 'kernel')).toBe(true);
    expect(error.message).toContain("'test/broken' does not compile for test/broken(f32[2, 5])");
    expect(error.message).toMatch(/>\s+3 \| .*undeclared/);
    expect([...(await device.read(out))]).toEqual(new Array(10).fill(4));
    broken(out);
    expect(isVoxelgradError(await rejection(device.synchronize()), 'kernel')).toBe(true);
  });

  test('a shader whose bindings do not fit, or that is missing, does too', async () => {
    const out = empty(device, 'f32', [4]);
    for (const shader of ['test/mismatched', 'test/absent']) {
      device.dispatch({ shader, preamble: '', bindings: [write(out)], parameters: [], workgroups: [1, 1, 1] });
      const error = await rejection(device.read(out));
      expect(isVoxelgradError(error, 'kernel')).toBe(true);
      expect(error.message).toContain(shader);
    }
  });

  test('one read tells the first error, other work goes on', async () => {
    const [x, out] = [upload(device, 'f32', [1], [1]), empty(device, 'f32', [1])];
    broken(out);
    affine(x, out, 5);
    await expect(device.read(out)).rejects.toThrow('does not compile');
    expect([...(await device.read(out))]).toEqual([6]);
  });

  test('counts what tensors hold and gives back what comes no more', async () => {
    const fresh = await reopen();
    expect(fresh.memory()).toEqual({ usedBytes: 0, reservedBytes: 0, peakBytes: 0, arenaBytes: 0, buffers: 0 });
    const large = Array.from({ length: 4 }, () => fresh.allocate(40 * 2 ** 20));
    const held = fresh.memory();
    expect(held).toMatchObject({ usedBytes: 160 * 2 ** 20, buffers: 4 });
    for (const buffer of large) fresh.free(buffer);
    expect(fresh.memory()).toMatchObject({ usedBytes: 0, buffers: 0, peakBytes: held.peakBytes });
    await fresh.synchronize();
    const others = Array.from({ length: 4 }, () => fresh.allocate(36 * 2 ** 20));
    for (const buffer of others) fresh.free(buffer);
    expect(fresh.memory().reservedBytes).toBeLessThanOrEqual(1.5 * held.peakBytes);
    await fresh.close();
  });

  test('memory freed twice is freed once', () => {
    const before = device.memory();
    const [a, b] = [device.allocate(1000), device.allocate(1000)];
    device.free(a);
    expect(() => device.free(a)).toThrow('freed');
    device.free(b);
    expect(device.memory().buffers).toBe(before.buffers);
  });

  test('a tensor beyond the largest buffer is refused with the numbers', () => {
    const bytes = 2 * device.limits.maxBufferSize;
    expect(() => device.allocate(bytes)).toThrow(`got ${bytes} bytes`);
  });

  test('an operand beyond the largest binding is refused with the numbers', async (context) => {
    skipOn(context, device, 'small bindings');
    const limit = device.limits.maxStorageBufferBindingSize;
    const elements = limit / 4 + 64;
    const large: Operand = { ...empty(device, 'f32', [1]), shape: [elements] };
    const launch = { shader: 'test/broken', preamble: '', parameters: [], workgroups: [1, 1, 1] as const };
    expect(() => device.dispatch({ ...launch, bindings: [write(large)] })).toThrow(`at most ${limit} bytes`);
  });

  test('exhausted memory rejects the reads that need it, and only those', async (context) => {
    skipOn(context, device, 'exhausted memory');
    const hungry = await reopen();
    const step = Math.min(hungry.limits.maxBufferSize, 2 ** 30) - 4;
    const [small, out] = [upload(hungry, 'f32', [4], [1, 2, 3, 4]), empty(hungry, 'f32', [4])];
    // SwiftShader has at most a gibibyte a buffer, less what it needs itself.
    const large: Operand = { ...empty(hungry, 'f32', [step / 4]), shape: [4] };
    affine(small, large, 1, hungry);
    const outcome = await rejection(hungry.read(large));
    affine(small, out, 1, hungry);
    expect([...(await hungry.read(out))]).toEqual([2, 3, 4, 5]);
    await hungry.close();
    expect(isVoxelgradError(outcome, 'out-of-memory')).toBe(true);
    expect(outcome.message).toContain('help:');
  });

  test('a lost device rejects pending and later reads, and can be opened again', async () => {
    const doomed = await reopen();
    const x = upload(doomed, 'f32', [3], [1, 2, 3]);
    const pending = rejection(doomed.read(x));
    lose(doomed);
    expect(isVoxelgradError(await pending, 'device-lost')).toBe(true);
    expect(isVoxelgradError(await rejection(doomed.read(x)), 'device-lost')).toBe(true);
    expect(() => doomed.allocate(4)).toThrow('was lost');
    await doomed.close();
    const again = await reopen();
    expect([...(await again.read(upload(again, 'f32', [3], [1, 2, 3])))]).toEqual([1, 2, 3]);
    await again.close();
  });

  test('a closed device says so', async () => {
    const closed = await reopen();
    const x = upload(closed, 'f32', [1], [1]);
    await closed.close();
    await closed.close();
    const error = await rejection(closed.read(x));
    expect(error.message).toContain('was closed');
    expect(isVoxelgradError(error, 'device-lost')).toBe(true);
  });

  test("another device's tensor is refused", () => {
    const foreign: Operand = { buffer: { bytes: 4 }, byteOffset: 0, dtype: 'f32', shape: [1] };
    expect(() => affine(foreign, foreign, 1)).toThrow('another device');
  });

  test('reports which shaders ran, in how many variants', async () => {
    const counted = await openWebgpu({ gpu, shaders: nodeShaders(), allowSoftware: true });
    counted.kernels.fill(empty(counted, 'f32', [4]), 1);
    counted.kernels.fill(empty(counted, 'f32', [9]), 2);
    counted.kernels.fill(empty(counted, 'i32', [4]), 1);
    await counted.synchronize();
    expect(counted.coverage.report()).toEqual({ 'copy/fill': 2 });
    await counted.close();
  });

  test('a software adapter is refused unless asked for', async (context) => {
    skipOn(context, device, 'software adapter');
    const refused = await rejection(openWebgpu({ gpu, shaders: SHADERS, allowSoftware: false }));
    expect(isVoxelgradError(refused, 'device')).toBe(true);
    expect(refused.message).toContain('only a software adapter');
  });
});

/** As when a driver crashes: the device goes without anyone having closed it. */
function lose(device: WebgpuDevice): void {
  (device as unknown as { gpu: GPUDevice }).gpu.destroy();
}

test('size classes waste at most an eighth and are whole multiples of 256', () => {
  for (const bytes of [1, 256, 257, 1000, 5000, 65537, 1e6, 123456789]) {
    const size = sizeClass(bytes);
    expect(size).toBeGreaterThanOrEqual(bytes);
    expect(size % 256).toBe(0);
    expect(size).toBeLessThanOrEqual(Math.max(bytes * 1.126, bytes + 256));
  }
});
