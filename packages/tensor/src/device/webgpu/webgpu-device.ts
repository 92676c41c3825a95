/**
 * The WebGPU device: a queue of compute dispatches. Kernels call `dispatch`; memory comes from a pool; values come back through staging
 * buffers. It runs as it is on `navigator.gpu` and on Dawn in Node.
 */
import type { DType, HostArray } from '../../dtype.ts';
import { VoxelgradError } from '../../errors.ts';
import type { Kernels } from '../../ops/kernels.ts';
import { createWebgpuKernels } from '../../ops/webgpu-kernels.ts';
import { type Shape, sizeOf } from '../../shape.ts';
import type { Device, DeviceBuffer, MemoryReport, Operand } from '../device.ts';
import { Profile } from '../profile.ts';
import type { AdapterChoice } from './adapter.ts';
import { type BoundRange, GPU_UNIFORM_WINDOW_BYTES } from './bind-groups.ts';
import { BufferPool, WebgpuBuffer } from './buffer-pool.ts';
import { KernelCoverage } from './coverage.ts';
import { type Dispatch, describeDispatch, elementBytes } from './dispatch.ts';
import { Failures } from './failures.ts';
import { decodeHostValues, encodeHostValues } from './host-values.ts';
import { Pipelines } from './pipelines.ts';
import { ReadBack } from './read-back.ts';
import { Recorder } from './recorder.ts';
import type { ShaderSource } from './shaders.ts';

/** Bindings are whole multiples of this, so that the last elements of a tensor can be read as a vec4. */
const BINDING_STEP = 16;

export class WebgpuDevice implements Device {
  readonly kind = 'webgpu';
  readonly description: string;
  readonly hasF16: boolean;
  /** The adapter computes on the processor (SwiftShader, llvmpipe). */
  readonly software: boolean;
  /** Vendor, architecture and so on: what tuned choices are kept by. */
  readonly info: GPUAdapterInfo;
  readonly limits: GPUSupportedLimits;
  readonly features: GPUSupportedFeatures;
  readonly kernels: Kernels;
  private readonly profile = new Profile();
  readonly coverage = new KernelCoverage();
  private readonly gpu: GPUDevice;
  private readonly failures = new Failures();
  private readonly pool: BufferPool;
  private readonly pipelines: Pipelines;
  private readonly recorder: Recorder;
  private readonly readBack: ReadBack;
  private readonly onClose: (device: WebgpuDevice) => void;
  private closed = false;

  constructor(choice: AdapterChoice, shaders: ShaderSource, onClose: (device: WebgpuDevice) => void) {
    const { device } = choice;
    this.gpu = device;
    this.description = choice.description;
    this.software = choice.software;
    this.info = choice.info;
    this.limits = device.limits;
    this.features = device.features;
    this.hasF16 = device.features.has('shader-f16');
    this.onClose = onClose;
    this.recorder = new Recorder(device, this.failures, this.coverage);
    this.pool = new BufferPool(device, this.failures, () => this.recorder.bindGroups.clear());
    this.pipelines = new Pipelines(device, shaders);
    this.readBack = new ReadBack(this.pool);
    device.addEventListener('uncapturederror', (event) => {
      const { error } = event as GPUUncapturedErrorEvent;
      event.preventDefault();
      this.failures.record(new VoxelgradError('kernel', { what: `WebGPU reports: ${error.message}` }));
    });
    device.lost.then(({ reason, message }) => this.failures.lose(this.lossOf(reason, message)));
    this.kernels = this.profile.wrap(this, createWebgpuKernels(this));
  }

  bytesFor(dtype: DType, size: number): number {
    return Math.ceil((size * elementBytes(dtype)) / 4) * 4;
  }

  /** Memory that turns out to be exhausted only on the GPU is reported by the next read. */
  allocate(bytes: number): WebgpuBuffer {
    this.failures.checkAlive();
    return this.pool.allocate(bytes);
  }

  free(buffer: DeviceBuffer): void {
    this.pool.free(this.own(buffer));
  }

  /** An operand with memory of its own, for a kernel's intermediate values: free its buffer once the kernels that use it are enqueued. */
  temporary(dtype: DType, shape: Shape): Operand {
    return { buffer: this.allocate(this.bytesFor(dtype, sizeOf(shape))), byteOffset: 0, dtype, shape };
  }

  /** Enqueues a shader. Empty work (a workgroup count of 0) is left out. */
  dispatch(dispatch: Dispatch): void {
    this.failures.checkAlive();
    const { shader, preamble, bindings, parameters, workgroups } = dispatch;
    if (workgroups.includes(0)) return;
    const describe = (): string => describeDispatch(dispatch);
    if (parameters.length * 4 > GPU_UNIFORM_WINDOW_BYTES || workgroups.some((count) => count > this.workgroupLimit()))
      throw new VoxelgradError('kernel', {
        what: describe(),
        expected: `at most ${GPU_UNIFORM_WINDOW_BYTES / 4} parameters and ${this.workgroupLimit()} workgroups a dimension`,
        got: `${parameters.length} parameters and [${workgroups.join(', ')}] workgroups`,
      });
    const access = bindings.map((binding) => binding.access);
    const pipeline = this.pipelines.get(shader, preamble, access, describe);
    const { ranges, copies } = this.separate(dispatch);
    this.recorder.dispatch({ kind: 'dispatch', pipeline, ranges, parameters: [...parameters], workgroups, describe });
    for (const copy of copies) this.pool.free(copy);
  }

