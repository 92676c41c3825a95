/**
 * Two ways to run commands: a ring that worker threads drain, and, where a page has no shared memory, at once on the calling thread.
 */
import { VoxelgradError } from '../../errors.ts';
import { RING, type WorkerMessage, type WorkerStart } from './ring.ts';

export interface CommandQueue {
  readonly threads: number;
  /** Commands enqueued so far. */
  readonly queued: number;
  /** Commands that have run, as far as can be told without waiting. */
  readonly completed: number;
  enqueue(kernel: number, items: number, parameters: readonly number[]): void;
  /** Enqueues commands that are already written as slots of the ring; none without items. The array must not change afterwards. */
  enqueueSlots(slots: Int32Array): void;
  /** Resolves when all commands before this call have run, with the time (ms) of that moment; rejects if one failed since the last time. */
  finished(): Promise<number>;
  close(): Promise<void>;
}

/** The part of Node's and the browser's Worker that is used. */
export interface WorkerHandle {
  onMessage(listener: (message: WorkerMessage) => void): void;
  onDeath(listener: (reason: string) => void): void;
  /** Whether it keeps the process alive. */
  keepAlive(alive: boolean): void;
  terminate(): Promise<void>;
}

export type SpawnWorker = (start: WorkerStart) => WorkerHandle;

/** Commands that wait for room in the ring, as slots. */
interface Waiting {
  readonly slots: Int32Array;
  /** Slots that were published. */
  done: number;
}

export class ThreadedQueue implements CommandQueue {
  readonly threads: number;
  readonly #workers: WorkerHandle[];
  readonly #words: Int32Array;
  readonly #pending = new Map<number, { resolve: (time: number) => void; reject: (error: Error) => void }>();
  #backlog: Waiting[] = [];
  #published = 0;
  /** Commands in the backlog. */
  #waiting = 0;
  #markers = 0;
  #failure: VoxelgradError | undefined;
  #death: VoxelgradError | undefined;
  #closed = false;

