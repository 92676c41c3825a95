/**
 * What happens when the WebGPU device breaks: it is lost at any place of a step, its memory ends, a shader of an op does not compile, WebGPU turns a
 * kernel away. Always a typed error, soon; nothing leaks, nothing hangs, and the process goes on.
 */
import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { beforeAll, describe, expect, it } from 'vitest';
import { isVoxelgradError, VoxelgradError } from '../../errors.ts';
import { broadcastTo, capture, fromArray, mean, mul, softmax, square, sum, type Tensor, tidy } from '../../index.ts';
import { Draw } from '../../reference/draw.ts';
import { GRADIENT_CASES } from '../../reference/gradient-cases.ts';
import { describeOn, empty, testValues, upload } from '../../testing.ts';
import { skipOn } from '../../testing-skips.ts';
import { write } from './dispatch.ts';
import { openedChoice, openedGpu } from './node-gpu.testing.ts';
import type { GpuChoice } from './node-gpu.ts';
import { nodeShaders } from './node-shaders.ts';
import { openWebgpu } from './open.ts';
import type { ShaderSource } from './shaders.ts';
import type { WebgpuDevice } from './webgpu-device.ts';

const SHAPE = [1, 4, 4, 4, 4];

/** As when a driver crashes: the device goes without anyone having closed it. */
const lose = (device: WebgpuDevice): void => (device as unknown as { gpu: GPUDevice }).gpu.destroy();

/** A step on a device; the parameter lives on. Of kernels that software drivers compile fast. */
function stepOn(device: WebgpuDevice): { readonly step: () => Tensor; readonly dispose: () => void } {
  const x = fromArray(testValues(SHAPE), SHAPE, { device });
  const weight = fromArray(testValues([4], 2), [4], { device }).requireGradient();
  const step = (): Tensor =>
    tidy(() => {
      let hidden = x;
      for (let layer = 0; layer < 3; layer++) hidden = square(mul(hidden, weight));
      const loss = mean(square(hidden));
      loss.backward();
      return loss.detach();
    });
  const dispose = (): void => {
    for (const tensor of [x, weight]) tensor.dispose();
  };
  return { step, dispose };
}

