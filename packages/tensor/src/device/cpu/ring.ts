/**
 * The command ring's layout in the shared WebAssembly memory, written by the calling thread and read by the workers.
 *
 * `CONTROL` words, then `SLOTS` slots of `SLOT_WORDS` words: kernel index, number of items, next item to claim, items finished, parameters.
 * A slot may be written again once every worker has moved past it, which the workers' own position words tell.
 */
export const RING = {
  /** Below lie the static data of the compiled kernels. */
  baseByte: 1 << 20,
  controlWords: 128,
  slots: 2048,
  slotWords: 64,
  /** Control words. */
  head: 0,
  completed: 1,
  stop: 2,
  /** How many kernels have failed. */
  failures: 3,
  /** Position of worker 0; one word for each worker. */
  positions: 16,
  maximumThreads: 96,
  /** Words of a slot. */
  kernel: 0,
  items: 1,
  next: 2,
  finished: 3,
  parameters: 4,
  /** Kernel index of a marker: whoever takes it tells the calling thread that all before it has run. */
  marker: -1,
} as const;

export type RingLayout = typeof RING;

export const RING_END_BYTE = RING.baseByte + 4 * (RING.controlWords + RING.slots * RING.slotWords);

/** What a worker gets when it starts. */
export interface WorkerStart {
  /** A kernel of a later one takes the place of its namesake. */
  readonly modules: readonly WebAssembly.Module[];
  readonly memory: WebAssembly.Memory;
  readonly kernelNames: readonly string[];
  readonly thread: number;
  readonly ring: RingLayout;
}

/** What a worker says. */
export type WorkerMessage =
  | { readonly type: 'ready' }
  /** `time`: when the worker got there, in milliseconds of a clock that all workers share. */
  | { readonly type: 'marker'; readonly id: number; readonly time: number }
  /** `position`: which command, counted as the ring's head is. */
  | { readonly type: 'failed'; readonly kernel: string; readonly position: number; readonly message: string };
