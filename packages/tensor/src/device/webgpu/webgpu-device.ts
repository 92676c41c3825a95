/**
 * The WebGPU device: a queue of compute dispatches. Kernels call `dispatch`; memory comes from a pool; values come back through staging
 * buffers. It runs as it is on `navigator.gpu` and on Dawn in Node.
 */

import type { CompileProgress } from '../../capture/recording.ts';
import { notCapturable } from '../../capture/recording.ts';
import { debugLevel } from '../../debug.ts';
import type { DType, HostArray } from '../../dtype.ts';
import { isVoxelgradError, VoxelgradError } from '../../errors.ts';
import type { Kernels } from '../../ops/kernels.ts';
import { createWebgpuKernels } from '../../ops/webgpu-kernels.ts';
import { type Shape, sizeOf } from '../../shape.ts';
import type { Device, DeviceBuffer, MemoryReport, Operand } from '../device.ts';
import { KernelCalls } from '../kernel-calls.ts';
import { Profile } from '../profile.ts';
import type { AdapterChoice } from './adapter.ts';
import { type BoundRange, GPU_UNIFORM_WINDOW_BYTES } from './bind-groups.ts';
import { BufferPool, WebgpuBuffer } from './buffer-pool.ts';
import type { Choices } from './choices.ts';
import { KernelCoverage } from './coverage.ts';
import { type Dispatch, describeDispatch, elementBytes } from './dispatch.ts';
import { Failures } from './failures.ts';
import { decodeHostValues, encodeHostValues } from './host-values.ts';
import type { Took } from './passes.ts';
import { Pipelines } from './pipelines.ts';
import { ReadBack } from './read-back.ts';
import { type CopyCommand, Recorder } from './recorder.ts';
import type { ShaderSource } from './shaders.ts';
import { slowSeconds } from './submit-limit.ts';
import { type TunedKernel, tuneQuestions } from './tuning.ts';
import { checkPlaced, WebgpuRecording } from './webgpu-recording.ts';

/** Bindings are whole multiples of this, so that the last elements of a tensor can be read as a vec4. */
const BINDING_STEP = 16;

