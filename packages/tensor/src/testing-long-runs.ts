/** For tests (entry `@voxelgrad/tensor/testing-long-runs`, not published): devices for runs of a thousand steps, whose process must not grow. */
import { openCpu } from './device/cpu/node.ts';
import type { Device, DeviceKind } from './device/device.ts';
import { createNodeGpu, openNodeWebgpu } from './device/webgpu/node-gpu.ts';
import { nodeShaders } from './device/webgpu/node-shaders.ts';
import { openWebgpu } from './device/webgpu/open.ts';
import { softwareDriverFromEnvironment } from './device/webgpu/software-driver.ts';
import { withStorageParameters } from './device/webgpu/storage-parameters.testing.ts';

/** As `openDevice`, but that lavapipe is spared what it would keep for good. */
export async function openForLongRun(kind: DeviceKind): Promise<Device> {
  if (kind === 'cpu') return openCpu({ threads: 2 });
  if (softwareDriverFromEnvironment() !== 'lavapipe') return openNodeWebgpu();
  const gpu = withStorageParameters(await createNodeGpu('lavapipe'));
  return openWebgpu({ gpu, shaders: nodeShaders(), allowSoftware: true });
}
