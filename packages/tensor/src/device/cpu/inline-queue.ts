/** Runs every command at once, on the calling thread: for pages that are not cross-origin isolated. */
import type { VoxelgradError } from '../../errors.ts';
import type { DescribeCommand } from './command-descriptions.ts';
import { type CommandQueue, closedError, kernelFailure } from './command-queue.ts';
import { RING } from './ring.ts';

export class InlineQueue implements CommandQueue {
  readonly threads = 1;
  readonly #kernels: readonly ((parameters: number, item: number, thread: number) => void)[];
  readonly #kernelNames: readonly string[];
  readonly #words: Int32Array;
  #failure: VoxelgradError | undefined;
  #closed = false;
  queued = 0;

  constructor(modules: readonly WebAssembly.Module[], memory: WebAssembly.Memory, kernelNames: readonly string[]) {
    const abort = (): never => {
      throw new Error('the kernel aborted');
    };
    const instances = modules.map((module) => new WebAssembly.Instance(module, { env: { memory, abort } }));
    const exports: WebAssembly.Exports = Object.assign({}, ...instances.map((instance) => instance.exports));
    this.#kernelNames = kernelNames;
    this.#kernels = kernelNames.map(
      (name) => exports[name] as (parameters: number, item: number, thread: number) => void,
    );
    this.#words = new Int32Array(memory.buffer, RING.baseByte, RING.slotWords);
  }

  get completed(): number {
    return this.queued;
  }

  checkAlive(): void {
    if (this.#closed) throw closedError();
  }

  enqueue(kernel: number, items: number, parameters: ArrayLike<number>, describe?: DescribeCommand): void {
    this.checkAlive();
    this.#words.set(parameters, 0);
    try {
      for (let item = 0; item < items; item++) this.#kernels[kernel]!(RING.baseByte, item, 0);
    } catch (error) {
      this.#failure ??= kernelFailure(this.#kernelNames[kernel]!, describe?.(0), String(error));
    }
    this.queued++;
  }

  enqueueSlots(slots: Int32Array, describe?: DescribeCommand): void {
    for (let command = 0; command * RING.slotWords < slots.length; command++) {
      const slot = command * RING.slotWords;
      this.enqueue(
        slots[slot + RING.kernel]!,
        slots[slot + RING.items]!,
        slots.subarray(slot + RING.parameters, slot + RING.slotWords),
        () => describe?.(command),
      );
    }
  }

  async finished(): Promise<number> {
    this.checkAlive();
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
    return performance.now();
  }

  async close(): Promise<void> {
    this.#closed = true;
  }
}
