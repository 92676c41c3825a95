/**
 * Preloaded by with-amd-compiler: leaves of Dawn's device only what compiles. Pipelines are compiled one after the other, each announced by its
 * label and its shader's constants, so that what the driver prints can be told apart; buffers, bind groups and commands become empty stand-ins,
 * since the driver has no memory without its GPU.
 */
import { writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';

const require = createRequire(join(import.meta.dirname, '../../packages/tensor/package.json'));
const { globals } = await import(require.resolve('webgpu'));
const device = globals.GPUDevice.prototype;

/** An object whose every method does nothing and returns another such object. */
const standIn = new Proxy(() => {}, {
  get: (_, name) => (name === 'then' ? undefined : standIn),
  apply: () => standIn,
});

device.createBuffer = ({ size, usage }) => ({
  size,
  usage,
  mapState: 'unmapped',
  mapAsync: async () => {},
  getMappedRange: (_offset, bytes = size) => new ArrayBuffer(bytes),
  unmap: () => {},
  destroy: () => {},
});
device.createBindGroup = () => standIn;
device.createCommandEncoder = () => standIn;
Object.assign(globals.GPUQueue.prototype, {
  submit: () => {},
  writeBuffer: () => {},
  onSubmittedWorkDone: async () => {},
});

/** The numbers and truth values that each shader's text names: `const TILE_K = 16;`. */
const constants = new WeakMap();
const { createShaderModule, createComputePipeline } = device;
device.createShaderModule = function remember(descriptor) {
  const module = createShaderModule.call(this, descriptor);
  const named = [...descriptor.code.matchAll(/^const (\w+) = (-?[\d.]+|true|false)[uif]?;/gm)];
  constants.set(module, Object.fromEntries(named.map(([, name, value]) => [name, JSON.parse(value)])));
  return module;
};
device.createComputePipeline = function compile(descriptor) {
  writeSync(2, `\n#### ${descriptor.label}\t${JSON.stringify(constants.get(descriptor.compute.module))}\n`);
  return createComputePipeline.call(this, descriptor);
};
device.createComputePipelineAsync = async function compile(descriptor) {
  return this.createComputePipeline(descriptor);
};
