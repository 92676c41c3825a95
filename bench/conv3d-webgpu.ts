/**
 * 3-D convolutions on WebGPU against TensorFlow.js on the same adapter: the machine's GPU or, without one, a driver that computes on the processor
 * (VOXELGRAD_SOFTWARE_GPU chooses), where sizes are small. Useful GFLOP/s, as in conv3d.ts. All results of both are read back,
 * and compared.
 */
import type { Tensor5D } from '@tensorflow/tfjs-core';
import {
  conv3d as convolve,
  type Device,
  fromArray,
  isVoxelgradError,
  RandomGenerator,
  type Tensor,
  tidy,
} from '@voxelgrad/tensor';
import { openWebgpu } from '@voxelgrad/tensor/node';
import { type BenchRow, interleaved, rateRow } from './measure.ts';
import { openTfjs } from './tfjs-peer.ts';

interface Case {
  readonly channels: number;
  readonly size: number;
}

const CASES: readonly Case[] = [
  { channels: 32, size: 64 },
  { channels: 64, size: 32 },
  { channels: 128, size: 16 },
];
const SOFTWARE_CASES: readonly Case[] = [
  { channels: 32, size: 16 },
  { channels: 64, size: 12 },
];
const SOFTWARE_ROUNDS = 3;
const PEER = 'TensorFlow.js';

/** The machine's GPU, or Mesa's software driver, or SwiftShader, whichever is there first. */
async function openAny(): Promise<Device> {
  for (const options of [{}, { driver: 'lavapipe', allowSoftware: true }] as const)
    try {
      return await openWebgpu(options);
    } catch (error) {
      if (!isVoxelgradError(error, 'device')) throw error;
    }
  return openWebgpu({ driver: 'swiftshader', allowSoftware: true });
}

interface Readable {
  data(): Promise<ArrayLike<number>>;
  dispose(): void;
}

/** All values, to the host; the tensors are freed. */
async function readAll(tensors: readonly Readable[]): Promise<readonly ArrayLike<number>[]> {
  const values = await Promise.all(tensors.map((tensor) => tensor.data()));
  for (const tensor of tensors) tensor.dispose();
  return values;
}

/** Relative to the largest magnitude. */
function expectEqual(ours: ArrayLike<number>, peer: ArrayLike<number>, what: string): void {
  let [largest, worst] = [0, 0];
  for (let i = 0; i < peer.length; i++) {
    largest = Math.max(largest, Math.abs(peer[i]!));
    worst = Math.max(worst, Math.abs(peer[i]! - ours[i]!));
  }
  if (!(worst <= 1e-4 * largest)) throw new Error(`${what}: results differ by ${worst}`);
}

export async function conv3dWebgpu(): Promise<BenchRow[]> {
  const device = await openAny();
  process.stderr.write(`${device.description}\n`);
  const software = /swiftshader|llvmpipe/i.test(device.description);
  const tfjs = await openTfjs();
  const rows: BenchRow[] = [];
  for (const { channels, size } of software ? SOFTWARE_CASES : CASES) {
    const shape = [1, size, size, size, channels] as [number, number, number, number, number];
    const weightShape = [3, 3, 3, channels, channels] as [number, number, number, number, number];
    const values = async (seed: number, shape: readonly number[], deviation: number): Promise<Float32Array> => {
      const made = new RandomGenerator(seed).normal(shape, device, 0, deviation);
      const host = (await made.data()) as Float32Array;
      made.dispose();
      return host;
    };
    const hosts = [await values(1, shape, 1), await values(2, weightShape, 0.05), await values(3, shape, 1)] as const;
    const [x, weight, gradient] = hosts.map((host, i) =>
      fromArray(host, i === 1 ? weightShape : shape, { device }),
    ) as [Tensor, Tensor, Tensor];
    const peers = tfjs && {
      x: tfjs.tensor(hosts[0], shape) as Tensor5D,
      weight: tfjs.tensor(hosts[1], weightShape) as Tensor5D,
      gradient: tfjs.tensor(hosts[2], shape) as Tensor5D,
    };
    for (const backward of [false, true]) {
      const results: { ours?: readonly ArrayLike<number>[]; peer?: readonly ArrayLike<number>[] } = {};
      const ours = async (): Promise<undefined> => {
        const made = tidy(() => {
          if (!backward) return [convolve(x, weight, { padding: 1 })];
          // New leaves each time: gradients would add up.
          const [leaf, weightLeaf] = [x.detach().requireGradient(), weight.detach().requireGradient()];
          const y = convolve(leaf, weightLeaf, { padding: 1 });
          y.backward(gradient);
          return [leaf.gradient!.detach(), weightLeaf.gradient!.detach(), y.detach()];
        });
        results.ours = await readAll(made);
        return undefined;
      };
      const peer = async (): Promise<undefined> => {
        if (tfjs === undefined || peers === undefined) return undefined;
        const { x, weight, gradient } = peers;
        const made = [tfjs.conv3d(x, weight, 1, 'same')];
        if (backward) {
          // The kernels that its gradient of conv3d runs; its npm package does not register that.
          const attributes = { pad: 'same', strides: [1, 1, 1] };
          const engine = tfjs.engine();
          made.unshift(
            engine.runKernel(
              'Conv3DBackpropInputV2',
              { dy: gradient, filter: weight },
              { ...attributes, inputShape: shape },
            ),
            engine.runKernel(
              'Conv3DBackpropFilterV2',
              { x, dy: gradient },
              { ...attributes, filterShape: weightShape },
            ),
          );
        }
        results.peer = await readAll(made);
        return undefined;
      };
      const rounds = software ? SOFTWARE_ROUNDS : undefined;
      const seconds = await interleaved({ ours, ...(tfjs === undefined ? {} : { peer }) }, rounds);
      const name = `${channels}@${size}³ ${backward ? 'forward + backward' : 'forward'}`;
      for (const [i, values] of (results.peer ?? []).entries()) expectEqual(results.ours![i]!, values, name);
      const work = 2 * 27 * channels ** 2 * size ** 3 * (backward ? 3 : 1) * 1e-9;
      rows.push(rateRow(name, 'GFLOP/s', work / seconds.ours!, PEER, tfjs && work / seconds.peer!));
    }
    for (const tensor of [x, weight, gradient]) tensor.dispose();
    for (const tensor of Object.values(peers ?? {})) tensor.dispose();
  }
  await device.close();
  return rows;
}
