/**
 * For tests of what a process holds: a GPU object like another one, but kernels find their parameters in storage buffers instead of uniform ones.
 *
 * Mesa 22's lavapipe compiles a shader anew for each set of uniforms that its branches and loops depend on, at each dispatch, and lets go of none of them
 * (`update_inline_shader_state` in src/gallium/frontends/lavapipe/lvp_execute.c): 2.5 MB a step of a small network, whoever asks for it. What lies in
 * storage buffers it reads as any other memory, which is slower, and holds nothing.
 */

const GPU_BUFFER_UNIFORM = 0x40;
const GPU_BUFFER_STORAGE = 0x80;

export function withStorageParameters(gpu: GPU): GPU {
  return changed(gpu, {
    requestAdapter: async (options) => {
      const adapter = await gpu.requestAdapter(options);
      return adapter === null
        ? null
        : changed(adapter, {
            requestDevice: async (descriptor) => deviceWithStorageParameters(await adapter.requestDevice(descriptor)),
          });
    },
  });
}

function deviceWithStorageParameters(device: GPUDevice): GPUDevice {
  return changed(device, {
    createBuffer: (descriptor) => {
      const { usage } = descriptor;
      const uniform = (usage & GPU_BUFFER_UNIFORM) !== 0;
      return device.createBuffer({
        ...descriptor,
        usage: uniform ? (usage & ~GPU_BUFFER_UNIFORM) | GPU_BUFFER_STORAGE : usage,
      });
    },
    createBindGroupLayout: (descriptor) =>
      device.createBindGroupLayout({
        ...descriptor,
        entries: [...descriptor.entries].map((entry) =>
          entry.buffer?.type === 'uniform'
            ? { ...entry, buffer: { ...entry.buffer, type: 'read-only-storage' as const } }
            : entry,
        ),
      }),
    createShaderModule: (descriptor) =>
      device.createShaderModule({
        ...descriptor,
        code: descriptor.code.replaceAll('var<uniform>', 'var<storage, read>'),
      }),
  });
}

/** `target` but for some methods. Native objects insist on being called as themselves. */
function changed<T extends object>(target: T, methods: Partial<T>): T {
  return new Proxy(target, {
    get: (_, name) => {
      if (Object.hasOwn(methods, name)) return methods[name as keyof T];
      const value: unknown = Reflect.get(target, name, target);
      return typeof value === 'function' ? value.bind(target) : value;
    },
  });
}