  /** Enqueues a copy of `bytes` (a multiple of 4) from the start of one operand to the start of another in a different buffer. */
  copy(from: Operand, to: Operand, bytes: number): void {
    this.failures.checkAlive();
    const target = { block: this.own(to.buffer).block, byteOffset: to.byteOffset, bytes };
    const source = { block: this.own(from.buffer).block, byteOffset: from.byteOffset, bytes };
    if (bytes > 0) this.recorder.copy({ kind: 'copy', from: source, to: target });
  }

  write(target: Operand, values: HostArray): void {
    this.failures.checkAlive();
    if (values.length !== sizeOf(target.shape))
      throw new VoxelgradError('shape', {
        what: 'writing a tensor',
        expected: `${sizeOf(target.shape)} values`,
        got: `${values.length}`,
      });
    if (values.length === 0) return;
    const data = encodeHostValues(target.dtype, values);
    this.recorder.upload(this.own(target.buffer).block, target.byteOffset, data);
  }

  async read(source: Operand): Promise<HostArray> {
    this.failures.checkAlive();
    const length = sizeOf(source.shape);
    const bytes = this.bytesFor(source.dtype, length);
    if (bytes === 0) {
      await this.synchronize();
      return decodeHostValues(source.dtype, new ArrayBuffer(0), 0);
    }
    const staging = this.readBack.take(bytes);
    const from = { block: this.own(source.buffer).block, byteOffset: source.byteOffset, bytes };
    this.recorder.copy({ kind: 'copy', from, to: { block: staging, byteOffset: 0, bytes } });
    const fetched = await this.settle(this.recorder.flush().then(() => this.readBack.fetch(staging, bytes)));
    return decodeHostValues(source.dtype, fetched, length);
  }

  async synchronize(): Promise<void> {
    this.failures.checkAlive();
    await this.settle(this.recorder.flush().then(() => this.gpu.queue.onSubmittedWorkDone()));
  }

  memory(): MemoryReport {
    return this.pool.report();
  }

  /** For profiles: the host's clock once everything enqueued so far has run. */
  async timestamp(): Promise<number> {
    await this.synchronize();
    return performance.now();
  }

  async close(): Promise<void> {
    if (this.closed) return;
    this.closed = true;
    // What is enqueued is finished first; its errors no longer concern anyone.
    await this.synchronize().catch(() => undefined);
    await this.profile.print(`webgpu, ${this.description}`);
    this.onClose(this);
    this.gpu.destroy();
    await this.gpu.lost;
    this.failures.lose(this.lossOf('destroyed', ''));
  }

  /** `work`, unless something enqueued so far went wrong: then the first error since the last wait. */
  private async settle<T>(work: Promise<T>): Promise<T> {
    const settled = work.then(
      (value) => ({ value }),
      (cause: unknown) => ({ cause }),
    );
    const outcome = await this.failures.untilLost(settled);
    await this.failures.untilLost(this.recorder.verdict());
    this.failures.throwFirst();
    if ('value' in outcome) return outcome.value;
    throw new VoxelgradError('kernel', { what: 'the WebGPU queue failed', cause: outcome.cause });
  }

  private lossOf(reason: string, message: string): VoxelgradError {
    if (this.closed)
      return new VoxelgradError('device-lost', {
        what: `the device '${this.description}' was closed`,
        help: 'open it again',
      });
    return new VoxelgradError('device-lost', {
      what: `the device '${this.description}' was lost (${reason}): ${message}`,
      help: 'open it again and go on from the last checkpoint',
    });
  }

  private workgroupLimit(): number {
    return this.limits.maxComputeWorkgroupsPerDimension;
  }

  private own(buffer: DeviceBuffer): WebgpuBuffer {
    if (buffer instanceof WebgpuBuffer && !buffer.freed) return buffer;
    throw new VoxelgradError('disposed', {
      what: 'a tensor of this WebGPU device',
      got: buffer instanceof WebgpuBuffer ? 'one whose memory was freed' : 'one of another device',
    });
  }

  private range({ buffer, byteOffset, dtype, shape }: Operand, describe: () => string): BoundRange {
    const { block } = this.own(buffer);
    const wanted = Math.max(4, this.bytesFor(dtype, sizeOf(shape)));
    const limit = this.limits.maxStorageBufferBindingSize;
    if (wanted > limit)
      throw new VoxelgradError('device', {
        what: describe(),
        expected: `tensors of at most ${limit} bytes, the adapter's limit for one binding`,
        got: `${wanted} bytes`,
        help: "use a smaller patch or batch, f16, or device 'cpu'",
      });
    const padded = Math.min(
      Math.ceil(wanted / BINDING_STEP) * BINDING_STEP,
      block.bytes - byteOffset,
      limit - (limit % 4),
    );
    return { block, byteOffset, bytes: padded };
  }

  /**
   * The ranges to bind. WebGPU forbids one buffer being read and written in a dispatch, also in parts that do not overlap (views of one
   * arena): such operands are read from a copy.
   */
  private separate({ bindings, ...dispatch }: Dispatch): { ranges: BoundRange[]; copies: WebgpuBuffer[] } {
    const describe = (): string => describeDispatch({ bindings, ...dispatch });
    const all = bindings.map(({ operand }) => this.range(operand, describe));
    const written = new Set(all.filter((_, i) => bindings[i]!.access === 'write').map(({ block }) => block));
    const copies: WebgpuBuffer[] = [];
    const ranges = all.map((range, i) => {
      if (bindings[i]!.access === 'write' || !written.has(range.block)) return range;
      const copy = this.pool.allocate(range.bytes);
      copies.push(copy);
      const separated = { block: copy.block, byteOffset: 0, bytes: range.bytes };
      this.recorder.copy({ kind: 'copy', from: range, to: separated });
      return separated;
    });
    return { ranges, copies };
  }
}