/** What a device is made from besides its adapter. */
export interface WebgpuDeviceParts {
  readonly shaders: ShaderSource;
  readonly choices: Choices;
  /** Called once when the device is closed. */
  readonly onClose: (device: WebgpuDevice) => void;
}

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
  /** Whether the GPU stamps the times of dispatches for the profile. */
  readonly measuresCommands: boolean;
  readonly choices: Choices;
  private readonly profile = new Profile();
  private readonly calls = new KernelCalls();
  readonly coverage = new KernelCoverage();
  private readonly gpu: GPUDevice;
  private readonly failures = new Failures();
  private readonly pool: BufferPool;
  private readonly pipelines: Pipelines;
  private readonly recorder: Recorder;
  private readonly readBack: ReadBack;
  private readonly onClose: (device: WebgpuDevice) => void;
  private arenaBytes = 0;
  recording: WebgpuRecording | undefined;
  private closed = false;

  constructor(choice: AdapterChoice, { shaders, choices, onClose }: WebgpuDeviceParts) {
    const { device } = choice;
    this.choices = choices;
    this.gpu = device;
    this.description = choice.description;
    this.software = choice.software;
    this.info = choice.info;
    this.limits = device.limits;
    this.features = device.features;
    this.hasF16 = device.features.has('shader-f16');
    this.onClose = onClose;
    this.measuresCommands = debugLevel >= 1 && device.features.has('timestamp-query');
    const took: Took | undefined = this.measuresCommands
      ? (use, time) => use && this.profile.took(use, time)
      : undefined;
    this.recorder = new Recorder(device, this.failures, this.coverage, took);
    this.pool = new BufferPool(device, this.failures, () => this.recorder.bindGroups.clear());
    this.pipelines = new Pipelines(device, shaders);
    this.readBack = new ReadBack(this.pool);
    device.addEventListener('uncapturederror', (event) => {
      const { error } = event as GPUUncapturedErrorEvent;
      event.preventDefault();
      this.failures.record(new VoxelgradError('kernel', { what: `WebGPU reports: ${error.message}` }));
    });
    device.lost.then(({ reason, message }) => this.failures.lose(this.lossOf(reason, message)));
    const kernels = this.calls.wrap(createWebgpuKernels(this), (buffer) => this.free(buffer));
    this.kernels = this.profile.wrap(this, kernels);
  }

  bytesFor(dtype: DType, size: number): number {
    return Math.ceil((size * elementBytes(dtype)) / 4) * 4;
  }

  /** Memory that turns out to be exhausted only on the GPU is reported by the next read. */
  allocate(bytes: number): WebgpuBuffer {
    this.failures.checkAlive();
    const buffer = this.recording?.allocate(bytes) ?? this.pool.allocate(bytes);
    this.calls.allocated(buffer);
    return buffer;
  }

  free(buffer: DeviceBuffer): void {
    const given = this.own(buffer);
    this.calls.freed(given);
    if (this.recording !== undefined) this.recording.free(given);
    else if (given.planned !== undefined) given.freed = true;
    else this.pool.free(given);
  }

  /** An operand with memory of its own, for a kernel's intermediate values: free its buffer once the kernels that use it are enqueued. */
  temporary(dtype: DType, shape: Shape): Operand {
    return { buffer: this.allocate(this.bytesFor(dtype, sizeOf(shape))), byteOffset: 0, dtype, shape };
  }

  /** Notes how the kernel's call that is under way is computed, for VOXELGRAD_DEBUG=2. */
  choose(text: () => string): void {
    this.calls.choose(text);
  }

  /** Enqueues a shader. Empty work (a workgroup count of 0) is left out. */
  dispatch(dispatch: Dispatch): void {
    this.failures.checkAlive();
    const { shader, preamble, bindings, parameters, workgroups } = dispatch;
    if (workgroups.includes(0)) return;
    this.calls.enqueued(() => `${shader} in ${workgroups.reduce((product, count) => product * count)} workgroups`);
    const call = this.calls.description;
    const describe = (): string => describeDispatch(dispatch) + (call === undefined ? '' : ` of ${call()}`);
    if (parameters.length * 4 > GPU_UNIFORM_WINDOW_BYTES || workgroups.some((count) => count > this.workgroupLimit()))
      throw new VoxelgradError('kernel', {
        what: describe(),
        expected: `at most ${GPU_UNIFORM_WINDOW_BYTES / 4} parameters and ${this.workgroupLimit()} workgroups a dimension`,
        got: `${parameters.length} parameters and [${workgroups.join(', ')}] workgroups`,
      });
    const access = bindings.map((binding) => binding.access);
    const { ranges, copies } = this.separate(dispatch, describe);
    const { current: use } = this.profile;
    const bytes = ranges.reduce((sum, range) => sum + range.bytes, 0);
    const seconds = slowSeconds({ operations: this.calls.operations, bytes }, this.software);
    const amount = { parameters: [...parameters], workgroups, seconds };
    const command = { kind: 'dispatch', ranges, ...amount, describe, use } as const;
    if (this.recording !== undefined) this.recording.dispatch({ ...command, shader, preamble, access });
    else this.recorder.dispatch({ ...command, pipeline: this.pipelines.get(shader, preamble, access, describe) });
    for (const copy of copies) this.free(copy);
  }

  /** Enqueues a copy of `bytes` (a multiple of 4) from the start of one operand to the start of another in a different buffer. */
  copy(from: Operand, to: Operand, bytes: number): void {
    this.failures.checkAlive();
    if (bytes > 0) this.enqueueCopy({ kind: 'copy', from: this.place(from, bytes), to: this.place(to, bytes) });
  }

  private enqueueCopy(copy: CopyCommand): void {
    if (this.recording !== undefined) this.recording.copy(copy);
    else this.recorder.copy(copy);
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
    const { block, byteOffset } = this.place(target, data.byteLength);
    if (this.recording !== undefined) this.recording.write(this.own(target.buffer), byteOffset, data);
    else this.recorder.upload(block, byteOffset, data);
  }

  startRecording(): WebgpuRecording {
    if (this.recording !== undefined) throw notCapturable('captures another one', 'capture one after the other');
    this.recording = new WebgpuRecording({
      ended: () => {
        this.recording = undefined;
      },
      pipeline: ({ shader, preamble, access, describe }) => this.pipelines.get(shader, preamble, access, describe),
      allocate: (bytes) => {
        this.arenaBytes += bytes;
        return this.pool.allocate(bytes, bytes);
      },
      free: (buffer) => {
        this.arenaBytes -= buffer.bytes;
        this.pool.free(buffer);
      },
      release: (buffer) => this.pool.release(buffer),
      upload: (block, byteOffset, bytes) => this.recorder.upload(block, byteOffset, bytes),
      program: (commands) => {
        const program = this.recorder.program(commands, debugLevel >= 1 && !this.measuresCommands);
        return {
          run: (wordFor) => {
            this.failures.checkAlive();
            this.recorder.run(program, wordFor, (uses, enqueue) => this.profile.time(uses, this, enqueue));
          },
          dispose: () => void this.recorder.flush().then(() => program.destroy()),
        };
      },
    });
    return this.recording;
  }

  async read(source: Operand): Promise<HostArray> {
    this.failures.checkAlive();
    this.recording?.refuseWaiting();
    const length = sizeOf(source.shape);
    const bytes = this.bytesFor(source.dtype, length);
    if (bytes === 0) {
      await this.synchronize();
      return decodeHostValues(source.dtype, new ArrayBuffer(0), 0);
    }
    const staging = this.readBack.take(bytes);
    this.recorder.copy({ kind: 'copy', from: this.place(source, bytes), to: { block: staging, byteOffset: 0, bytes } });
    const fetched = await this.settle(this.recorder.flush().then(() => this.readBack.fetch(staging, bytes)));
    return decodeHostValues(source.dtype, fetched, length);
  }

  async synchronize(): Promise<void> {
    this.failures.checkAlive();
    this.recording?.refuseWaiting();
    await this.settle(this.recorder.flush().then(() => this.gpu.queue.onSubmittedWorkDone()));
  }

  async tune(work: () => void, onProgress?: CompileProgress): Promise<readonly TunedKernel[]> {
    this.failures.checkAlive();
    const keep = ({ kernel, chosen }: TunedKernel): Promise<void> => this.choices.keep(new Map([[kernel, chosen]]));
    return tuneQuestions(this, this.choices.listen(work), keep, onProgress);
  }

  /** Seconds that the dispatches of `work` take, by the GPU's clock where it has one. Nothing else may be enqueued meanwhile. */
  async timed(work: () => void): Promise<number> {
    await this.synchronize();
    const before = this.recorder.took;
    const times: Promise<number>[] = [];
    if (this.features.has('timestamp-query')) this.recorder.took = (_, milliseconds) => times.push(milliseconds);
    try {
      const begin = performance.now();
      work();
      await this.synchronize();
      const elapsed = performance.now() - begin;
      const measured = (await Promise.all(times)).reduce((sum, milliseconds) => sum + milliseconds, 0);
      return (measured > 0 ? measured : elapsed) * 1e-3;
    } finally {
      this.recorder.took = before;
    }
  }

  memory(): MemoryReport {
    return { ...this.pool.report(), arenaBytes: this.arenaBytes };
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
    const clock = this.measuresCommands
      ? "the GPU's time stamps"
      : "the host's clock, with a round trip to the GPU in each call: the adapter has no timestamp-query";
    await this.profile.print(`webgpu, ${this.description}`, clock);
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
    if (isVoxelgradError(outcome.cause)) throw outcome.cause;
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

  /** The first `bytes` bytes of an operand. */
  private place({ buffer, byteOffset }: Operand, bytes: number): BoundRange {
    const given = this.own(buffer);
    if (this.recording !== undefined) this.recording.use(given);
    else checkPlaced(given);
    return { block: given.block, byteOffset: given.start + byteOffset, bytes };
  }

  private range(operand: Operand, describe: () => string): BoundRange {
    const { dtype, shape } = operand;
    const wanted = Math.max(4, this.bytesFor(dtype, sizeOf(shape)));
    const limit = this.limits.maxStorageBufferBindingSize;
    if (wanted > limit)
      throw new VoxelgradError('device', {
        what: describe(),
        expected: `tensors of at most ${limit} bytes, the adapter's limit for one binding`,
        got: `${wanted} bytes`,
        help: "use a smaller patch or batch, f16, or device 'cpu'",
      });
    const { block, byteOffset } = this.place(operand, wanted);
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
  private separate(
    { bindings }: Dispatch,
    describe: () => string,
  ): { readonly ranges: BoundRange[]; readonly copies: WebgpuBuffer[] } {
    const all = bindings.map(({ operand }) => this.range(operand, describe));
    const written = new Set(all.filter((_, i) => bindings[i]!.access === 'write').map(({ block }) => block));
    const copies: WebgpuBuffer[] = [];
    const ranges = all.map((range, i) => {
      if (bindings[i]!.access === 'write' || !written.has(range.block)) return range;
      const copy = this.allocate(range.bytes);
      copies.push(copy);
      const separated = { block: copy.block, byteOffset: 0, bytes: range.bytes };
      this.enqueueCopy({ kind: 'copy', from: range, to: separated });
      return separated;
    });
    return { ranges, copies };
  }
}
