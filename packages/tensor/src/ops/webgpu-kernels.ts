/** The kernels of the WebGPU device: one factory an op. */
import type { WebgpuDevice } from '../device/webgpu/webgpu-device.ts';
import { convNormWebgpu } from './conv-norm/conv-norm.webgpu.ts';
import { conv3dWebgpu } from './conv3d/conv3d.webgpu.ts';
import { copyWebgpu } from './copy/copy.webgpu.ts';
import { elementwiseWebgpu } from './elementwise/elementwise.webgpu.ts';
import { instanceNormWebgpu } from './instance-norm/instance-norm.webgpu.ts';
import type { Kernels } from './kernels.ts';
import { matmulWebgpu } from './matmul/matmul.webgpu.ts';
import { medianWebgpu } from './median/median.webgpu.ts';
import { optimizerWebgpu } from './optimizer/optimizer.webgpu.ts';
import { randomWebgpu } from './random/random.webgpu.ts';
import { reduceWebgpu } from './reduce/reduce.webgpu.ts';
import { resampleWebgpu } from './resample/resample.webgpu.ts';
import { resizeLabelsWebgpu } from './resize-labels/resize-labels.webgpu.ts';
import { softmaxWebgpu } from './softmax/softmax.webgpu.ts';

export const createWebgpuKernels = (device: WebgpuDevice): Kernels => ({
  ...conv3dWebgpu(device),
  ...convNormWebgpu(device),
  ...copyWebgpu(device),
  ...elementwiseWebgpu(device),
  ...instanceNormWebgpu(device),
  ...matmulWebgpu(device),
  ...medianWebgpu(device),
  ...optimizerWebgpu(device),
  ...randomWebgpu(device),
  ...reduceWebgpu(device),
  ...resampleWebgpu(device),
  ...resizeLabelsWebgpu(device),
  ...softmaxWebgpu(device),
});
