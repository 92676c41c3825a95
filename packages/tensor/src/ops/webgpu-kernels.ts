/** The WebGPU device's table of kernels. */
import type { WebgpuDevice } from '../device/webgpu/webgpu-device.ts';
import type { Kernels } from './kernels.ts';

export function createWebgpuKernels(device: WebgpuDevice): Kernels {
  void device;
  return {} as Kernels;
}
