import { describe, expect, it } from 'vitest';
import { isVoxelgradError } from '../../errors.ts';
import { empty, upload } from '../../testing.ts';
import { openCpu } from './node.ts';

describe('the cpu device', () => {
  it('runs far more commands than the ring holds, in order', async () => {
    const device = await openCpu({ threads: 2 });
    const total = upload(device, 'f32', [64], new Float32Array(64));
    const one = upload(device, 'f32', [64], new Float32Array(64).fill(1));
    for (let i = 0; i < 10_000; i++) device.kernels.accumulate(one, total, 1);
    expect((await device.read(total))[63]).toBe(10_000);
    await device.close();
  });

  it('reads values as they were when read was called', async () => {
    const device = await openCpu({ threads: 2 });
    const x = upload(device, 'f32', [4], [1, 2, 3, 4]);
    const before = device.read(x);
    device.kernels.fill(x, 9);
    expect([...(await before)]).toEqual([1, 2, 3, 4]);
    expect([...(await device.read(x))]).toEqual([9, 9, 9, 9]);
    await device.close();
  });

  it('writes in the order of the queue, also into memory that was just freed', async () => {
    const device = await openCpu({ threads: 2 });
    const out = empty(device, 'f32', [1 << 18]);
    for (let i = 0; i < 50; i++) {
      const x = upload(device, 'f32', [1 << 18], new Float32Array(1 << 18).fill(i));
      device.kernels.unary('scale', x, out, 2);
      device.free(x.buffer);
    }
    const values = await device.read(out);
    expect(values.every((value) => value === 98)).toBe(true);
    await device.close();
  });

  it('does not take more and more memory for uploads while it is busy', async () => {
    const device = await openCpu({ threads: 2 });
    const values = new Float32Array(1 << 18).fill(1);
    const total = upload(device, 'f32', [1 << 18], new Float32Array(1 << 18));
    let previous = device.synchronize();
    for (let i = 0; i < 200; i++) {
      const x = upload(device, 'f32', [1 << 18], values);
      for (let k = 0; k < 4; k++) device.kernels.accumulate(x, total, 1);
      device.free(x.buffer);
      // One step behind, as training is: the queue never runs dry.
      const current = device.synchronize();
      await previous;
      previous = current;
    }
    await previous;
    expect((await device.read(total))[0]).toBe(800);
    expect(device.memory().reservedBytes).toBeLessThan(32 * 2 ** 20);
    await device.close();
  });

  it('keeps f16 to the nearest even', async () => {
    const device = await openCpu({ threads: 1 });
    const values = [
      0,
      -0,
      1,
      65504,
      65520,
      2 ** -24,
      2 ** -25,
      1.5 * 2 ** -24,
      1 + 2 ** -11,
      1 + 3 * 2 ** -11,
      Number.NaN,
      -1e9,
    ];
    const expected = [0, -0, 1, 65504, Infinity, 2 ** -24, 0, 2 ** -23, 1, 1 + 2 ** -9, Number.NaN, -Infinity];
    expect([...(await device.read(upload(device, 'f16', [values.length], values)))]).toEqual(expected);
    await device.close();
  });

  it('refuses more memory than there is, and stays usable', async () => {
    const device = await openCpu({ threads: 1 });
    const held = device.allocate(2 ** 31);
    expect(() => device.allocate(2 ** 31)).toThrowError(/bytes in use[\s\S]*help/);
    device.free(held);
    const x = upload(device, 'f32', [2], [1, 2]);
    expect([...(await device.read(x))]).toEqual([1, 2]);
    await device.close();
  });

  it('rejects with a typed error when a kernel fails, and stays usable', async () => {
    const device = await openCpu({ threads: 2 });
    const x = upload(device, 'f32', [2], [1, 2]);
    await device.read(x);
    // Far outside of the memory: the kernel traps.
    device.enqueue('copyBytes', 1, [0xfffffff0, 0, 4096, 4096]);
    const failure: unknown = await device.read(x).catch((error: unknown) => error);
    expect(isVoxelgradError(failure, 'kernel')).toBe(true);
    expect(String(failure)).toMatch(/the cpu kernel copyBytes failed: RuntimeError: memory access out of bounds/);
    expect([...(await device.read(x))]).toEqual([1, 2]);
    await device.close();
    const closed: unknown = await device.synchronize().catch((error: unknown) => error);
    expect(isVoxelgradError(closed, 'device')).toBe(true);
  });

  it('names the op and the shapes of a kernel that failed, on every thread', async () => {
    const device = await openCpu({ threads: 2 });
    const x = upload(device, 'f32', [2, 70_000], new Float32Array(140_000));
    const outside = { ...x, byteOffset: 2 ** 31 };
    for (let i = 0; i < 50; i++) {
      device.kernels.fill(x, i);
      device.kernels.unary('exp', outside, x, 0);
      await expect(device.read(x)).rejects.toThrowError(/ of unary exp\(f32\[2, 70000\], f32\[2, 70000\]\) failed/);
      // The failure is told once, whichever worker's message comes first.
      device.kernels.fill(x, i);
      expect((await device.read(x))[139_999]).toBe(i);
    }
    await device.close();
  });

  it('says which kernel it lacks', async () => {
    const device = await openCpu({ threads: 1 });
    expect(() => device.enqueue('noSuchKernel', 1, [])).toThrowError(/no cpu kernel named noSuchKernel[\s\S]*help/);
    const x = upload(device, 'f32', [2], [1, 2]);
    expect([...(await device.read(x))]).toEqual([1, 2]);
    await device.close();
  });

  it('takes nothing once it is closed', async () => {
    const device = await openCpu({ threads: 1 });
    const x = upload(device, 'f32', [2], [1, 2]);
    await device.close();
    await device.close();
    for (const use of [
      () => device.allocate(4),
      () => device.kernels.fill(x, 1),
      () => device.write(x, Float32Array.of(3, 4)),
    ])
      expect(use).toThrowError(/was closed/);
    await expect(device.read(x)).rejects.toThrowError(/was closed/);
    device.free(x.buffer);
  });
});
