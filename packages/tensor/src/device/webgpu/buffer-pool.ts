/**
 * Device memory in blocks of rounded sizes, kept for reuse. One tensor has one GPUBuffer: WebGPU forbids binding a buffer both for reading and for
 * writing in one dispatch, so tensors must not share one.
 *
 * Since the queue is in order a freed block is reused at once. The pool stays below 1½ times the most that was ever used, so sizes that come no
 * more are given back. WebGPU reports exhausted memory asynchronously; the recorder waits for a block's check before it uses the block, so a
 * failed creation is retried here after free blocks were given back, and nobody notices.
 */
import { VoxelgradError } from '../../errors.ts';
import type { DeviceBuffer, MemoryReport } from '../device.ts';
import type { Failures } from './failures.ts';

const MINIMUM_BYTES = 256;
/** The pool may always keep this much, so that small programs never give anything back. */
const ALWAYS_KEPT_BYTES = 64 * 2 ** 20;

export interface Block {
  readonly id: number;
  readonly bytes: number;
  gpu: GPUBuffer;
  /** Recorded commands that were not submitted yet: while there are some, the block must not be destroyed. */
  pendingUses: number;
  /** Present until the GPU has confirmed that the memory exists. */
  check: Promise<void> | undefined;
  /** The GPU had no memory for it: commands that use it are skipped, with this error. */
  error: VoxelgradError | undefined;
}

export class WebgpuBuffer implements DeviceBuffer {
  readonly bytes: number;
  block: Block;
  /** Where in the block it starts: results of captured steps share blocks. */
  start = 0;
  /** Captured steps that use it: its memory stays for as long as there are some. */
  captures = 0;
  freed = false;
  /** Set where it was made while a step was recorded: what the step knew it by. */
  readonly planned: Block | undefined;

  constructor(bytes: number, block: Block, planned?: Block) {
    this.bytes = bytes;
    this.block = block;
    this.planned = planned;
  }
}

/** Rounded up to an eighth of the power of two below, which wastes 1/16 on average and lets nearby sizes share blocks. */
export function sizeClass(bytes: number): number {
  if (bytes <= MINIMUM_BYTES) return MINIMUM_BYTES;
  const step = Math.max(MINIMUM_BYTES, 2 ** (Math.floor(Math.log2(bytes)) - 3));
  return Math.ceil(bytes / step) * step;
}

export class BufferPool {
  private readonly device: GPUDevice;
  private readonly failures: Failures;
  private readonly onDestroy: () => void;
  private readonly freeBlocks = new Map<number, Block[]>();
  private nextId = 1;
  private usedBytes = 0;
  private freeBytes = 0;
  private peakBytes = 0;
  private live = 0;

  /** `onDestroy` is told whenever blocks go: what refers to them (bind groups) must go too. */
  constructor(device: GPUDevice, failures: Failures, onDestroy: () => void) {
    this.device = device;
    this.failures = failures;
    this.onDestroy = onDestroy;
  }

  /** `wanted`: what the block is to have. */
  allocate(bytes: number, wanted = sizeClass(bytes)): WebgpuBuffer {
    const limit = this.device.limits.maxBufferSize;
    if (bytes > limit)
      throw new VoxelgradError('out-of-memory', {
        what: 'allocating a tensor',
        expected: `at most ${limit} bytes, this adapter's largest buffer`,
        got: `${bytes} bytes`,
        help: 'use a smaller patch or batch',
      });
    const size = Math.min(wanted, limit - (limit % 4));
    const reused = this.freeBlocks.get(size)?.pop();
    if (reused !== undefined) this.freeBytes -= size;
    const block = reused ?? this.create(size, GPU_STORAGE | GPU_COPY_SRC | GPU_COPY_DST);
    this.usedBytes += size;
    this.live++;
    this.peakBytes = Math.max(this.peakBytes, this.usedBytes);
    return new WebgpuBuffer(bytes, block);
  }

  free(buffer: WebgpuBuffer): void {
    if (buffer.freed) return;
    buffer.freed = true;
    if (buffer.captures === 0) this.release(buffer);
  }

