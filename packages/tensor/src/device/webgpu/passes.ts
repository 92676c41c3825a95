/**
 * The compute passes of one command buffer: one for neighbouring dispatches. Where the GPU is to measure them, each has a pass of its own between two time
 * stamps, which are read back when the buffer has run.
 */
import type { KernelUse } from '../profile.ts';
import { GPU_COPY_DST, GPU_COPY_SRC, GPU_MAP_READ, GPU_QUERY_RESOLVE } from './buffer-pool.ts';

/** Stamps of a query set. */
const STAMPS = 256;
const STAMP_BYTES = 8;
const MAP_MODE_READ = 0x1;

/** Gets the time of each dispatch, and the kernel's call that it is part of where somebody asked for a profile. */
export type Took = (use: KernelUse | undefined, milliseconds: Promise<number>) => void;

interface Stamps {
  readonly set: GPUQuerySet;
  readonly uses: (KernelUse | undefined)[];
}

export class Passes {
  readonly #device: GPUDevice;
  readonly #encoder: GPUCommandEncoder;
  readonly #label: string;
  readonly #took: Took | undefined;
  readonly #stamps: Stamps[] = [];
  #pass: GPUComputePassEncoder | undefined;

  /** `took` is there where the GPU is to measure. */
  constructor(device: GPUDevice, label: string, took: Took | undefined) {
    this.#device = device;
    this.#encoder = device.createCommandEncoder({ label });
    this.#label = label;
    this.#took = took;
  }

  /** The pass for the next dispatch, which is part of `use`. A pass that is new has no pipeline yet. */
  pass(use: KernelUse | undefined): GPUComputePassEncoder {
    if (this.#took !== undefined) this.#end();
    if (this.#pass === undefined) {
      const timestampWrites = this.#took === undefined ? undefined : this.#stamp(use);
      this.#pass = this.#encoder.beginComputePass({
        label: this.#label,
        ...(timestampWrites === undefined ? {} : { timestampWrites }),
      });
    }
    return this.#pass;
  }

  /** The encoder, between passes. */
  get between(): GPUCommandEncoder {
    this.#end();
    return this.#encoder;
  }

  /** The command buffer, to be submitted at once. */
  finish(): GPUCommandBuffer {
    this.#end();
    for (const stamps of this.#stamps) this.#readBack(stamps);
    return this.#encoder.finish();
  }

  #end(): void {
    this.#pass?.end();
    this.#pass = undefined;
  }

  #stamp(use: KernelUse | undefined): GPUComputePassTimestampWrites {
    let stamps = this.#stamps.at(-1);
    if (stamps === undefined || stamps.uses.length * 2 === STAMPS) {
      stamps = { set: this.#device.createQuerySet({ type: 'timestamp', count: STAMPS }), uses: [] };
      this.#stamps.push(stamps);
    }
    const first = 2 * stamps.uses.length;
    stamps.uses.push(use);
    return { querySet: stamps.set, beginningOfPassWriteIndex: first, endOfPassWriteIndex: first + 1 };
  }

  #readBack({ set, uses }: Stamps): void {
    const size = 2 * STAMP_BYTES * uses.length;
    const resolved = this.#device.createBuffer({ label: 'time stamps', size, usage: GPU_QUERY_RESOLVE | GPU_COPY_SRC });
    const mapped = this.#device.createBuffer({ label: 'time stamps', size, usage: GPU_MAP_READ | GPU_COPY_DST });
    this.#encoder.resolveQuerySet(set, 0, 2 * uses.length, resolved, 0);
    this.#encoder.copyBufferToBuffer(resolved, 0, mapped, 0, size);
    const times = (async () => {
      // The buffer is submitted before this goes on: nothing may be submitted that uses what is being mapped.
      await Promise.resolve();
      await mapped.mapAsync(MAP_MODE_READ);
      const nanoseconds = new BigUint64Array(mapped.getMappedRange().slice(0));
      for (const used of [set, resolved, mapped]) used.destroy();
      return uses.map((_, i) => Number(nanoseconds[2 * i + 1]! - nanoseconds[2 * i]!) / 1e6);
    })();
    uses.forEach((use, i) => {
      this.#took?.(
        use,
        times.then((milliseconds) => milliseconds[i]!),
      );
    });
  }
}
