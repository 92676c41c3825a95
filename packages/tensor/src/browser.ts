/** What browsers add: devices opened on `navigator.gpu`, and on worker threads or the page's own. Nothing leaves the machine. */
import { type BrowserCpuOptions, openCpu } from './device/cpu/browser.ts';
import type { Device } from './device/device.ts';
import { openBrowserWebgpu } from './device/webgpu/browser.ts';
import { isVoxelgradError, VoxelgradError } from './errors.ts';

export { type BrowserCpuOptions, openCpu } from './device/cpu/browser.ts';
export { type BrowserWebgpuOptions, openBrowserWebgpu } from './device/webgpu/browser.ts';
export { createPlanning, type PlanningOptions } from './device/webgpu/planning-gpu.ts';

/** 'auto' is the fastest real one: a hardware GPU if there is one, else the CPU. */
export type DeviceName = 'auto' | 'cpu' | 'webgpu';

/**
 * Opens a device. 'auto' is the fastest real one: a hardware WebGPU adapter if there is one, else the CPU. A software adapter is about 50
 * times slower than 'cpu' and is only taken for 'webgpu'. The CPU computes with `threads` worker threads on pages that are cross-origin
 * isolated, and on the page's own thread elsewhere.
 */
export async function openDevice(name: DeviceName = 'auto', options: BrowserCpuOptions = {}): Promise<Device> {
  const assets = options.assets === undefined ? {} : { assets: options.assets };
  if (name === 'cpu') return openCpu(options);
  if (name === 'webgpu') return openBrowserWebgpu({ allowSoftware: true, ...assets });
  if (name !== 'auto')
    throw new VoxelgradError('option', { what: 'device', expected: 'auto, cpu or webgpu', got: String(name) });
  try {
    return await openBrowserWebgpu({ allowSoftware: false, ...assets });
  } catch (error) {
    if (isVoxelgradError(error, 'device')) return openCpu(options);
    throw error;
  }
}
