/** What Node adds: devices opened from files on disk, worker threads and Dawn. */
import { type CpuOptions, openCpu } from './device/cpu/node.ts';
import type { Device } from './device/device.ts';
import type { NodeWebgpuOptions } from './device/webgpu/node-gpu.ts';
import type { PlanningOptions } from './device/webgpu/planning-gpu.ts';
import { isVoxelgradError, VoxelgradError } from './errors.ts';

export { type CpuOptions, openCpu } from './device/cpu/node.ts';
export type { NodeWebgpuOptions } from './device/webgpu/node-gpu.ts';
export type { PlanningOptions } from './device/webgpu/planning-gpu.ts';

/** 'auto' is the fastest real one: a hardware GPU if there is one, else the CPU. */
export type DeviceName = 'auto' | 'cpu' | 'webgpu';

/** Opens a WebGPU adapter through Dawn, which is only loaded now. Throws 'device' with what is missing. */
export async function openWebgpu(options: NodeWebgpuOptions = {}): Promise<Device> {
  const { openNodeWebgpu } = await import('./device/webgpu/node-gpu.ts');
  return openNodeWebgpu(options);
}

/**
 * Opens a WebGPU device that computes nothing and holds nothing: `memory()` tells what a real one would hold, `capture(…).memory` what a step would take.
 * Reading values throws 'device'.
 */
export async function openPlanning(options: PlanningOptions = {}): Promise<Device> {
  const { createPlanning } = await import('./device/webgpu/planning-gpu.ts');
  return createPlanning(options);
}

/**
 * Opens a device. 'auto' is the fastest real one: a hardware WebGPU adapter if there is one, else the CPU. A software adapter is about 50
 * times slower than 'cpu' and is only taken for 'webgpu', and only where VOXELGRAD_SOFTWARE_GPU or the Vulkan loader's VK_ICD_FILENAMES names its driver.
 */
export async function openDevice(name: DeviceName = 'auto', options: CpuOptions = {}): Promise<Device> {
  if (name === 'cpu') return openCpu(options);
  if (name === 'webgpu') return openWebgpu();
  if (name !== 'auto')
    throw new VoxelgradError('option', { what: 'device', expected: 'auto, cpu or webgpu', got: String(name) });
  try {
    return await openWebgpu({ allowSoftware: false });
  } catch (error) {
    if (isVoxelgradError(error, 'device')) return openCpu(options);
    throw error;
  }
}