describeOn('webgpu', 'faults of webgpu', ({ open: openShared }) => {
  let gpu: GPU;
  let driver: GpuChoice;

  const open = (shaders: ShaderSource = nodeShaders()): Promise<WebgpuDevice> =>
    openWebgpu({ gpu, shaders, allowSoftware: true });

  beforeAll(async () => {
    await openShared();
    driver = openedChoice();
    gpu = await openedGpu();
  });

  /** The device is dead: every use says so, and everything that it held can be disposed of. */
  async function expectLost(device: WebgpuDevice, pending: readonly Promise<unknown>[]): Promise<void> {
    for (const outcome of await Promise.allSettled(pending)) {
      if (outcome.status === 'fulfilled') continue;
      expect(isVoxelgradError(outcome.reason, 'device-lost')).toBe(true);
      expect(String(outcome.reason)).toMatch(/was lost[\s\S]*help: open it again and go on from the last checkpoint/);
    }
    await expect(device.synchronize()).rejects.toThrowError(/was lost/);
    for (const use of [() => device.allocate(4), () => device.kernels.fill(empty(device, 'f32', [4]), 1)])
      expect(use).toThrowError(/was lost/);
  }

  describe('the device is lost', () => {
    it.each(['while pipelines are compiled', 'while a step runs', 'in the middle of recording a step'])(
      '%s',
      async (when) => {
        const device = await open();
        const before = device.memory();
        const { step, dispose } = stepOn(device);
        const losses: Tensor[] = [];
        if (when !== 'while pipelines are compiled') {
          losses.push(step());
          await losses[0]!.item();
        }
        losses.push(step(), step());
        const pending: Promise<unknown>[] = losses.map(async (loss) => loss.item());
        const loss = (): Promise<unknown> => (device as unknown as { gpu: GPUDevice }).gpu.lost;
        if (when === 'in the middle of recording a step') {
          // Everything that the tape holds is on a device that is gone when its gradients are asked for.
          const x = fromArray(testValues([100]), [100], { device }).requireGradient();
          const y = square(x);
          lose(device);
          await loss();
          expect(() => tidy(() => mean(y).backward())).toThrowError(/was lost/);
          for (const tensor of [x, y]) tensor.dispose();
        } else lose(device);
        const outcomes = await Promise.allSettled(pending);
        expect(outcomes.at(-1)!.status).toBe('rejected');
        await expectLost(device, pending);
        expect(step).toThrowError(/was lost/);
        for (const tensor of losses) tensor.dispose();
        dispose();
        expect(device.memory()).toMatchObject({ usedBytes: before.usedBytes, buffers: before.buffers });
        await device.close();
        await device.close();
      },
    );

    it('between replays of a captured step', async () => {
      const device = await open();
      const x = fromArray(testValues(SHAPE), SHAPE, { device });
      const captured = capture(device, () => mean(square(x)));
      captured.replay();
      expect(await captured.result.item()).toBeGreaterThan(0);
      captured.replay();
      const pending = captured.result.item();
      lose(device);
      expect((await Promise.allSettled([pending]))[0]!.status).toBe('rejected');
      await expectLost(device, [pending]);
      expect(() => captured.replay()).toThrowError(/was lost/);
      captured.dispose();
      x.dispose();
      expect(device.memory().usedBytes).toBe(0);
      await device.close();
    });

    it('and a new one computes the same bits', async () => {
      const [doomed, expected] = [await open(), await open()];
      stepOn(doomed).step();
      lose(doomed);
      await expect(doomed.synchronize()).rejects.toThrowError(/was lost/);
      const again = await open();
      expect(await stepOn(again).step().item()).toBe(await stepOn(expected).step().item());
      for (const device of [doomed, again, expected]) await device.close();
    });

    it('and does not keep the process from ending', async () => {
      const script = `
        import { fromArray, square } from '@voxelgrad/tensor';
        import { openWebgpu } from '@voxelgrad/tensor/node';
        const device = await openWebgpu({ allowSoftware: true });
        const x = fromArray([3, 4], [2], { device });
        const reading = square(x).data().catch((error) => error.code);
        device.gpu.destroy();
        console.log(await reading);
        const again = await openWebgpu({ allowSoftware: true });
        console.log(...(await square(fromArray([3, 4], [2], { device: again })).data()));
      `;
      const { stdout } = await promisify(execFile)(
        process.execPath,
        ['--import', 'tsx', '--input-type=module', '--eval', script],
        {
          // A folder from which the package's name can be resolved.
          cwd: fileURLToPath(new URL('../../../../nn/', import.meta.url)),
          env: { ...process.env, ...(driver !== 'hardware' && { VOXELGRAD_SOFTWARE_GPU: driver }) },
          timeout: 60_000,
        },
      );
      expect(stdout).toBe('device-lost\n9 16\n');
    });
  });

  describe('memory', () => {
    it('that ends in the middle of a step is told by the next read; a smaller step then computes the same bits', async (context) => {
      const device = await open();
      skipOn(context, device, 'exhausted memory');
      const { step, dispose } = stepOn(device);
      const expected = await step().item();
      const before = device.memory();
      const elements = Math.floor(Math.min(device.limits.maxBufferSize, 2 ** 30) / 4) - 1;
      const x = fromArray([2], [1], { device }).requireGradient();
      const loss = tidy(() => {
        const wide = mean(square(broadcastTo(x, [elements])));
        wide.backward();
        return wide.detach();
      });
      const error: unknown = await loss.item().catch((thrown: unknown) => thrown);
      expect(isVoxelgradError(error, 'out-of-memory')).toBe(true);
      expect(String(error)).toMatch(/room for \d+ more bytes, got \d+ bytes in use by \d+ tensors[\s\S]*help: /);
      for (const tensor of [x, loss]) tensor.dispose();
      expect(device.memory()).toMatchObject({ usedBytes: before.usedBytes, buffers: before.buffers });
      expect(await step().item()).toBe(expected);
      dispose();
      await device.close();
    });

    it.each(Object.keys(GRADIENT_CASES))(
      'refused at any place of %s and its gradient leaves nothing behind',
      async (kind) => {
        // Nothing is to be computed.
        const device = await open(async () => '');
        const { inputs, run } = GRADIENT_CASES[kind]!(new Draw(7));
        const before = device.memory();
        const allocate = device.allocate;
        let failures = 0;
        for (let room = 0; ; room++) {
          let left = room;
          device.allocate = (bytes) => {
            if (left-- === 0) throw new VoxelgradError('out-of-memory', { what: 'the test leaves no room' });
            return allocate.call(device, bytes);
          };
          let error: unknown;
          try {
            tidy(() => {
              const leaves = inputs.map(({ shape, data }) =>
                fromArray(Float32Array.from(data), shape, { device }).requireGradient(),
              );
              const out = run(leaves);
              sum(mul(out, out)).backward();
            });
          } catch (thrown) {
            error = thrown;
          }
          expect({ room, ...device.memory() }).toMatchObject({
            room,
            usedBytes: before.usedBytes,
            buffers: before.buffers,
          });
          if (error === undefined) break;
          if (!isVoxelgradError(error, 'out-of-memory')) throw error;
          failures++;
        }
        expect(failures).toBeGreaterThan(3);
        device.allocate = allocate;
        await device.close();
      },
    );

    it('of an operand that no binding can hold is refused before anything is allocated for it', async (context) => {
      const device = await open();
      skipOn(context, device, 'small bindings');
      const limit = device.limits.maxStorageBufferBindingSize;
      const x = fromArray([1], [1], { device });
      const before = device.memory();
      let error: unknown;
      try {
        tidy(() => square(broadcastTo(x, [limit / 4 + 1])));
      } catch (thrown) {
        error = thrown;
      }
      expect(isVoxelgradError(error, 'device')).toBe(true);
      expect(String(error)).toContain(`at most ${limit} bytes, the adapter's limit for one binding, got ${limit + 4}`);
      expect(device.memory()).toMatchObject({ usedBytes: before.usedBytes, buffers: before.buffers });
      expect(await square(x).item()).toBe(1);
      await device.close();
    });
  });

  describe('a kernel', () => {
    /** The shaders, but for one. */
    const replacing =
      (path: string, text: string): ShaderSource =>
      async (wanted) =>
        wanted === path ? text : nodeShaders()(wanted);

    it('whose shader does not compile is told by op and shapes; all else goes on', async () => {
      const device = await open(replacing('softmax/forward.wgsl', '@compute fn main() { missing(); }'));
      const values = testValues([3, 5]);
      const x = fromArray(values, [3, 5], { device });
      const before = device.memory();
      const [y, other] = [softmax(x), square(x)];
      const error: unknown = await y.data().catch((thrown: unknown) => thrown);
      expect(isVoxelgradError(error, 'kernel')).toBe(true);
      expect(String(error)).toMatch(/'softmax\/forward' does not compile for .* of softmax\w*\(.*f32\[3, 5\]/);
      expect(String(error)).toContain('missing');
      expect([...(await other.data())]).toEqual([...values.map((value) => value ** 2)]);
      for (const tensor of [y, other]) tensor.dispose();
      expect(device.memory()).toMatchObject({ usedBytes: before.usedBytes, buffers: before.buffers });
      await device.close();
    });

    it('that WebGPU turns away when it is enqueued is told with what was in its batch; later batches run', async () => {
      const text = `@group(0) @binding(1) var<storage, read_write> results: array<f32, 4096>;
        @compute @workgroup_size(1) fn main() { results[4095] = 1.0; }`;
      const device = await open(replacing('test/too-large.wgsl', text));
      const small = upload(device, 'f32', [4], [1, 2, 3, 4]);
      device.dispatch({
        shader: 'test/too-large',
        preamble: '',
        bindings: [write(small)],
        parameters: [],
        workgroups: [1, 1, 1],
      });
      const error: unknown = await device.read(small).catch((thrown: unknown) => thrown);
      expect(isVoxelgradError(error, 'kernel')).toBe(true);
      expect(String(error)).toMatch(/WebGPU rejects a batch of kernels[\s\S]*test\/too-large\(f32\[4\]\)/);
      device.kernels.fill(small, 7);
      expect([...(await device.read(small))]).toEqual([7, 7, 7, 7]);
      device.free(small.buffer);
      expect(device.memory()).toMatchObject({ usedBytes: 0, buffers: 0 });
      await device.close();
    });
  });
});