  constructor(
    module: WebAssembly.Module,
    memory: WebAssembly.Memory,
    kernelNames: readonly string[],
    threads: number,
    spawn: SpawnWorker,
  ) {
    this.threads = threads;
    this.#words = new Int32Array(memory.buffer, RING.baseByte, RING.controlWords + RING.slots * RING.slotWords);
    this.#workers = Array.from({ length: threads }, (_, thread) =>
      spawn({ module, memory, kernelNames, thread, ring: RING }),
    );
    for (const worker of this.#workers) {
      worker.keepAlive(false);
      worker.onMessage((message) => this.#receive(message));
      worker.onDeath((reason) => this.#die(reason));
    }
  }

  get queued(): number {
    return this.#published + this.#waiting;
  }

  get completed(): number {
    // The shared counter has 32 bits; what is still running fits in the ring.
    return this.#published - ((this.#published - Atomics.load(this.#words, RING.completed)) | 0);
  }

  enqueue(kernel: number, items: number, parameters: readonly number[]): void {
    if (this.#death !== undefined || items <= 0) return;
    if (this.#backlog.length > 0 || this.#room() === 0) {
      const slots = new Int32Array(RING.slotWords);
      writeSlot(slots, 0, kernel, items, parameters);
      this.#wait(slots);
      return;
    }
    writeSlot(this.#words, this.#slotAt(this.#published), kernel, items, parameters);
    this.#publish(1);
  }

  enqueueSlots(slots: Int32Array): void {
    if (this.#death !== undefined) return;
    this.#wait(slots);
  }

  finished(): Promise<number> {
    if (this.#closed || this.#death !== undefined)
      return Promise.reject(
        this.#death ?? new VoxelgradError('device', { what: 'the cpu device was closed', help: 'open it again' }),
      );
    const id = this.#markers++;
    return new Promise((resolve, reject) => {
      if (this.#pending.size === 0) for (const worker of this.#workers) worker.keepAlive(true);
      this.#pending.set(id, { resolve, reject });
      this.enqueue(RING.marker, 1, [id]);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    Atomics.store(this.#words, RING.stop, 1);
    Atomics.notify(this.#words, RING.head);
    Atomics.notify(this.#words, RING.completed);
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
    this.#rejectAll(new VoxelgradError('device', { what: 'the cpu device was closed while values were awaited' }));
  }

  /** Slots that may be written. */
  #room(): number {
    let room: number = RING.slots;
    for (let thread = 0; thread < this.threads; thread++) {
      const behind = (this.#published - Atomics.load(this.#words, RING.positions + thread)) | 0;
      room = Math.min(room, RING.slots - behind);
    }
    return room;
  }

  /** The word at which a command's slot begins. */
  #slotAt(command: number): number {
    return RING.controlWords + (command % RING.slots) * RING.slotWords;
  }

  /** Hands `count` slots, which are written, to the workers. */
  #publish(count: number): void {
    this.#published += count;
    Atomics.store(this.#words, RING.head, this.#published | 0);
    Atomics.notify(this.#words, RING.head);
  }

  /** Slots that go into the ring as soon as it has room. */
  #wait(slots: Int32Array): void {
    const first = this.#backlog.length === 0;
    this.#backlog.push({ slots, done: 0 });
    this.#waiting += slots.length / RING.slotWords;
    if (first) this.#drain();
  }

  /** Copies waiting slots into the ring, as many as there is room for. */
  #publishWaiting(): void {
    let finished = 0;
    for (let room = this.#room(); room > 0 && finished < this.#backlog.length; ) {
      const first = this.#backlog[finished]!;
      const left = first.slots.length / RING.slotWords - first.done;
      const toEnd = RING.slots - (this.#published % RING.slots);
      const count = Math.min(left, room, toEnd);
      const from = first.done * RING.slotWords;
      this.#words.set(first.slots.subarray(from, from + count * RING.slotWords), this.#slotAt(this.#published));
      this.#publish(count);
      this.#waiting -= count;
      first.done += count;
      room -= count;
      if (count === left) finished++;
    }
    if (finished > 0) this.#backlog = this.#backlog.slice(finished);
  }

  #drain(): void {
    this.#publishWaiting();
    if (this.#backlog.length > 0 && this.#death === undefined && !this.#closed) setTimeout(() => this.#drain(), 1);
  }

  #receive(message: WorkerMessage): void {
    if (message.type === 'failed') this.#failure ??= kernelFailure(message.kernel, message.message);
    if (message.type !== 'marker') return;
    const waiting = this.#pending.get(message.id);
    this.#pending.delete(message.id);
    if (this.#pending.size === 0) for (const worker of this.#workers) worker.keepAlive(false);
    if (this.#failure === undefined) waiting?.resolve(message.time);
    else {
      waiting?.reject(this.#failure);
      this.#failure = undefined;
    }
  }

  #die(reason: string): void {
    if (this.#closed || this.#death !== undefined) return;
    this.#death = new VoxelgradError('device-lost', {
      what: `a worker thread of the cpu device died: ${reason}`,
      help: 'open the device again and resume from the last checkpoint',
    });
    Atomics.store(this.#words, RING.stop, 1);
    Atomics.notify(this.#words, RING.head);
    Atomics.notify(this.#words, RING.completed);
    this.#rejectAll(this.#death);
  }

  #rejectAll(error: Error): void {
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
  }
}

/** Runs every command at once, on the calling thread: for pages that are not cross-origin isolated. */
export class InlineQueue implements CommandQueue {
  readonly threads = 1;
  readonly #kernels: readonly ((parameters: number, item: number, thread: number) => void)[];
  readonly #kernelNames: readonly string[];
  readonly #words: Int32Array;
  #failure: VoxelgradError | undefined;
  #closed = false;
  queued = 0;

  constructor(module: WebAssembly.Module, memory: WebAssembly.Memory, kernelNames: readonly string[]) {
    const abort = (): never => {
      throw new Error('the kernel aborted');
    };
    const { exports } = new WebAssembly.Instance(module, { env: { memory, abort } });
    this.#kernelNames = kernelNames;
    this.#kernels = kernelNames.map(
      (name) => exports[name] as (parameters: number, item: number, thread: number) => void,
    );
    this.#words = new Int32Array(memory.buffer, RING.baseByte, RING.slotWords);
  }

  get completed(): number {
    return this.queued;
  }

  enqueue(kernel: number, items: number, parameters: ArrayLike<number>): void {
    if (this.#closed) return;
    this.#words.set(parameters, 0);
    try {
      for (let item = 0; item < items; item++) this.#kernels[kernel]!(RING.baseByte, item, 0);
    } catch (error) {
      this.#failure ??= kernelFailure(this.#kernelNames[kernel]!, String(error));
    }
    this.queued++;
  }

  enqueueSlots(slots: Int32Array): void {
    for (let slot = 0; slot < slots.length; slot += RING.slotWords)
      this.enqueue(
        slots[slot + RING.kernel]!,
        slots[slot + RING.items]!,
        slots.subarray(slot + RING.parameters, slot + RING.slotWords),
      );
  }

  async finished(): Promise<number> {
    if (this.#closed) throw new VoxelgradError('device', { what: 'the cpu device was closed', help: 'open it again' });
    const failure = this.#failure;
    this.#failure = undefined;
    if (failure !== undefined) throw failure;
    return performance.now();
  }

  async close(): Promise<void> {
    this.#closed = true;
  }
}

function writeSlot(
  words: Int32Array,
  slot: number,
  kernel: number,
  items: number,
  parameters: readonly number[],
): void {
  words[slot + RING.kernel] = kernel;
  words[slot + RING.items] = items;
  words[slot + RING.next] = 0;
  words[slot + RING.finished] = 0;
  words.set(parameters, slot + RING.parameters);
}

function kernelFailure(kernel: string, reason: string): VoxelgradError {
  return new VoxelgradError('kernel', {
    what: `the cpu kernel ${kernel} failed: ${reason}`,
    help: 'this is a defect in voxelgrad; please report it with the shapes involved',
  });
}
