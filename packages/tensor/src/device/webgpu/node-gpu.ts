/**
 * The GPU object of npm's `webgpu` (Dawn), and the WebGPU device on it. The object must stay referenced for as long as anything made from it
 * lives: when it is collected, the process crashes.
 */
import { debugLevel } from '../../debug.ts';
import { VoxelgradError } from '../../errors.ts';
import { driversAreChosen, requireHardware, withoutSoftwareDrivers } from './hardware.ts';
import { followCoverage, writeCoverage } from './node-coverage.ts';
import { nodeShaders } from './node-shaders.ts';
import { openWebgpu } from './open.ts';
import { type SoftwareDriver, softwareDriverFromEnvironment, useSoftwareDriver } from './software-driver.ts';
import { tunedFolder } from './tuned-folder.ts';
import type { WebgpuDevice } from './webgpu-device.ts';

/** A software driver by name; 'hardware': only GPUs; 'any': whatever the system has, software drivers too. */
export type GpuChoice = SoftwareDriver | 'hardware' | 'any';

const created = new Map<GpuChoice, Promise<GPU>>();

const isSoftwareDriver = (choice: GpuChoice): boolean => choice === 'swiftshader' || choice === 'lavapipe';

/**
 * The process's GPU object of that choice. Once a software driver is chosen there is no way to another: the Vulkan loader has it. Throws 'device'
 * with what is missing.
 */
export async function createNodeGpu(choice: GpuChoice): Promise<GPU> {
  const known = created.get(choice);
  if (known !== undefined) return known;
  const chosen = [...created.keys()].find(isSoftwareDriver);
  if (chosen !== undefined)
    throw new VoxelgradError('device', {
      what: 'the Vulkan driver of this process is already chosen',
      expected: chosen,
      got: choice,
      help: 'start another process for another driver',
    });
  if (choice === 'hardware') requireHardware();
  const gpu = createGpu(choice);
  created.set(choice, gpu);
  return gpu;
}

async function createGpu(choice: GpuChoice): Promise<GPU> {
  if (choice === 'swiftshader' || choice === 'lavapipe') await useSoftwareDriver(choice);
  const gpu = await loadDawn();
  // Dawn looks for drivers when it is first asked, and never again.
  if (choice === 'hardware') await withoutSoftwareDrivers(() => gpu.requestAdapter());
  return gpu;
}

async function loadDawn(): Promise<GPU> {
  try {
    const { create } = await import('webgpu');
    // Time stamps are rounded to 0.1 ms by default, against pages that spy on each other.
    const exact = debugLevel >= 1 ? ['disable-dawn-features=timestamp_quantization'] : [];
    return create(['enable-dawn-features=allow_unsafe_apis', ...exact]);
  } catch (cause) {
    throw new VoxelgradError('device', {
      what: `WebGPU is not to be had on ${process.platform} ${process.arch}: the npm package webgpu does not load`,
      help: "use device 'cpu'",
      cause,
    });
  }
}

/** How the WebGPU device is opened in Node. */
export interface NodeWebgpuOptions {
  /** By default what VOXELGRAD_SOFTWARE_GPU names. */
  readonly driver?: SoftwareDriver;
  /** Takes a software adapter also where no driver is named; by default where the Vulkan loader's own variables name one. */
  readonly allowSoftware?: boolean;
  /**
   * The folder of tuned choices, or false to keep and use none. By default VOXELGRAD_TUNED, else the user's folder for caches.
   */
  readonly tuned?: string | false;
}

/** Opens the WebGPU device in Node. Throws 'device' with what is missing. */
export async function openNodeWebgpu(options: NodeWebgpuOptions = {}): Promise<WebgpuDevice> {
  const driver = options.driver ?? softwareDriverFromEnvironment();
  const allowSoftware = options.allowSoftware ?? (driver !== undefined || driversAreChosen());
  const gpu = await createNodeGpu(driver ?? (allowSoftware ? 'any' : 'hardware'));
  const tuned = options.tuned === false ? undefined : tunedFolder(options.tuned);
  const device = await openWebgpu({ gpu, shaders: nodeShaders(), allowSoftware, tuned, onClose: writeCoverage });
  followCoverage(device);
  return device;
}
