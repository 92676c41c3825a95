/** A queue of commands in shared memory: a ring that the calling thread writes and worker threads drain. */
import { VoxelgradError } from '../../errors.ts';
import { CommandDescriptions, type DescribeCommand } from './command-descriptions.ts';
import { type CommandQueue, closedError, kernelFailure } from './command-queue.ts';
import { RING, type WorkerMessage, type WorkerStart } from './ring.ts';

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
  readonly describe: DescribeCommand | undefined;
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
  readonly #descriptions = new CommandDescriptions();
  /** Markers that wait for the messages of failures before them. */
  #early: { readonly id: number; readonly time: number }[] = [];
  #failuresTold = 0;
  #failure: VoxelgradError | undefined;
  #death: VoxelgradError | undefined;
  #closed = false;

  constructor(
    modules: readonly WebAssembly.Module[],
    memory: WebAssembly.Memory,
    kernelNames: readonly string[],
    threads: number,
    spawn: SpawnWorker,
  ) {
    this.threads = threads;
    this.#words = new Int32Array(memory.buffer, RING.baseByte, RING.controlWords + RING.slots * RING.slotWords);
    this.#workers = Array.from({ length: threads }, (_, thread) =>
      spawn({ modules, memory, kernelNames, thread, ring: RING }),
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

  checkAlive(): void {
    if (this.#death !== undefined) throw this.#death;
    if (this.#closed) throw closedError();
  }

  enqueue(kernel: number, items: number, parameters: readonly number[], describe?: DescribeCommand): void {
    this.checkAlive();
    if (items <= 0) return;
    if (this.#backlog.length > 0 || this.#room() === 0) {
      const slots = new Int32Array(RING.slotWords);
      writeSlot(slots, 0, kernel, items, parameters);
      this.#wait(slots, describe);
      return;
    }
    writeSlot(this.#words, this.#slotAt(this.#published), kernel, items, parameters);
    this.#publish(1, 0, describe);
  }

  enqueueSlots(slots: Int32Array, describe?: DescribeCommand): void {
    this.checkAlive();
    this.#wait(slots, describe);
  }

  async finished(): Promise<number> {
    this.checkAlive();
    const id = this.#markers++;
    return new Promise((resolve, reject) => {
      if (this.#pending.size === 0) for (const worker of this.#workers) worker.keepAlive(true);
      this.#pending.set(id, { resolve, reject });
      this.enqueue(RING.marker, 1, [id]);
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#stop(new VoxelgradError('device', { what: 'the cpu device was closed while values were awaited' }));
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

  /** Hands `count` slots, which are written, to the workers; they hold the commands from `first` on of those that `describe` tells about. */
  #publish(count: number, first: number, describe: DescribeCommand | undefined): void {
    this.#descriptions.note(this.#published, count, first, describe);
    this.#published += count;
    Atomics.store(this.#words, RING.head, this.#published | 0);
    Atomics.notify(this.#words, RING.head);
  }

  /** Slots that go into the ring as soon as it has room. */
  #wait(slots: Int32Array, describe: DescribeCommand | undefined): void {
    const first = this.#backlog.length === 0;
    this.#backlog.push({ slots, describe, done: 0 });
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
      this.#publish(count, first.done, first.describe);
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
    if (message.type === 'failed') {
      this.#failuresTold++;
      const description = this.#descriptions.of(message.position);
      this.#failure ??= kernelFailure(message.kernel, description, message.message);
    }
    if (message.type === 'marker') this.#early.push(message);
    // The messages of a marker and of a failure before it may come from two workers, in any order.
    if (((Atomics.load(this.#words, RING.failures) - this.#failuresTold) | 0) > 0) return;
    for (const { id, time } of this.#early.splice(0)) this.#settle(id, time);
  }

  #settle(id: number, time: number): void {
    const waiting = this.#pending.get(id);
    this.#pending.delete(id);
    if (this.#pending.size === 0) for (const worker of this.#workers) worker.keepAlive(false);
    if (this.#failure === undefined) waiting?.resolve(time);
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
    void this.#stop(this.#death);
  }

  /** Ends the workers, also those that wait for one that is gone, and whoever waits for them. */
  async #stop(error: VoxelgradError): Promise<void> {
    this.#backlog = [];
    this.#waiting = 0;
    for (const { reject } of this.#pending.values()) reject(error);
    this.#pending.clear();
    Atomics.store(this.#words, RING.stop, 1);
    Atomics.notify(this.#words, RING.head);
    Atomics.notify(this.#words, RING.completed);
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
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
