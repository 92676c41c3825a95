/**
 * Compiles, for `pnpm bench isa`, the matrix products that the defaults choose for nnU-Net's layers, and TensorFlow.js's conv3d beside them. Runs under
 * tools/vulkan/with-amd-compiler, which prints what becomes of them; a line `#### @ …` says before each layer whose pipelines follow.
 */
import { writeSync } from 'node:fs';
import type { Tensor5D } from '@tensorflow/tfjs-core';
import { conv3d, convTranspose3d, type Device, type DType, matmul, noGrad, tidy, zeros } from '@voxelgrad/tensor';
import { openWebgpu } from '@voxelgrad/tensor/node';
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
}

const nameOf = ({ channels: [input, output], size, kernel = 3, stride = 1, transposed = false }: Layer): string =>
  `${input}→${output}@${size}³ ${kernel}×${kernel}×${kernel}${transposed ? ' transposed' : stride > 1 ? ` stride ${stride}` : ''}`;

const announce = (purpose: string): void => void writeSync(2, `\n#### @ ${purpose}\n`);

const device = await openWebgpu({ allowSoftware: true });
for (const dtype of ['f32', 'f16'] as const) {
  for (const layer of LAYERS) {
    announce(`${nameOf(layer)}, ${dtype}`);
    tidy(() => compileLayer(device, dtype, layer));
    await device.synchronize();
  }
  announce(`512×512×512, ${dtype}`);
  tidy(() => {
    const square = zeros([512, 512], { device, dtype });
    matmul(square, square);
  });
  await device.synchronize();
}

const tfjs = await openTfjs();
if (tfjs !== undefined) {
  announce('TensorFlow.js');
  const x = tfjs.zeros([1, 32, 32, 32, 32]) as Tensor5D;
  const weight = tfjs.zeros([3, 3, 3, 32, 32]) as Tensor5D;
  tfjs.conv3d(x, weight, 1, 'same');
}
// Nothing ran, so there is nothing to wait for.
process.exit(0);
