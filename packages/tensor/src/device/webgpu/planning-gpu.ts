/**
 * A GPU that is not there: it has the limits and features of a usual one, takes every command and does nothing. The WebGPU device on it keeps its books as
 * on any other, so it tells what a network, an optimizer and a training step would take, for shapes that no machine at hand could hold.
 */
import { VoxelgradError } from '../../errors.ts';
import { type AdapterChoice, SOFTWARE_DRIVERS } from './adapter.ts';
import { Choices } from './choices.ts';
import { WebgpuDevice } from './webgpu-device.ts';

/** What the planned device is to look like. */
export interface PlanningOptions {
  /** Whether the GPU that is planned for has f16; true by default. */
  readonly f16?: boolean;
  /** The adapter's description, by which kernels are chosen (a device's `description`); by default that of no adapter in particular. */
  readonly adapter?: string;
}

/** What desktop GPUs offer. */
const LIMITS = {
  maxBufferSize: 2 ** 32 - 4,
  maxStorageBufferBindingSize: 2 ** 32 - 4,
  maxUniformBufferBindingSize: 65536,
  maxStorageBuffersPerShaderStage: 10,
  maxComputeWorkgroupStorageSize: 32768,
  maxComputeInvocationsPerWorkgroup: 1024,
  maxComputeWorkgroupSizeX: 1024,
  maxComputeWorkgroupSizeY: 1024,
  maxComputeWorkgroupSizeZ: 64,
  maxComputeWorkgroupsPerDimension: 65535,
};

const nothing = (): void => {};
const done = async (): Promise<null> => null;

function noValues(): never {
  throw new VoxelgradError('device', {
    what: 'values are read from a device that only plans',
    help: "open 'cpu' or 'webgpu' to compute",
  });
}

function createGpu(f16: boolean): GPUDevice {
  let lose = nothing;
  const lost = new Promise<Pick<GPUDeviceLostInfo, 'reason' | 'message'>>((resolve) => {
    lose = () => resolve({ reason: 'destroyed', message: '' });
  });
  const pass = { setPipeline: nothing, setBindGroup: nothing, dispatchWorkgroups: nothing, end: nothing };
  const encoder = { beginComputePass: () => pass, copyBufferToBuffer: nothing, finish: () => ({}) };
  const gpu = {
    limits: LIMITS,
    features: new Set(f16 ? ['shader-f16'] : []),
    lost,
    queue: { writeBuffer: nothing, submit: nothing, onSubmittedWorkDone: done },
    addEventListener: nothing,
    pushErrorScope: nothing,
    popErrorScope: done,
    createBuffer: () => ({ destroy: nothing, mapAsync: async () => noValues() }),
    createBindGroupLayout: () => ({}),
    createPipelineLayout: () => ({}),
    createBindGroup: () => ({}),
    createShaderModule: () => ({}),
    createComputePipelineAsync: async () => ({}),
    createCommandEncoder: () => encoder,
    destroy: () => lose(),
  };
  return gpu as unknown as GPUDevice;
}

/**
 * A WebGPU device that computes nothing and holds nothing: `memory()` says what a real one would hold, `capture(…).memory` what a step would take. Reading
 * values throws 'device'.
 */
export function createPlanning({ f16 = true, adapter = 'planning' }: PlanningOptions = {}): WebgpuDevice {
  const info = { vendor: '', architecture: '', device: '', description: '' } as GPUAdapterInfo;
  const software = SOFTWARE_DRIVERS.test(adapter);
  const choice: AdapterChoice = { device: createGpu(f16), info, description: adapter, software };
  return new WebgpuDevice(choice, { shaders: () => '', choices: new Choices('planning'), onClose: nothing });
}
