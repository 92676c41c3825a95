/**
 * The GPU object of npm's `webgpu` (Dawn), and the WebGPU device on it. The object must stay referenced for as long as anything made from it
 * lives: when it is collected, the process crashes.
 */
import { VoxelgradError } from '../../errors.ts';
import { followCoverage, writeCoverage } from './node-coverage.ts';
import { nodeShaders } from './node-shaders.ts';
import { openWebgpu } from './open.ts';
import { type SoftwareDriver, softwareDriverFromEnvironment, useSoftwareDriver } from './software-driver.ts';
import type { WebgpuDevice } from './webgpu-device.ts';

const created = new Map<SoftwareDriver | 'own', Promise<GPU>>();

/**
 * The process's GPU object on `driver` or, without one, on the machine's own. Once a software driver is chosen there is no way to another:
 * the Vulkan loader has it.
 */
export function createNodeGpu(driver: SoftwareDriver | undefined): Promise<GPU> {
  const wanted = driver ?? 'own';
  const known = created.get(wanted);
  if (known !== undefined) return known;
  const chosen = [...created.keys()].find((name) => name !== 'own');
  if (chosen !== undefined)
    throw new VoxelgradError('device', {
      what: 'the Vulkan driver of this process is already chosen',
      expected: chosen,
      got: wanted,
      help: 'start another process for another driver',
    });
  const gpu = createGpu(driver);
  created.set(wanted, gpu);
  return gpu;
}

async function createGpu(driver: SoftwareDriver | undefined): Promise<GPU> {
  if (driver !== undefined) await useSoftwareDriver(driver);
  try {
    const { create } = await import('webgpu');
    return create(['enable-dawn-features=allow_unsafe_apis']);
  } catch (cause) {
    throw new VoxelgradError('device', {
      what: `WebGPU is not to be had on ${process.platform} ${process.arch}: the npm package webgpu does not load`,
      help: "use device 'cpu'",
      cause,
    });
  }
}

export interface NodeWebgpuOptions {
  /** By default what VOXELGRAD_SOFTWARE_GPU names. */
  readonly driver?: SoftwareDriver;
  /** Takes a software adapter also where no driver is named. */
  readonly allowSoftware?: boolean;
}

/** Opens the WebGPU device in Node. Throws 'device' with what is missing. */
export async function openNodeWebgpu(options: NodeWebgpuOptions = {}): Promise<WebgpuDevice> {
  const driver = options.driver ?? softwareDriverFromEnvironment();
  const gpu = await createNodeGpu(driver);
  const allowSoftware = options.allowSoftware ?? driver !== undefined;
  const device = await openWebgpu({ gpu, shaders: nodeShaders(), allowSoftware, onClose: writeCoverage });
  followCoverage(device);
  return device;
}
