/** Tuning: what it leaves alone, what it never chooses, and that its choices are taken. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { fromArray } from '../create.ts';
import type { Device } from '../device/device.ts';
import type { ChoiceStore, Question } from '../device/webgpu/choices.ts';
import { read, write } from '../device/webgpu/dispatch.ts';
import { openedGpu } from '../device/webgpu/node-gpu.testing.ts';
import { nodeShaders } from '../device/webgpu/node-shaders.ts';
import { openWebgpu } from '../device/webgpu/open.ts';
import { shadersFrom } from '../device/webgpu/shaders.ts';
import { tuneQuestions } from '../device/webgpu/tuning.ts';
import type { WebgpuDevice } from '../device/webgpu/webgpu-device.ts';
import { conv3d } from '../ops/conv3d/conv3d.ts';
import { TILE_VARIANTS } from '../ops/conv3d/conv3d.variants.ts';
import { matmul } from '../ops/matmul/matmul.ts';
import { tidy } from '../scope.ts';
import type { Tensor } from '../tensor.ts';
import { describeOn, describeOnEach, empty, testValues, upload } from '../testing.ts';
import { tune } from './tune.ts';

const multiply = (device: Device, size: number): Tensor => {
  const a = fromArray(testValues([size, size]), [size, size], { device });
  return matmul(a, a);
};

describeOnEach('tuning on $name', ({ open }) => {
  test('computes nothing of what it is given', async () => {
    const device = await open();
    const weight = fromArray(testValues([2, 2]), [2, 2], { device });
    const before = await weight.data();
    const used = device.memory().usedBytes;
    const progress: [number, number][] = [];
    const work = (): Tensor => tidy(() => matmul(weight, weight));
    const tuned = await tune(device, work, (done, total) => progress.push([done, total]));
    expect(await weight.data()).toEqual(before);
    expect(device.memory().usedBytes).toBe(used);
    if (device.kind === 'cpu') expect(tuned).toEqual([]);
    else {
      expect(progress).toEqual([
        [0, 1],
        [1, 1],
      ]);
      expect(tuned.map(({ kernel }) => kernel)).toEqual(['matmul f32[1, 2, 2], f32[1, 2, 2], f32[1, 2, 2] a b']);
      expect(Object.keys(tuned[0]!.seconds)).toContain(tuned[0]!.chosen);
      expect(await tune(device, work)).toEqual([]);
    }
    weight.dispose();
  });
});

/** `out[i] = x[i] · FACTOR`, as often as it is told to. */
const SHADERS = shadersFrom({
  'test/scale.wgsl': `@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;
@compute @workgroup_size(1) fn main() { for (var i = 0; i < 4; i++) { out[i] = x[i] * FACTOR; } }`,
});

describeOn('webgpu', 'tuned choices', ({ open }) => {
  let gpu: GPU;
  const opened: WebgpuDevice[] = [];
  beforeAll(async () => {
    await open();
    gpu = await openedGpu();
  });
  afterAll(async () => {
    for (const device of opened) await device.close();
  });
  const openWith = async (tuned?: ChoiceStore, shaders = nodeShaders()): Promise<WebgpuDevice> => {
    const device = await openWebgpu({ gpu, shaders, allowSoftware: true, tuned });
    opened.push(device);
    return device;
  };
  const memoryStore = (): ChoiceStore => {
    const texts = new Map<string, string>();
    return {
      read: async (adapter) => texts.get(adapter),
      write: async (adapter, text) => void texts.set(adapter, text),
    };
  };

  test('what computes something else, does not compile, or is slow is not chosen', async () => {
    const device = await openWith(undefined, async (path) => (await SHADERS(path)) ?? nodeShaders()(path));
    const operands = [upload(device, 'f32', [4], [1, 2, 3, 4]), empty(device, 'f32', [4])];
    const factors: Record<string, string> = { right: '2.0', wrong: '2.01', broken: 'undeclared', slow: '2.0' };
    const question: Question = {
      kernel: 'scale',
      detail: '',
      operands,
      candidates: Object.keys(factors),
      preset: 'slow',
      run: (name, [x, out]) => {
        for (let i = 0; i < (name === 'slow' ? 400 : 1); i++)
          device.dispatch({
            shader: 'test/scale',
            preamble: `const FACTOR = ${factors[name]};`,
            bindings: [read(x!), write(out!)],
            parameters: [],
            workgroups: [1, 1, 1],
          });
      },
    };
    const kept: string[] = [];
    const [tuned] = await tuneQuestions(device, new Map([['scale', question]]), async ({ chosen }) => {
      kept.push(chosen);
    });
    expect(kept).toEqual(['right']);
    expect(tuned!.chosen).toBe('right');
    expect(Object.keys(tuned!.seconds).sort()).toEqual(['right', 'slow']);
  });

  test('are taken by later devices, with the same bits', async () => {
    const store = memoryStore();
    const [x, weight] = [
      [1, 3, 4, 5, 8],
      [3, 3, 3, 8, 8],
    ] as const;
    const convolve = (device: Device): Tensor =>
      tidy(() =>
        conv3d(fromArray(testValues(x), x, { device }), fromArray(testValues(weight, 2), weight, { device }), {
          padding: 1,
        }),
      );
    const first = await openWith(store);
    const tuned = await tune(first, () => convolve(first));
    expect(tuned.map(({ kernel }) => kernel)).toEqual([
      'conv3d f32[1, 3, 4, 5, 8], f32[3, 3, 3, 8, 8], f32[1, 3, 4, 5, 8] stride 1 1 1 padding 1 1 1 dilation 1 1 1',
    ]);
    const second = await openWith(store);
    expect(await tune(second, () => convolve(second))).toEqual([]);
    expect(await convolve(second).data()).toEqual(await convolve(first).data());
  });

  test('that are kept decide which shader runs', async () => {
    const asked = async (name: string): Promise<number> => {
      const store = memoryStore();
      const probe = await openWith(store);
      await probe.choices.keep(new Map([['matmul f32[1, 64, 64], f32[1, 64, 64], f32[1, 64, 64] a b', name]]));
      const device = await openWith(store);
      let threads = 0;
      const dispatch = device.dispatch.bind(device);
      device.dispatch = (command) => {
        if (command.shader === 'matmul/matmul') threads = Number(/THREADS_M = (\d+)/.exec(command.preamble)![1]);
        dispatch(command);
      };
      tidy(() => multiply(device, 64)).dispose();
      await device.synchronize();
      return threads;
    };
    expect(await asked('128x32')).toBe(TILE_VARIANTS['128x32'].threadsM);
    expect(await asked('32x32')).toBe(TILE_VARIANTS['32x32'].threadsM);
  });
});
