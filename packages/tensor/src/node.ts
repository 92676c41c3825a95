/** What Node adds: devices opened from files on disk, worker threads and Dawn. */
import type { Device } from './device/device.ts';
import { type CpuOptions, openCpu } from './device/cpu/node.ts';
import { openNodeWebgpu } from './device/webgpu/node-gpu.ts';
import { isVoxelgradError, VoxelgradError } from './errors.ts';

export { type CpuOptions, openCpu } from './device/cpu/node.ts';
export { openNodeWebgpu as openWebgpu } from './device/webgpu/node-gpu.ts';

export type DeviceName = 'auto' | 'cpu' | 'webgpu';

/**
 * Opens a device. 'auto' is the fastest real one: a hardware WebGPU adapter if there is one, else the CPU. A software adapter is about 50
 * times slower than 'cpu' and is only taken for 'webgpu', and only where VOXELGRAD_SOFTWARE_GPU names its driver.
 */
export async function openDevice(name: DeviceName = 'auto', options: CpuOptions = {}): Promise<Device> {
  if (name === 'cpu') return openCpu(options);
  if (name === 'webgpu') return openNodeWebgpu();
  if (name !== 'auto')
    throw new VoxelgradError('option', { what: 'device', expected: 'auto, cpu or webgpu', got: String(name) });
  try {
    return await openNodeWebgpu({ allowSoftware: false });
  } catch (error) {
    if (isVoxelgradError(error, 'device')) return openCpu(options);
    throw error;
  }
}
