/**
 * Asks a GPU object (`navigator.gpu`, or the one of npm's `webgpu`) for a device with everything its adapter has: the default limits of WebGPU
 * (128 MiB a binding, 16 KiB of workgroup memory) are far below what 3-D networks want.
 */
import { VoxelgradError } from '../../errors.ts';

/** What kernels use when it is there. All else an adapter lists is for rendering. */
const WANTED_FEATURES = [
  'shader-f16',
  'subgroups',
  'subgroup-size-control',
  'timestamp-query',
  'chromium-experimental-subgroup-matrix',
] as const;

const WANTED_LIMITS = [
  'maxBufferSize',
  'maxStorageBufferBindingSize',
  'maxUniformBufferBindingSize',
  'maxStorageBuffersPerShaderStage',
  'maxComputeWorkgroupStorageSize',
  'maxComputeInvocationsPerWorkgroup',
  'maxComputeWorkgroupSizeX',
  'maxComputeWorkgroupSizeY',
  'maxComputeWorkgroupSizeZ',
  'maxComputeWorkgroupsPerDimension',
] as const;

/** Drivers that compute on the processor: 50 times slower than the cpu device, so never taken unless asked for by name. */
export const SOFTWARE_DRIVERS = /swiftshader|llvmpipe|lavapipe|softpipe|microsoft basic render/i;

export interface AdapterChoice {
  readonly device: GPUDevice;
  readonly info: GPUAdapterInfo;
  /** Vendor, architecture and driver, for people. */
  readonly description: string;
  /** True for a driver that computes on the processor. */
  readonly software: boolean;
}

function describe(info: GPUAdapterInfo): string {
  const parts = [info.vendor, info.architecture, info.device, info.description].filter((part) => part !== '');
  return parts.length > 0 ? [...new Set(parts)].join(' ') : 'unnamed adapter';
}

/** Throws 'device' where there is no adapter, or only a software one that `allowSoftware` rules out. */
export async function requestDevice(gpu: GPU, allowSoftware: boolean): Promise<AdapterChoice> {
  const adapter = await gpu.requestAdapter({ powerPreference: 'high-performance' });
  if (adapter === null)
    throw new VoxelgradError('device', {
      what: 'WebGPU finds no adapter',
      help: "update the graphics driver (on Linux, Vulkan's too), or use device 'cpu'",
    });
  const { info } = adapter;
  const description = describe(info);
  const software = info.isFallbackAdapter === true || SOFTWARE_DRIVERS.test(description);
  if (software && !allowSoftware)
    throw new VoxelgradError('device', {
      what: 'WebGPU has only a software adapter',
      expected: 'a hardware adapter',
      got: description,
      help: "use device 'cpu', which is far faster than a software adapter",
    });
  const requiredFeatures = WANTED_FEATURES.filter((name) => adapter.features.has(name)) as GPUFeatureName[];
  const requiredLimits: Record<string, number> = {};
  for (const name of WANTED_LIMITS) requiredLimits[name] = adapter.limits[name];
  try {
    const device = await adapter.requestDevice({ label: 'voxelgrad', requiredFeatures, requiredLimits });
    return { device, info, description, software };
  } catch (cause) {
    throw new VoxelgradError('device', {
      what: `the WebGPU adapter '${description}' gives no device`,
      help: 'close programs that hold the GPU and try again',
      cause,
    });
  }
}
