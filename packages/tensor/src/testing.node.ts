/**
 * The devices that tests run on in Node. VOXELGRAD_TEST_DEVICES chooses among them ('cpu,webgpu'). WebGPU runs on the driver that
 * VOXELGRAD_SOFTWARE_GPU names, which must then work; else on the machine's GPU, else on SwiftShader, and where there is none of these the reason
 * is printed and the tests run without it.
 */
import type { Device } from './device/device.ts';
import { createNodeGpu, openNodeWebgpu } from './device/webgpu/node-gpu.ts';
import { type SoftwareDriver, softwareDriverFromEnvironment } from './device/webgpu/software-driver.ts';
import { isVoxelgradError } from './errors.ts';
import type { TestDevice } from './testing.ts';

/** The devices; `open` opens a new one each time. */
export async function findTestDevices(): Promise<readonly TestDevice[]> {
  const wanted = (process.env.VOXELGRAD_TEST_DEVICES ?? 'cpu,webgpu').split(',');
  const driver = wanted.includes('webgpu') ? await chooseDriver() : undefined;
  const devices: TestDevice[] = [];
  if (wanted.includes('cpu')) devices.push({ name: 'cpu', open: openTestCpu });
  if (driver !== undefined)
    devices.push({
      name: 'webgpu',
      open: () => openNodeWebgpu({ tuned: false, ...(driver === 'own' ? {} : { driver, allowSoftware: true }) }),
    });
  return devices;
}

/** Two threads whatever the machine has: with one, nothing of the scheduling would be tested. */
async function openTestCpu(): Promise<Device> {
  const { openCpu } = await import('./device/cpu/node.ts');
  return openCpu({ threads: 2 });
}

/** The driver to test WebGPU on ('own': the machine's GPU), or undefined with the reason printed. */
async function chooseDriver(): Promise<SoftwareDriver | 'own' | undefined> {
  const named = softwareDriverFromEnvironment();
  if (named !== undefined) return named;
  try {
    if (await hasGpu()) return 'own';
    await createNodeGpu('swiftshader');
    return 'swiftshader';
  } catch (error) {
    if (!isVoxelgradError(error)) throw error;
    console.warn(`tests on webgpu are skipped: ${error.message}`);
    return undefined;
  }
}

async function hasGpu(): Promise<boolean> {
  try {
    const gpu = await createNodeGpu('hardware');
    const adapter = await gpu.requestAdapter();
    return adapter !== null && adapter.info.isFallbackAdapter !== true;
  } catch (error) {
    if (isVoxelgradError(error, 'device')) return false;
    throw error;
  }
}
