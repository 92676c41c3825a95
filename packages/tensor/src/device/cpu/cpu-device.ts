/**
 * The CPU as a device: WebAssembly kernels over one shared memory. The calling thread writes commands and never computes or blocks; worker
 * threads run them in order, sharing the items of each. See queue.ts for how, heap.ts for memory.
 */

import { notCapturable } from '../../capture/recording.ts';
import { debug, debugLevel } from '../../debug.ts';
import type { DType, HostArray } from '../../dtype.ts';
import { hostArray } from '../../dtype.ts';
import { VoxelgradError } from '../../errors.ts';
import { createCpuKernels } from '../../ops/cpu-kernels.ts';
import type { Kernels } from '../../ops/kernels.ts';
import { sizeOf } from '../../shape.ts';
import type { Device, DeviceBuffer, MemoryReport, Operand } from '../device.ts';
import { floatToHalf, halfToFloat } from '../half.ts';
import { KernelCalls } from '../kernel-calls.ts';
import { Profile } from '../profile.ts';
import type { CommandQueue } from './command-queue.ts';
import { CpuBuffer, checkPlaced } from './cpu-buffer.ts';
import { CpuRecording } from './cpu-recording.ts';
import { Heap } from './heap.ts';
import { InlineQueue } from './inline-queue.ts';
import { type SpawnWorker, ThreadedQueue } from './queue.ts';
import { RING, RING_END_BYTE } from './ring.ts';
import { Staging } from './staging.ts';

const PAGE = 65536;
/** Bytes that one work item of a plain copy moves. */
const COPY_CHUNK = 1 << 18;
const BYTES: Record<DType, number> = { f32: 4, f16: 2, i32: 4, u8: 1, bool: 1 };

export interface CpuDeviceSetup {
  readonly module: WebAssembly.Module;
  /** Kernels with wide vectors that take the place of their namesakes: see wide-simd.ts. */
  readonly wide?: WebAssembly.Module | undefined;
  readonly relaxedSimd: boolean;
  /** Worker threads; 0 runs kernels on the calling thread. */
  readonly threads: number;
  readonly spawn?: SpawnWorker;
  /** VOXELGRAD_DEBUG tells nothing of it: a device that the engine opens for itself. */
  readonly quiet?: boolean;
}

export class CpuDevice implements Device {
  readonly kind = 'cpu';
  readonly description: string;
  readonly hasF16 = true;
  readonly measuresCommands = false;
  readonly kernels: Kernels;
  readonly #memory: WebAssembly.Memory;
  readonly #heap: Heap;
  readonly #staging: Staging;
  readonly #queue: CommandQueue;
  readonly #kernelIndex: ReadonlyMap<string, number>;
  readonly #kernelNames: readonly string[];
  readonly #profile = new Profile();
  readonly #calls = new KernelCalls();
  readonly #quiet: boolean;
  #arenaBytes = 0;
  #recording: CpuRecording | undefined;
  #closed = false;

  constructor(setup: CpuDeviceSetup) {
    this.#memory = createMemory();
    this.#heap = new Heap(RING_END_BYTE, (end) => this.#grow(end));
    this.#staging = new Staging(this.#heap);
    const names = WebAssembly.Module.exports(setup.module)
      .filter((entry) => entry.kind === 'function')
      .map((entry) => entry.name);
    this.#kernelNames = names;
    this.#kernelIndex = new Map(names.map((name, index) => [name, index]));
    const modules = setup.wide === undefined ? [setup.module] : [setup.module, setup.wide];
    this.#queue =
      setup.threads > 0 && setup.spawn !== undefined
        ? new ThreadedQueue(modules, this.#memory, names, Math.min(setup.threads, RING.maximumThreads), setup.spawn)
        : new InlineQueue(modules, this.#memory, names);
    this.description = `WebAssembly SIMD${setup.wide ? ' in wide vectors' : ''}${setup.relaxedSimd ? ' with fused multiply-add' : ''}, ${this.threads} thread${this.threads === 1 ? '' : 's'}`;
    this.#quiet = setup.quiet ?? false;
    const kernels = createCpuKernels(this);
    this.kernels = this.#quiet
      ? kernels
      : this.#profile.wrap(
          this,
          this.#calls.wrap(kernels, (buffer) => this.free(buffer)),
        );
  }

  get threads(): number {
    return this.#queue.threads;
  }

  bytesFor(dtype: DType, size: number): number {
    return BYTES[dtype] * size;
  }

  allocate(bytes: number): CpuBuffer {
    this.#queue.checkAlive();
    const buffer = this.#recording?.allocate(bytes) ?? this.#allocateNow(bytes);
    this.#calls.allocated(buffer);
    return buffer;
  }

  #allocateNow(bytes: number): CpuBuffer {
    let address = this.#heap.allocate(bytes);
    if (address === undefined) {
      // What uploads keep for the next ones may be what is missing.
      this.#staging.clear();
      address = this.#heap.allocate(bytes);
    }
    if (address === undefined) throw this.#outOfMemory(bytes);
    return new CpuBuffer(address, bytes);
  }

