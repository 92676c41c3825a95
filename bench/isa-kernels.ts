/**
 * isa-kernels.ts ours|peer: compiles, for `pnpm bench isa`, the matrix products that the defaults choose for nnU-Net's layers, candidates that they do not,
 * and the kernels around them; or TensorFlow.js's conv3d. Runs under tools/vulkan/with-amd-compiler, which prints what becomes of them; a line `#### @ …`
 * says before each layer whose pipelines follow.
 */
import { writeSync } from 'node:fs';
import type { Tensor5D } from '@tensorflow/tfjs-core';
import { Adam, Sgd } from '@voxelgrad/nn';
import {
  conv3d,
  convNorm3d,
  convTranspose3d,
  type Device,
  type DType,
  instanceNorm,
  matmul,
  mul,
  noGrad,
  type Operand,
  tidy,
  zeros,
} from '@voxelgrad/tensor';
import { openWebgpu } from '@voxelgrad/tensor/node';
import type { WebgpuDevice } from '../packages/tensor/src/device/webgpu/webgpu-device.ts';
import type { Conv3dGeometry } from '../packages/tensor/src/ops/conv3d/conv3d.kernels.ts';
import { productWebgpu, weightProductWebgpu } from '../packages/tensor/src/ops/conv3d/conv3d-choice.webgpu.ts';
import { openTfjs } from './tfjs-peer.ts';

interface Layer {
  readonly channels: readonly [input: number, output: number];
  /** Extent of the input's axes. */
  readonly size: number;
  readonly kernel?: number;
  readonly stride?: number;
  readonly transposed?: boolean;
}

/** Full-resolution U-Nets of nnU-Net: first layers, each stage, strided and transposed convolutions, decoder layers after concatenation, heads. */
const LAYERS: readonly Layer[] = [
  { channels: [1, 32], size: 64 },
  { channels: [4, 32], size: 64 },
  { channels: [16, 16], size: 64 },
  { channels: [8, 16], size: 64, stride: 2 },
  { channels: [32, 32], size: 64 },
  { channels: [32, 64], size: 64, stride: 2 },
  { channels: [64, 64], size: 32 },
  { channels: [256, 320], size: 16, stride: 2 },
  { channels: [320, 320], size: 8 },
  { channels: [64, 32], size: 64 },
  { channels: [64, 32], size: 32, kernel: 2, stride: 2, transposed: true },
  { channels: [320, 320], size: 4, kernel: 2, stride: 2, transposed: true },
  { channels: [32, 3], size: 64, kernel: 1 },
];

function compileLayer(device: Device, dtype: DType, layer: Layer): void {
  const { channels, size, kernel = 3, stride = 1, transposed = false } = layer;
  const [input, output] = channels;
  const weightShape = [kernel, kernel, kernel, ...(transposed ? [output, input] : [input, output])];
  const x = zeros([1, size, size, size, input], { device, dtype }).requireGradient();
  const weight = zeros(weightShape, { device, dtype }).requireGradient();
  const y = transposed
    ? convTranspose3d(x, weight, { stride })
    : conv3d(x, weight, { stride, padding: (kernel - 1) / 2 });
  y.backward(noGrad(() => zeros(y.shape, { device, dtype })));
  // As all but transposed ones and heads are in a network: with the norm that follows.
  if (!transposed && kernel > 1) noGrad(() => convNorm3d(x, weight, { stride, padding: (kernel - 1) / 2 }));
}

const nameOf = ({ channels: [input, output], size, kernel = 3, stride = 1, transposed = false }: Layer): string =>
  `${input}→${output}@${size}³ ${kernel}×${kernel}×${kernel}${transposed ? ' transposed' : stride > 1 ? ` stride ${stride}` : ''}`;

const announce = (purpose: string): void => void writeSync(2, `\n#### @ ${purpose}\n`);

