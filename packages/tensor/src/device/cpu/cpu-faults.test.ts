/**
 * What happens when the cpu device breaks: a worker thread that dies in the middle of a step, and no memory left at any place of one. Always a typed
 * error, soon; nothing leaks, nothing hangs, and the process goes on.
 */
import { execFile } from 'node:child_process';
import { setImmediate } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { Worker } from 'node:worker_threads';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isVoxelgradError, VoxelgradError } from '../../errors.ts';
import {
  capture,
  conv3d,
  fromArray,
  instanceNorm,
  keep,
  mean,
  mul,
  square,
  sum,
  type Tensor,
  tidy,
} from '../../index.ts';
import { Draw, type GradientCase } from '../../reference/draw.ts';
import { GRADIENT_CASES } from '../../reference/gradient-cases.ts';
import { testValues } from '../../testing.ts';
import type { DeviceBuffer } from '../device.ts';
import type { CpuDevice } from './cpu-device.ts';
import { openCpu } from './node.ts';

const SHAPE = [1, 16, 16, 16, 16];
const WEIGHTS = [3, 3, 3, 16, 16];

/** The worker threads of a device that is opened meanwhile. */
async function openWithWorkers(threads: number): Promise<{ readonly device: CpuDevice; readonly workers: Worker[] }> {
  const workers: Worker[] = [];
  const note = (worker: Worker): void => void workers.push(worker);
  process.on('worker', note);
  const device = await openCpu({ threads });
  // The event comes a tick later.
  await setImmediate();
  process.off('worker', note);
  return { device, workers };
}

/** A small network's step on a device; the parameters live on. */
function stepOn(device: CpuDevice): { readonly step: () => Tensor; readonly dispose: () => void } {
  const x = fromArray(testValues(SHAPE), SHAPE, { device });
  const weight = fromArray(testValues(WEIGHTS, 2), WEIGHTS, { device }).requireGradient();
  const step = (): Tensor =>
    tidy(() => {
      let hidden = x;
      for (let layer = 0; layer < 6; layer++) hidden = instanceNorm(conv3d(hidden, weight, { padding: [1, 1, 1] }));
      const loss = mean(square(hidden));
      loss.backward();
      return loss.detach();
    });
  const dispose = (): void => {
    for (const tensor of [x, weight]) tensor.dispose();
  };
  return { step, dispose };
}

describe('a worker thread that dies', () => {
  it.each([1, 2, 4])('rejects all that is awaited, one of %i threads', async (threads) => {
    const { device, workers } = await openWithWorkers(threads);
    expect(workers).toHaveLength(threads);
    const { step, dispose } = stepOn(device);
    step().dispose();
    const before = device.memory();
    const losses = Array.from({ length: 20 }, () => step());
    const reads: Promise<unknown>[] = losses.map(async (loss) => loss.item());
    // Many times what the ring holds, so that not all of it can run without the thread that dies.
    const filled = device.allocate(2 ** 20);
    const large = { buffer: filled, byteOffset: 0, dtype: 'f32', shape: [2 ** 18] } as const;
    for (let i = 0; i < 8000; i++) device.kernels.fill(large, i);
    reads.push(device.read(large));
    device.free(filled);
    // Everything is on its way to the threads; the first results have come.
    await reads[0];
    const dying = workers.at(-1)!.terminate();
    const outcomes = await Promise.allSettled([...reads, device.synchronize()]);
    await dying;
    const failed = outcomes.filter((outcome) => outcome.status === 'rejected');
    expect(failed.length).toBeGreaterThan(0);
    for (const { reason } of failed) expect(isVoxelgradError(reason, 'device-lost')).toBe(true);
    expect(String(failed[0]!.reason)).toMatch(/worker thread[\s\S]*died[\s\S]*help: open the device again/);

    // From now on every use says the same, at once, and frees what it had begun.
    for (const use of [step, () => device.allocate(4), () => device.write(losses[0]!, Float32Array.of(1))])
      expect(use).toThrowError(/worker thread/);
    await expect(device.synchronize()).rejects.toThrowError(/worker thread/);
    for (const loss of losses) loss.dispose();
    expect(device.memory().usedBytes).toBe(before.usedBytes);
    dispose();
    await device.close();
    await device.close();

    const again = await openCpu({ threads });
    const fresh = stepOn(again);
    expect(await fresh.step().item()).toBeGreaterThan(0);
    await again.close();
  });

  it('does not keep the process from ending, nor does the device that is never closed', async () => {
    const script = `
      import { fromArray, square } from '@voxelgrad/tensor';
      import { openCpu } from '@voxelgrad/tensor/node';
      const workers = [];
      process.on('worker', (worker) => workers.push(worker));
      const device = await openCpu({ threads: 2 });
      let x = fromArray(new Float32Array(1 << 22).fill(1), [1 << 22], { device });
      for (let i = 0; i < 3000; i++) { const y = square(x); x.dispose(); x = y; }
      await new Promise((resolve) => setImmediate(resolve));
      const reading = x.data().catch((error) => error.code);
      await workers[0].terminate();
      console.log(await reading);
      const again = await openCpu({ threads: 2 });
      console.log(...(await square(fromArray([3, 4], [2], { device: again })).data()));
    `;
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--import', 'tsx', '--input-type=module', '--eval', script],
      // A folder from which the package's name can be resolved.
      { cwd: fileURLToPath(new URL('../../../../nn/', import.meta.url)), timeout: 60_000 },
    );
    expect(stdout).toBe('device-lost\n9 16\n');
  });
});

