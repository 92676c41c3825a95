/**
 * What a device is: a queue. Memory is allocated and freed, kernels are enqueued and run in that order, and values are read back
 * asynchronously. Nothing here blocks: `read` and `synchronize` are the only waits. Since the queue is in order, memory that was freed may be
 * handed out again at once: whoever gets it writes to it later in the queue.
 */
import type { CompileProgress, DeviceRecording } from '../capture/recording.ts';
import type { DType, HostArray } from '../dtype.ts';
import type { Kernels } from '../ops/kernels.ts';
import type { Shape } from '../shape.ts';
import type { TunedKernel } from './webgpu/tuning.ts';

/** What a device is called where one is chosen. */
export type DeviceKind = 'cpu' | 'webgpu';

/** A piece of device memory. Each device has its own class; only its kernels look inside. */
export interface DeviceBuffer {
  readonly bytes: number;
}

/** A contiguous tensor as a kernel sees it. `byteOffset` is a multiple of 256, as WebGPU's bindings ask. */
export interface Operand {
  readonly buffer: DeviceBuffer;
  readonly byteOffset: number;
  readonly dtype: DType;
  readonly shape: Shape;
}

/** What a device holds at the moment, in bytes. */
export interface MemoryReport {
  /** Bytes that live tensors hold. */
  readonly usedBytes: number;
  /** Bytes taken from the system, free blocks kept for reuse included. */
  readonly reservedBytes: number;
  /** The largest `usedBytes` so far. */
  readonly peakBytes: number;
  /** Those of `usedBytes` that are arenas of captured steps. */
  readonly arenaBytes: number;
  readonly buffers: number;
}

/** What computes: a queue with memory of its own. Opened by `openDevice` of `@voxelgrad/tensor/node` and `/browser`. */
export interface Device {
  readonly kind: DeviceKind;
  /** For people: which processor, how many threads, which driver. */
  readonly description: string;
  /** Whether kernels take f16 operands. */
  readonly hasF16: boolean;
  readonly kernels: Kernels;

  /** Bytes that `size` elements of `dtype` take here (WebGPU keeps u8 and bool in 32-bit words). */
  bytesFor(dtype: DType, size: number): number;
  /** Memory with unspecified content. Throws 'out-of-memory' with the numbers. */
  allocate(bytes: number): DeviceBuffer;
  free(buffer: DeviceBuffer): void;

  /** Enqueues a copy of host values into `target`; `values` may be changed afterwards. */
  write(target: Operand, values: HostArray): void;
  /** The values of `source` once everything enqueued so far has run. Rejects with the first error since the last read. */
  read(source: Operand): Promise<HostArray>;
  /** Resolves once everything enqueued so far has run; rejects as `read` does. */
  synchronize(): Promise<void>;

  /** From now on everything enqueued is recorded instead of run, until the recording is ended: see capture.ts. Throws 'capture' while one is under way. */
  startRecording(): DeviceRecording;
  /** The recording that is under way. */
  readonly recording: DeviceRecording | undefined;

  /** Measures candidates for the kernels that `work`, which records them, calls: see capture/tune.ts. Absent where there is nothing to choose. */
  tune?(work: () => void, onProgress?: CompileProgress): Promise<readonly TunedKernel[]>;

  memory(): MemoryReport;
  /** Stops threads and frees all memory. Tensors of this device are dead afterwards. */
  close(): Promise<void>;
}
