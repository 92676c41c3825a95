/** The WebGPU device's table of kernels. */
import type { WebgpuDevice } from '../device/webgpu/webgpu-device.ts';
import { copyWebgpu } from './copy/copy.webgpu.ts';
import { elementwiseWebgpu } from './elementwise/elementwise.webgpu.ts';
import type { Kernels } from './kernels.ts';

export function createWebgpuKernels(device: WebgpuDevice): Kernels {
  return {
    ...copyWebgpu(device),
    ...elementwiseWebgpu(device),
  } as Kernels;
}