describe('a kernel that fails', () => {
  it('in a captured step is named by its op and shapes as well, at every replay', async () => {
    const device = await openCpu({ threads: 2 });
    const x = fromArray(testValues([3, 50]), [3, 50], { device });
    const step = capture(device, () => {
      const y = square(x);
      // Far outside of the memory.
      device.kernels.binary('add', { ...x, buffer: x.buffer, byteOffset: 2 ** 31 }, x, y, 0);
      return y;
    });
    for (let i = 0; i < 3; i++) {
      step.replay();
      await expect(step.result.data()).rejects.toThrowError(
        / of binary add\(f32\[3, 50\], f32\[3, 50\], f32\[3, 50\]\)/,
      );
    }
    step.dispose();
    await device.close();
  });
});

describe('no memory left', () => {
  let device: CpuDevice;
  beforeAll(async () => {
    device = await openCpu({ threads: 2 });
  });
  afterAll(async () => device.close());

  /** Runs `work` with room for so many allocations. */
  function withRoomFor<Result>(allocations: number, work: () => Result): Result {
    const allocate = device.allocate;
    let left = allocations;
    device.allocate = (bytes) => {
      if (left-- === 0) throw new VoxelgradError('out-of-memory', { what: 'the test leaves no room' });
      return allocate.call(device, bytes);
    };
    try {
      return work();
    } finally {
      device.allocate = allocate;
    }
  }

  /** Forward and backward; the gradients are what lasts. */
  function run({ inputs, run }: GradientCase): void {
    tidy(() => {
      const leaves = inputs.map(({ shape, data }) =>
        fromArray(Float32Array.from(data), shape, { device }).requireGradient(),
      );
      const out = run(leaves);
      sum(mul(out, out)).backward();
    });
  }

  it.each(Object.keys(GRADIENT_CASES))('at any place of %s and its gradient leaves nothing behind', (kind) => {
    const gradientCase = GRADIENT_CASES[kind]!(new Draw(7));
    const before = device.memory();
    let failures = 0;
    for (let room = 0; ; room++) {
      let error: unknown;
      try {
        withRoomFor(room, () => run(gradientCase));
      } catch (thrown) {
        error = thrown;
      }
      expect({ room, ...device.memory(), peakBytes: 0, reservedBytes: 0 }).toEqual({
        room,
        ...before,
        peakBytes: 0,
        reservedBytes: 0,
      });
      if (error === undefined) break;
      if (!isVoxelgradError(error, 'out-of-memory')) throw error;
      failures++;
    }
    expect(failures).toBeGreaterThan(3);
  });

  it('in a step that is too large is told, and a smaller one runs as if nothing had been', async () => {
    const { step, dispose } = stepOn(device);
    const expected = await step().item();
    const before = device.memory().usedBytes;
    const held: DeviceBuffer[] = [];
    const holdAllBut = (smallest: number): void => {
      for (let bytes = 2 ** 31; bytes >= smallest; bytes /= 2)
        try {
          for (;;) held.push(device.allocate(bytes));
        } catch (error) {
          if (!isVoxelgradError(error, 'out-of-memory')) throw error;
        }
    };
    // All but 16 MiB of the address space, so that the engine refuses to grow the memory in the middle of the step.
    holdAllBut(2 ** 24);
    const wide = tidy(() => keep(fromArray(testValues([2 ** 20]), [2 ** 20], { device })));
    let error: unknown;
    try {
      for (let i = 0; i < 20; i++) held.push(square(wide).buffer);
    } catch (thrown) {
      error = thrown;
    }
    expect(isVoxelgradError(error, 'out-of-memory')).toBe(true);
    expect(String(error)).toMatch(/bytes in use of at most[\s\S]*help: use a smaller patch/);
    // What the upload took on its way comes back at some time: with all of it held, and the rest, not even a small step has room.
    await device.synchronize();
    holdAllBut(2 ** 8);
    expect(step).toThrowError(/no room/);
    for (const buffer of held) device.free(buffer);
    wide.dispose();
    expect(device.memory().usedBytes).toBe(before);
    expect(await step().item()).toBe(expected);
    dispose();
  });
});