/** The layers whose double-buffered tiles are compiled too, and the tile. */
const CANDIDATES = [
  { layer: { channels: [32, 32], size: 64 }, name: '128x32 double' },
  { layer: { channels: [64, 64], size: 32 }, name: '64x64 double' },
  { layer: { channels: [320, 320], size: 8 }, name: '32x32 double' },
] as const;

function compileCandidate(device: WebgpuDevice, dtype: DType, { layer, name }: (typeof CANDIDATES)[number]): void {
  const { size, channels } = layer;
  const [input, output] = channels;
  const operand = (shape: readonly number[], type: DType): Operand => device.temporary(type, shape);
  const [x, y] = [operand([1, size, size, size, input], dtype), operand([1, size, size, size, output], dtype)];
  const [weight, dweight] = [operand([3, 3, 3, input, output], dtype), operand([3, 3, 3, input, output], 'f32')];
  const geometry: Conv3dGeometry = { stride: [1, 1, 1], padding: [1, 1, 1], dilation: [1, 1, 1], groups: 1 };
  const bias = undefined;
  productWebgpu(device, { dataGradient: false, source: x, weight, bias, result: y, geometry }, name);
  productWebgpu(device, { dataGradient: true, source: y, weight, bias, result: x, geometry }, name);
  weightProductWebgpu(device, x, y, dweight, geometry, name);
}

async function compileOurs(): Promise<void> {
  const device = (await openWebgpu({ allowSoftware: true, tuned: false })) as WebgpuDevice;
  const compiled = async (purpose: string, work: () => void): Promise<void> => {
    announce(purpose);
    tidy(work);
    await device.synchronize();
  };
  for (const dtype of ['f32', 'f16'] as const) {
    for (const layer of LAYERS) await compiled(`${nameOf(layer)}, ${dtype}`, () => compileLayer(device, dtype, layer));
    await compiled(`512×512×512, ${dtype}`, () => {
      const square = zeros([512, 512], { device, dtype });
      matmul(square, square);
    });
    for (const candidate of CANDIDATES)
      await compiled(`${nameOf(candidate.layer)}, ${dtype}, ${candidate.name}`, () =>
        compileCandidate(device, dtype, candidate),
      );
    await compiled(`in two groups, ${dtype}`, () => {
      const x = zeros([1, 8, 8, 8, 8], { device, dtype }).requireGradient();
      const weight = zeros([3, 3, 3, 4, 8], { device, dtype }).requireGradient();
      const y = conv3d(x, weight, { padding: 1, groups: 2 });
      y.backward(noGrad(() => zeros(y.shape, { device, dtype })));
    });
    await compiled(`instance norm, ${dtype}`, () => {
      const x = zeros([2, 32, 32, 32, 32], { device, dtype }).requireGradient();
      const [scale, shift] = [zeros([32], { device }).requireGradient(), zeros([32], { device }).requireGradient()];
      const y = instanceNorm(x, { weight: scale, bias: shift, slope: 0.01 });
      y.backward(noGrad(() => zeros(y.shape, { device, dtype })));
    });
  }
  for (const Optimizer of [Sgd, Adam])
    await compiled(`optimizer ${Optimizer.name}`, () => {
      const parameter = zeros([64, 64], { device }).requireGradient();
      const optimizer = new Optimizer([parameter], { learningRate: 1 });
      mul(parameter, parameter).backward(noGrad(() => zeros([64, 64], { device })));
      optimizer.step();
    });
}

async function compilePeer(): Promise<void> {
  await openWebgpu({ allowSoftware: true, tuned: false });
  const tfjs = await openTfjs();
  if (tfjs === undefined) return;
  announce('TensorFlow.js');
  const x = tfjs.zeros([1, 32, 32, 32, 32]) as Tensor5D;
  const weight = tfjs.zeros([3, 3, 3, 32, 32]) as Tensor5D;
  tfjs.conv3d(x, weight, 1, 'same');
}

await (process.argv[2] === 'peer' ? compilePeer() : compileOurs());
// Nothing ran, so there is nothing to wait for.
process.exit(0);
