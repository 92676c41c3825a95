/**
 * Compute pipelines, compiled asynchronously and in parallel, kept by shader, preamble and bindings. A pipeline that is being compiled is
 * asked for once; whoever else needs it waits for the same promise.
 */
import { debug } from '../../debug.ts';
import { isVoxelgradError, VoxelgradError } from '../../errors.ts';
import { GPU_UNIFORM_WINDOW_BYTES } from './bind-groups.ts';
import { compileError } from './compile-error.ts';
import type { Access } from './dispatch.ts';
import { resolveShader, type ShaderSource } from './shaders.ts';

const COMPUTE_STAGE = 0x4;

export interface BindingLayout {
  readonly key: string;
  readonly bindGroup: GPUBindGroupLayout;
  readonly pipeline: GPUPipelineLayout;
}

export interface Pipeline {
  readonly shader: string;
  readonly layout: BindingLayout;
  /** A number of its own for each preamble of a shader. */
  readonly variant: number;
  compiled: GPUComputePipeline | undefined;
  error: VoxelgradError | undefined;
  /** Never rejects: a failure is left in `error`. */
  readonly ready: Promise<void>;
}

export class Pipelines {
  private readonly device: GPUDevice;
  private readonly source: ShaderSource;
  private readonly layouts = new Map<string, BindingLayout>();
  private readonly pipelines = new Map<string, Pipeline>();
  private readonly texts = new Map<string, Promise<string>>();

  constructor(device: GPUDevice, source: ShaderSource) {
    this.device = device;
    this.source = source;
  }

  /** `use` is called only if the shader does not compile, to say who asked for it. */
  get(shader: string, preamble: string, access: readonly Access[], use: () => string): Pipeline {
    const layout = this.layout(access);
    const key = `${shader}\n${layout.key}\n${preamble}`;
    const known = this.pipelines.get(key);
    if (known !== undefined) return known;
    let settle = (): void => {};
    const ready = new Promise<void>((resolve) => {
      settle = resolve;
    });
    const pipeline: Pipeline = {
      shader,
      layout,
      variant: this.pipelines.size,
      compiled: undefined,
      error: undefined,
      ready,
    };
    this.pipelines.set(key, pipeline);
    this.compile(pipeline, preamble, use)
      .catch((cause: unknown) => {
        pipeline.error = isVoxelgradError(cause)
          ? cause
          : new VoxelgradError('kernel', { what: `the shader '${shader}' cannot be compiled for ${use()}`, cause });
      })
      .then(settle);
    return pipeline;
  }

  private async compile(pipeline: Pipeline, preamble: string, use: () => string): Promise<void> {
    const { shader } = pipeline;
    let text = this.texts.get(shader);
    if (text === undefined) {
      text = resolveShader(shader, this.source);
      this.texts.set(shader, text);
    }
    const code = `${preamble}\n${await text}`;
    debug(3, () => `// ${shader}\n${code}`);
    // The scope only keeps a compile error from being reported a second time as uncaptured.
    this.device.pushErrorScope('validation');
    const module = this.device.createShaderModule({ label: shader, code });
    const moduleError = this.device.popErrorScope();
    try {
      pipeline.compiled = await this.device.createComputePipelineAsync({
        label: shader,
        layout: pipeline.layout.pipeline,
        compute: { module, entryPoint: 'main' },
      });
    } catch (cause) {
      pipeline.error = await compileError(shader, use(), module, code, cause);
    }
    await moduleError;
  }

  /** Binding 0 is the parameters at a dynamic offset, then one storage buffer an operand. */
  private layout(access: readonly Access[]): BindingLayout {
    const key = access.map((kind) => kind[0]).join('');
    const known = this.layouts.get(key);
    if (known !== undefined) return known;
    const bindGroup = this.device.createBindGroupLayout({
      label: `bindings ${key}`,
      entries: [
        {
          binding: 0,
          visibility: COMPUTE_STAGE,
          buffer: { type: 'uniform', hasDynamicOffset: true, minBindingSize: GPU_UNIFORM_WINDOW_BYTES },
        },
        ...access.map((kind, i) => ({
          binding: i + 1,
          visibility: COMPUTE_STAGE,
          buffer: { type: kind === 'read' ? ('read-only-storage' as const) : ('storage' as const) },
        })),
      ],
    });
    const pipeline = this.device.createPipelineLayout({ label: `bindings ${key}`, bindGroupLayouts: [bindGroup] });
    const layout = { key, bindGroup, pipeline };
    this.layouts.set(key, layout);
    return layout;
  }
}
