/**
 * The devices that tests run on in Node. VOXELGRAD_TEST_DEVICES chooses among them ('cpu,webgpu'). WebGPU runs on the driver that
 * VOXELGRAD_SOFTWARE_GPU names, which must then work; else on the machine's GPU, else on SwiftShader, and where there is none of these the tests on
 * it are skipped with the reason.
 */
import type { Device } from './device/device.ts';
import { createNodeGpu, openNodeWebgpu } from './device/webgpu/node-gpu.ts';
import { type SoftwareDriver, softwareDriverFromEnvironment } from './device/webgpu/software-driver.ts';
import { isVoxelgradError } from './errors.ts';
import type { MissingDevice, TestDevice } from './testing.ts';

/** The devices; `open` opens a new one each time. */
export async function findTestDevices(): Promise<readonly (TestDevice | MissingDevice)[]> {
  const wanted = (process.env.VOXELGRAD_TEST_DEVICES ?? 'cpu,webgpu').split(',');
  const devices: (TestDevice | MissingDevice)[] = [];
  if (wanted.includes('cpu')) devices.push({ name: 'cpu', open: openTestCpu });
  if (wanted.includes('webgpu')) devices.push(await findWebgpu());
  return devices;
}

/** Two threads whatever the machine has: with one, nothing of the scheduling would be tested. */
async function openTestCpu(): Promise<Device> {
  const { openCpu } = await import('./device/cpu/node.ts');
  return openCpu({ threads: 2 });
}

async function findWebgpu(): Promise<TestDevice | MissingDevice> {
  const on = (driver: SoftwareDriver): TestDevice => ({
    name: 'webgpu',
    open: () => openNodeWebgpu({ tuned: false, driver, allowSoftware: true }),
  });
  const named = softwareDriverFromEnvironment();
  if (named !== undefined) return on(named);
  try {
    if (await hasGpu()) return { name: 'webgpu', open: () => openNodeWebgpu({ tuned: false }) };
    await createNodeGpu('swiftshader');
    return on('swiftshader');
  } catch (error) {
    if (!isVoxelgradError(error)) throw error;
    return { name: 'webgpu', missing: error.message.split('\n', 1)[0]! };
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
