/**
 * 3-D convolutions on the cpu device against PyTorch: useful GFLOP/s, which count 2 · taps · cin · cout operations for each voxel of the smaller side however
 * many are really done (Winograd does fewer).
 */
import {
  conv3d as convolve,
  convTranspose3d,
  type Device,
  noGrad,
  RandomGenerator,
  type Tensor,
  tidy,
} from '@voxelgrad/tensor';
import { openCpu } from '@voxelgrad/tensor/node';
import { openEngine } from './javascript-engine.ts';
import { openJax } from './jax-peer.ts';
import { type BenchRow, type Candidate, interleaved, rateRow } from './measure.ts';
import { openOnnxRuntime } from './onnxruntime-peer.ts';
import { openTfjsWasm } from './tfjs-wasm-peer.ts';
import { TorchPeer } from './torch-peer.ts';

interface Case {
  readonly channels: readonly [input: number, output: number];
  readonly size: number;
  readonly stride?: number;
  readonly transposed?: boolean;
}

const CASES: readonly Case[] = [
  { channels: [32, 32], size: 64 },
  { channels: [64, 64], size: 32 },
  { channels: [128, 128], size: 16 },
  { channels: [256, 256], size: 8 },
  { channels: [1, 32], size: 64 },
  { channels: [32, 64], size: 64, stride: 2 },
  { channels: [64, 32], size: 32, stride: 2, transposed: true },
];

const nameOf = ({ channels: [input, output], size, stride = 1, transposed = false }: Case): string =>
  `${input === output ? input : `${input}→${output}`}@${size}³${transposed ? ' transposed' : stride > 1 ? ` stride ${stride}` : ''}`;

/** Operations of one direction; backward has two, or one where the input needs no gradient. */
function operations({ channels: [input, output], size, stride = 1, transposed = false }: Case): number {
  const voxels = (transposed ? size : size / stride) ** 3;
  return 2 * (transposed ? 8 : 27) * input * output * voxels;
}

export async function conv3d(): Promise<BenchRow[]> {
  const device = await openCpu();
  const peer = await TorchPeer.start(device.threads);
  const random = new RandomGenerator(1);
  const rows: BenchRow[] = [];
  for (const benchCase of CASES) {
    const { channels, size, stride = 1, transposed = false } = benchCase;
    const [input, output] = channels;
    const x = random.normal([1, size, size, size, input], device);
    const weight = random
      .normal(transposed ? [2, 2, 2, output, input] : [3, 3, 3, input, output], device, 0, 0.05)
      .requireGradient();
    if (input > 1) x.requireGradient();
    const forward = (): Tensor =>
      transposed ? convTranspose3d(x, weight, { stride }) : convolve(x, weight, { stride, padding: 1 });
    const once = async (work: () => void): Promise<undefined> => {
      tidy(work);
      await device.synchronize();
      return undefined;
    };
    const gradient = noGrad(() => random.normal(forward().shape, device));
    const request = { kind: 'conv3d', channels_in: input, channels_out: output, size, stride, transposed };
    for (const backward of [false, true]) {
      const seconds = await interleaved({
        ours: () => once(backward ? () => forward().backward(gradient) : () => void noGrad(forward)),
        ...(peer === undefined ? {} : { peer: () => peer.run({ ...request, backward }) }),
      });
      const work = operations(benchCase) * (backward ? (input > 1 ? 3 : 2) : 1) * 1e-9;
      const name = `${nameOf(benchCase)} ${backward ? 'forward + backward' : 'forward'}`;
      rows.push(rateRow(name, 'GFLOP/s', work / seconds.ours!, 'PyTorch', peer && work / seconds.peer!));
    }
    for (const tensor of [x, weight, gradient]) tensor.dispose();
  }
  peer?.stop();
  await device.close();
  return [...rows, ...(await scaling()), ...(await againstJavaScript())];
}

/**
 * How the forward pass of 32 channels scales: two threads against one, and 128³ voxels, which no cache holds, against 64³; and with wide vectors, where there
 * are any, against without.
 */
async function scaling(): Promise<BenchRow[]> {
  const device = await openCpu();
  const single = await openCpu({ threads: 1 });
  const narrow = await openCpu({ wideSimd: false });
  const forward = (device: Device, size: number) => {
    const random = new RandomGenerator(1);
    const x = random.normal([1, size, size, size, 32], device);
    const weight = random.normal([3, 3, 3, 32, 32], device, 0, 0.05);
    return async (): Promise<undefined> => {
      tidy(() => void noGrad(() => convolve(x, weight, { padding: 1 })));
      await device.synchronize();
      return undefined;
    };
  };
  const seconds = await interleaved({
    ours: forward(device, 64),
    large: forward(device, 128),
    single: forward(single, 64),
    narrow: forward(narrow, 64),
  });
  const isWide = device.description !== narrow.description;
  for (const opened of [device, single, narrow]) await opened.close();
  const work = operations({ channels: [32, 32], size: 64 }) * 1e-9;
  const [ours, large, one] = [work / seconds.ours!, (8 * work) / seconds.large!, work / seconds.single!];
  return [
    rateRow(`32@64³ forward, ${device.threads} threads`, 'GFLOP/s', ours, '1 thread', one),
    rateRow('32@128³ forward', 'GFLOP/s', large, '64³', ours),
    ...(isWide ? [rateRow('32@64³ forward, wide vectors', 'GFLOP/s', ours, 'none', work / seconds.narrow!)] : []),
  ];
}

/** A small case, since the others take a second for it. */
async function againstJavaScript(): Promise<BenchRow[]> {
  const device = await openCpu();
  const { threads } = device;
  const engines = [
    await openEngine('TensorFlow.js', () => openTfjsWasm(threads)),
    await openEngine('jax-js', openJax),
    await openEngine('onnxruntime-web', () => openOnnxRuntime(threads)),
  ].filter((engine) => engine !== undefined);
  const [channels, size] = [32, 16];
  const random = new RandomGenerator(1);
  const x = random.normal([1, size, size, size, channels], device).requireGradient();
  const weight = random.normal([3, 3, 3, channels, channels], device, 0, 0.05).requireGradient();
  const dy = random.normal(x.shape, device);
  const forward = (): Tensor => convolve(x, weight, { padding: 1 });
  const rows: BenchRow[] = [];
  for (const backward of [false, true]) {
    const candidates: Record<string, Candidate> = {
      ours: async () => {
        tidy(() => {
          if (backward) forward().backward(dy);
          else noGrad(forward);
        });
        await device.synchronize();
        return undefined;
      },
    };
    for (const engine of engines) {
      const candidate = await engine.convolution(channels, size, backward);
      if (candidate !== undefined) candidates[engine.name] = candidate;
    }
    const { ours, ...peers } = await interleaved(candidates, 3);
    const work = operations({ channels: [channels, channels], size }) * (backward ? 3 : 1) * 1e-9;
    const name = `${channels}@${size}³ ${backward ? 'forward + backward' : 'forward'}`;
    for (const [peer, seconds] of Object.entries(peers))
      rows.push(rateRow(name, 'GFLOP/s', work / ours!, peer, work / seconds));
    if (Object.keys(peers).length === 0) rows.push(rateRow(name, 'GFLOP/s', work / ours!, '', undefined));
  }
  await device.close();
  return rows;
}
