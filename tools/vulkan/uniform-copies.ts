/**
 * node --expose-gc --import tsx tools/vulkan/uniform-copies.ts
 *
 * Shows a leak of lavapipe with nothing of voxelgrad but the driver's choice. Mesa 22 inlines the uniforms that branches depend on: for every
 * dispatch that binds other uniforms than the last one it copies the shader, optimises the copy and keeps it while the pipeline lives
 * (update_inline_shader_state in src/gallium/frontends/lavapipe/lvp_execute.c; later versions look for an equal copy first). The same shader with
 * its parameters in a storage buffer keeps nothing.
 */
import { readFileSync } from 'node:fs';
import { createNodeGpu } from '../../packages/tensor/src/device/webgpu/node-gpu.ts';

const DISPATCHES = 32;
const SUBMITS = 100;
const UNIFORM_STRIDE = 256;
const [COMPUTE_STAGE, STORAGE, UNIFORM, COPY_DST] = [0x4, 0x80, 0x40, 0x8];

/** Most of it is behind a branch that the parameters, all 0, do not take: a copy without it is what Mesa finds worth keeping. */
const code = (space: string): string => `
@group(0) @binding(0) var<${space}> parameters: vec4<u32>;
@group(0) @binding(1) var<storage, read_write> results: array<f32>;
@compute @workgroup_size(64) fn main(@builtin(local_invocation_index) i: u32) {
  var x = results[i];
  if (parameters.x == 1u) { ${'x = sin(x) * 1.5 + x; '.repeat(50)} }
  results[i] = x;
}`;

const residentKilobytes = (): number => {
  (globalThis as { gc?: () => void }).gc?.();
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(readFileSync('/proc/self/status', 'utf8'))?.[1]);
};

const gpu = await createNodeGpu('lavapipe');
const adapter = await gpu.requestAdapter();
const device = await adapter!.requestDevice();
for (const [space, type] of [
  ['storage, read', 'read-only-storage'],
  ['uniform', 'uniform'],
] as const) {
  const layout = device.createBindGroupLayout({
    entries: [
      { binding: 0, visibility: COMPUTE_STAGE, buffer: { type, hasDynamicOffset: true } },
      { binding: 1, visibility: COMPUTE_STAGE, buffer: { type: 'storage' } },
    ],
  });
  const pipeline = device.createComputePipeline({
    layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
    compute: { module: device.createShaderModule({ code: code(space) }) },
  });
  const usage = STORAGE | UNIFORM | COPY_DST;
  const parameters = device.createBuffer({ size: DISPATCHES * UNIFORM_STRIDE, usage });
  const results = device.createBuffer({ size: 256, usage });
  const entries = [
    { binding: 0, resource: { buffer: parameters, size: 16 } },
    { binding: 1, resource: { buffer: results } },
  ];
  const group = device.createBindGroup({ layout, entries });
  const run = async (submits: number): Promise<void> => {
    for (let i = 0; i < submits; i++) {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      for (let slot = 0; slot < DISPATCHES; slot++) {
        pass.setPipeline(pipeline);
        pass.setBindGroup(0, group, [slot * UNIFORM_STRIDE]);
        pass.dispatchWorkgroups(1);
      }
      pass.end();
      device.queue.submit([encoder.finish()]);
      await device.queue.onSubmittedWorkDone();
    }
  };
  await run(SUBMITS);
  const [kilobytes, start] = [residentKilobytes(), performance.now()];
  await run(SUBMITS);
  const perDispatch = (value: number): string => (value / SUBMITS / DISPATCHES).toFixed(1);
  const microseconds = perDispatch(1000 * (performance.now() - start));
  console.log(`${space}: ${perDispatch(residentKilobytes() - kilobytes)} kB and ${microseconds} µs a dispatch`);
}
device.destroy();