  /** Takes back the block of a buffer that is freed. */
  release({ block }: WebgpuBuffer): void {
    this.usedBytes -= block.bytes;
    this.live--;
    if (block.error !== undefined) return;
    const list = this.freeBlocks.get(block.bytes) ?? [];
    list.push(block);
    // Deleted first, so that the map is in the order of last use.
    this.freeBlocks.delete(block.bytes);
    this.freeBlocks.set(block.bytes, list);
    this.freeBytes += block.bytes;
    const cap = Math.max(ALWAYS_KEPT_BYTES, 1.5 * this.peakBytes);
    if (this.usedBytes + this.freeBytes > cap) this.trim(this.usedBytes + this.freeBytes - cap);
  }

  report(): Omit<MemoryReport, 'arenaBytes'> {
    return {
      usedBytes: this.usedBytes,
      reservedBytes: this.usedBytes + this.freeBytes,
      peakBytes: this.peakBytes,
      buffers: this.live,
    };
  }

  /** Gives back at least `bytes` of free blocks, sizes long unused first; blocks that recorded commands still need stay. */
  private trim(bytes: number): void {
    let left = bytes;
    for (const [size, list] of this.freeBlocks) {
      const kept = list.filter((block) => {
        if (left <= 0 || block.pendingUses > 0 || block.check !== undefined) return true;
        left -= size;
        this.freeBytes -= size;
        block.gpu.destroy();
        return false;
      });
      if (kept.length > 0) this.freeBlocks.set(size, kept);
      else this.freeBlocks.delete(size);
    }
    this.onDestroy();
  }

  /** A new block outside the pool's books, with the same care for exhausted memory: for staging buffers. */
  create(bytes: number, usage: GPUFlagsConstant): Block {
    const id = this.nextId++;
    const { gpu, error } = this.createBuffer(bytes, usage, id);
    const block: Block = { id, bytes, gpu, pendingUses: 0, check: undefined, error: undefined };
    block.check = this.confirm(block, usage, error).finally(() => {
      block.check = undefined;
    });
    return block;
  }

  private createBuffer(
    size: number,
    usage: GPUFlagsConstant,
    id: number,
  ): { gpu: GPUBuffer; error: Promise<GPUError | null> } {
    this.device.pushErrorScope('out-of-memory');
    const gpu = this.device.createBuffer({ label: `memory ${id}`, size, usage });
    return { gpu, error: this.device.popErrorScope() };
  }

  private async confirm(block: Block, usage: GPUFlagsConstant, creation: Promise<GPUError | null>): Promise<void> {
    let reason = '';
    try {
      let error = await creation;
      for (let attempt = 0; error !== null && attempt < 2; attempt++) {
        // What was destroyed may be given back only when the GPU is done with it.
        if (attempt > 0) await this.failures.untilLost(this.device.queue.onSubmittedWorkDone());
        this.trim(Number.POSITIVE_INFINITY);
        const retry = this.createBuffer(block.bytes, usage, block.id);
        block.gpu = retry.gpu;
        error = await retry.error;
      }
      if (error === null) return;
      reason = error.message;
    } catch (cause) {
      reason = String(cause);
    }
    block.error = new VoxelgradError('out-of-memory', {
      what: 'the GPU has no memory left',
      expected: `room for ${block.bytes} more bytes`,
      got: `${this.usedBytes} bytes in use by ${this.live} tensors (${reason.trim().split('\n')[0]})`,
      help: 'use a smaller patch or batch, or dispose of tensors earlier',
    });
    this.failures.record(block.error);
  }
}

/** The usage flags, spelled out: Node has no global GPUBufferUsage. */
export const GPU_MAP_READ = 0x1;
export const GPU_COPY_SRC = 0x4;
export const GPU_COPY_DST = 0x8;
export const GPU_UNIFORM = 0x40;
export const GPU_STORAGE = 0x80;
export const GPU_QUERY_RESOLVE = 0x200;
