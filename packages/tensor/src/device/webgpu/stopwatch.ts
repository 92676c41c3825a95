/** How long the GPU takes: timestamps at both ends of each compute pass, or the host's clock around the queue where an adapter has none. */
import { GPU_COPY_DST, GPU_COPY_SRC, GPU_MAP_READ, GPU_QUERY_RESOLVE } from './buffer-pool.ts';

/** Passes of one measurement. Those beyond are not timed, so work to be timed must fit. */
const MOST_PASSES = 64;
const BYTES = MOST_PASSES * 2 * 8;
const MAP_MODE_READ = 1;

export class Stopwatch {
  readonly #device: GPUDevice;
  readonly #queries: GPUQuerySet;
  #passes = 0;

  /** The device has the feature timestamp-query. */
  constructor(device: GPUDevice) {
    this.#device = device;
    this.#queries = device.createQuerySet({ label: 'stopwatch', type: 'timestamp', count: MOST_PASSES * 2 });
  }

  /** To be given to the next pass. */
  next(): GPUComputePassTimestampWrites | undefined {
    if (this.#passes === MOST_PASSES) return undefined;
    const first = 2 * this.#passes++;
    return { querySet: this.#queries, beginningOfPassWriteIndex: first, endOfPassWriteIndex: first + 1 };
  }

  /** Seconds of all passes since the last time it was read. Everything must be submitted. */
  async read(): Promise<number> {
    const passes = this.#passes;
    this.#passes = 0;
    if (passes === 0) return 0;
    const resolved = this.#device.createBuffer({ size: BYTES, usage: GPU_QUERY_RESOLVE | GPU_COPY_SRC });
    const mapped = this.#device.createBuffer({ size: BYTES, usage: GPU_MAP_READ | GPU_COPY_DST });
    try {
      const encoder = this.#device.createCommandEncoder({ label: 'stopwatch' });
      encoder.resolveQuerySet(this.#queries, 0, 2 * passes, resolved, 0);
      encoder.copyBufferToBuffer(resolved, 0, mapped, 0, BYTES);
      this.#device.queue.submit([encoder.finish()]);
      await mapped.mapAsync(MAP_MODE_READ);
      const times = new BigUint64Array(mapped.getMappedRange().slice(0));
      let nanoseconds = 0;
      for (let pass = 0; pass < passes; pass++) nanoseconds += Number(times[2 * pass + 1]! - times[2 * pass]!);
      return nanoseconds * 1e-9;
    } finally {
      resolved.destroy();
      mapped.destroy();
    }
  }

  destroy(): void {
    this.#queries.destroy();
  }
}