  #outOfMemory(bytes: number): VoxelgradError {
    return new VoxelgradError('out-of-memory', {
      what: `no room for ${bytes.toLocaleString('en')} bytes on the cpu device`,
      got: `${this.#heap.usedBytes.toLocaleString('en')} bytes in use of at most 4,294,967,296`,
      help: 'use a smaller patch or batch, or gradient checkpointing',
    });
  }

  free(buffer: DeviceBuffer): void {
    this.#calls.freed(buffer);
    const given = buffer as CpuBuffer;
    if (this.#recording !== undefined) this.#recording.free(given);
    else if (given.planned === undefined) this.#release(given);
  }

  #release(buffer: CpuBuffer): void {
    buffer.freed = true;
    if (!this.#closed && buffer.captures === 0) this.#heap.release(buffer.address, this.#queue.queued);
  }

  /** The byte address of an operand's first element. */
  address(operand: Operand): number {
    return this.addressOf(operand.buffer) + operand.byteOffset;
  }

  addressOf(buffer: DeviceBuffer): number {
    const given = buffer as CpuBuffer;
    if (this.#recording === undefined) checkPlaced(given);
    else this.#recording.use(given);
    return given.address;
  }

  /** Notes how the kernel's call that is under way is computed, for VOXELGRAD_DEBUG=2. */
  choose(text: () => string): void {
    this.#calls.choose(text);
  }

  /** Appends a command: `items` calls of the exported kernel, in any order and on any thread, after all earlier commands. */
  enqueue(kernel: string, items: number, parameters: readonly number[]): void {
    const index = this.#kernelIndex.get(kernel);
    if (index === undefined)
      throw new VoxelgradError('kernel', {
        what: `there is no cpu kernel named ${kernel}`,
        help: 'kernels.wasm is older than the code that runs it: build it again',
      });
    // A slot of no number of items is one that no worker ever finishes.
    if (!Number.isInteger(items))
      throw new VoxelgradError('kernel', {
        what: `the cpu kernel ${kernel}${this.#calls.description === undefined ? '' : ` of ${this.#calls.description()}`}`,
        expected: 'a whole number of items',
        got: String(items),
        help: 'this is a defect in voxelgrad; please report it with the shapes involved',
      });
    if (parameters.length > RING.slotWords - RING.parameters)
      throw new VoxelgradError('kernel', {
        what: `too many parameters for the cpu kernel ${kernel}`,
        got: String(parameters.length),
      });
    this.#calls.enqueued(() => `${kernel} in ${items} items`);
    const describe = this.#calls.description;
    if (debugLevel >= 3 && !this.#quiet)
      debug(3, () => `${kernel} in ${items} items${describe === undefined ? '' : `, for ${describe()}`}`);
    if (this.#recording === undefined) this.#queue.enqueue(index, items, parameters, describe);
    else this.#recording.enqueue(index, items, parameters, describe?.(), this.#profile.current);
  }

  write(target: Operand, values: HostArray): void {
    this.#queue.checkAlive();
    const bytes = this.bytesFor(target.dtype, values.length);
    if (this.#recording !== undefined) {
      const constant = new Uint8Array(bytes);
      writeHostValues(constant.buffer, 0, target.dtype, values);
      this.#recording.write(target.buffer, constant, (from) => this.#copyBytes(from, this.address(target), bytes));
      return;
    }
    this.#upload(bytes, this.address(target), (address) =>
      writeHostValues(this.#memory.buffer, address, target.dtype, values),
    );
  }

  /** `fill` writes to memory that no command touches: commands in the queue may still read what lies at the target, so the values wait their turn. */
  #upload(bytes: number, target: number, fill: (address: number) => void): void {
    const staging = this.#staging.take(bytes, this.#queue.completed);
    if (staging === undefined) throw this.#outOfMemory(bytes);
    fill(staging.address);
    this.#copyBytes(staging.address, target, bytes);
    this.#staging.release(staging, this.#queue.queued);
  }

  #copyBytes(from: number, to: number, bytes: number): void {
    this.enqueue('copyBytes', Math.ceil(bytes / COPY_CHUNK), [from, to, bytes, COPY_CHUNK]);
  }

  startRecording(): CpuRecording {
    if (this.#recording !== undefined) throw notCapturable('captures another one', 'capture one after the other');
    this.#recording = new CpuRecording({
      kernelNames: this.#kernelNames,
      ended: () => {
        this.#recording = undefined;
      },
      allocate: (bytes) => {
        this.#arenaBytes += bytes;
        return this.allocate(bytes);
      },
      free: (buffer) => {
        this.#arenaBytes -= buffer.bytes;
        this.#release(buffer);
      },
      release: (buffer) => this.#release(buffer),
      upload: (bytes, target) =>
        this.#upload(bytes.byteLength, target, (address) => new Uint8Array(this.#memory.buffer).set(bytes, address)),
      run: (slots, describe, uses) =>
        this.#profile.timeEach(uses, this, (first, end) => {
          const part = slots.subarray(first * RING.slotWords, end * RING.slotWords);
          this.#queue.enqueueSlots(part, (command) => describe(first + command));
        }),
    });
    return this.#recording;
  }

  async read(source: Operand): Promise<HostArray> {
    this.#recording?.refuseWaiting();
    const size = sizeOf(source.shape);
    const bytes = this.bytesFor(source.dtype, size);
    // A copy, since commands that come later may change the source before this thread gets to look at it.
    const staging = this.allocate(bytes);
    this.#copyBytes(this.address(source), staging.address, bytes);
    try {
      await this.#queue.finished();
      return this.#hostValues(source.dtype, staging.address, size);
    } finally {
      this.free(staging);
    }
  }

  #hostValues(dtype: DType, address: number, size: number): HostArray {
    const memory = this.#memory.buffer;
    const values = hostArray(dtype, size);
    if (dtype === 'f16') halfToFloat(new Uint16Array(memory, address, size), values as Float32Array);
    else if (dtype === 'f32') values.set(new Float32Array(memory, address, size));
    else if (dtype === 'i32') values.set(new Int32Array(memory, address, size));
    else values.set(new Uint8Array(memory, address, size));
    return values;
  }

  async synchronize(): Promise<void> {
    this.#recording?.refuseWaiting();
    await this.#queue.finished();
  }

  get recording(): CpuRecording | undefined {
    return this.#recording;
  }

  /** For profiles: the time at which the queue got here. */
  timestamp(): Promise<number> {
    return this.#queue.finished();
  }

  memory(): MemoryReport {
    const { usedBytes, reservedBytes, peakBytes, blocks } = this.#heap;
    const { bytes: idleBytes, blocks: idleBlocks } = this.#staging;
    return {
      usedBytes: usedBytes - idleBytes,
      reservedBytes,
      peakBytes,
      arenaBytes: this.#arenaBytes,
      buffers: blocks - idleBlocks,
    };
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await this.#profile.print(`cpu, ${this.description}`, "the workers' clock");
    this.#closed = true;
    await this.#queue.close();
  }

  #grow(end: number): boolean {
    const missing = end - this.#memory.buffer.byteLength;
    if (missing <= 0) return true;
    try {
      this.#memory.grow(Math.ceil(missing / PAGE));
      return true;
    } catch {
      return false;
    }
  }
}

/** Writes host values as a tensor of `dtype` holds them. */
function writeHostValues(memory: ArrayBufferLike, address: number, dtype: DType, values: HostArray): void {
  if (dtype === 'f16') floatToHalf(values as Float32Array, new Uint16Array(memory, address, values.length));
  else if (dtype === 'f32') new Float32Array(memory, address, values.length).set(values);
  else if (dtype === 'i32') new Int32Array(memory, address, values.length).set(values);
  else new Uint8Array(memory, address, values.length).set(values);
}

/** As much address space as the engine grants: 4 GiB, or less on small devices. */
function createMemory(): WebAssembly.Memory {
  const initial = Math.ceil(RING_END_BYTE / PAGE) + 64;
  for (const maximum of [65536, 32768, 16384])
    try {
      return new WebAssembly.Memory({ initial, maximum, shared: true });
    } catch {
      // The engine refused to reserve that much: ask for less.
    }
  throw new VoxelgradError('out-of-memory', {
    what: 'the engine grants no shared WebAssembly memory of 1 GiB',
    help: 'close other tabs or programs, or use another device',
  });
}
