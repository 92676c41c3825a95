/**
 * What devices share when they record a step instead of running it: the books of the memory that the step asks for, and the contract between `capture`
 * and a device. A step is recorded without running anything: memory made meanwhile has no place yet, and gets one when it is known what lives when.
 */
import type { DeviceBuffer } from '../device/device.ts';
import { VoxelgradError } from '../errors.ts';
import { type Arena, type ArenaSettings, planArena } from './arena.ts';

/** What a captured step takes, in bytes, beside the tensors made before it. */
export interface CapturedMemory {
  /** The arena that all replays run in. */
  readonly arenaBytes: number;
  /** The most that the tensors of the step hold at once if it is not captured. */
  readonly eagerPeakBytes: number;
  /** Host values that the step uploads: written once, when it is captured. */
  readonly constantBytes: number;
  /** Kernels and copies of one replay. */
  readonly commands: number;
}

/** Called as pipelines become ready, at least once: `done` of `total`. */
export type CompileProgress = (done: number, total: number) => void;

/** A recorded step that can run. */
export interface DeviceProgram {
  readonly memory: CapturedMemory;
  /** Resolves when everything is compiled; rejects with the first failure. */
  ready(onProgress?: CompileProgress): Promise<void>;
  /** Enqueues the whole step. */
  run(): void;
  /** Frees the arena. What is enqueued still runs. */
  dispose(): void;
}

/** Above all other numbers among a kernel's arguments, addresses of planned memory included. */
const FIRST_CHANGING = 2 ** 52;

/** Whether a kernel's argument stands for one that is new in each replay. */
export const isChanging = (word: number): boolean => word >= FIRST_CHANGING;

/** Arguments of kernels that are new in each replay, such as where a generator of random numbers stands. Numbers of their own stand for them meanwhile. */
export class ChangingWords {
  readonly #sources: (() => readonly number[])[] = [];
  #count = 0;

  /** Numbers to give to kernels in place of the words that `source` will return. */
  add(count: number, source: () => readonly number[]): number[] {
    this.#sources.push(source);
    return Array.from({ length: count }, () => FIRST_CHANGING + this.#count++);
  }

  get any(): boolean {
    return this.#count > 0;
  }

  /** The words of the next replay, from sources asked in the order in which they were added. */
  next(): (word: number) => number {
    const words = this.#sources.flatMap((source) => source());
    return (word) => words[word - FIRST_CHANGING]!;
  }
}

/** A step while it is recorded, and until it is a program. */
export interface DeviceRecording {
  /** Makes capture() throw `error` when the step is over. */
  fail(error: VoxelgradError): void;
  /** Arguments for kernels that stand for `count` words, which `source` gives anew before each replay. */
  changing(count: number, source: () => readonly number[]): number[];
  /** Stops recording. */
  end(): void;
  /** Whether this memory was made while the step was recorded. */
  made(buffer: DeviceBuffer): boolean;
  /** Throws what stands against replaying: a failure, or memory that outlives the step and is not among the outputs. */
  check(outputs: ReadonlySet<DeviceBuffer>): void;
  /** What this step does otherwise than another one, or undefined. */
  differenceFrom(other: this): string | undefined;
  /** Starts to compile all that the step needs, and resolves when that is done. */
  compile(onProgress?: CompileProgress): Promise<void>;
  /** Gives everything its place. The outputs keep theirs from replay to replay. */
  finish(outputs: ReadonlySet<DeviceBuffer>): DeviceProgram;
}

/** An error that says why a step cannot be captured. */
export const notCapturable = (what: string, help: string): VoxelgradError =>
  new VoxelgradError('capture', { what: `a captured step ${what}`, help });

export const freesOutside = (): VoxelgradError =>
  notCapturable('frees a tensor that was made before it', 'dispose of it outside of the step');

export const writesOutside = (): VoxelgradError =>
  notCapturable('writes host values into a tensor that was made before it', 'write it before each replay');

export const readsValues = (): VoxelgradError =>
  notCapturable('waits for values', 'return the tensor, and read its values after the replay');

/** Memory that a recorded step asks for. */
export class PlannedMemory {
  readonly index: number;
  readonly bytes: number;
  /** The first and the last command that use it. */
  first = Number.POSITIVE_INFINITY;
  last = -1;
  freed = false;
  readonly apart = new Set<number>();

  constructor(index: number, bytes: number) {
    this.index = index;
    this.bytes = bytes;
  }
}

/** Memory as it comes and goes while a step is recorded. */
export class MemoryLog<Memory extends PlannedMemory> {
  readonly memories: Memory[] = [];
  commands = 0;
  #usedBytes = 0;
  #eagerPeakBytes = 0;

  /** `eagerBytes`: what the device's own allocator takes for it. */
  allocate(memory: Memory, eagerBytes: number): Memory {
    this.memories.push(memory);
    this.#usedBytes += eagerBytes;
    this.#eagerPeakBytes = Math.max(this.#eagerPeakBytes, this.#usedBytes);
    return memory;
  }

  free(memory: Memory, eagerBytes: number): void {
    if (memory.freed) return;
    memory.freed = true;
    this.#usedBytes -= eagerBytes;
  }

  /** The command that comes next uses it. */
  use(memory: Memory): void {
    memory.first = Math.min(memory.first, this.commands);
    memory.last = this.commands;
  }

  report(arenaBytes: number, constants: readonly Uint8Array[]): CapturedMemory {
    const constantBytes = constants.reduce((sum, { byteLength }) => sum + byteLength, 0);
    return { arenaBytes, eagerPeakBytes: this.#eagerPeakBytes, constantBytes, commands: this.commands };
  }

  /** Throws if there is memory that is neither freed nor among `kept`. */
  checkNothingLeft(kept: ReadonlySet<Memory>): void {
    const left = this.memories.filter((memory) => !memory.freed && !kept.has(memory));
    if (left.length > 0)
      throw notCapturable(
        `makes ${left.length} tensors that outlive it, of ${left.reduce((sum, { bytes }) => sum + bytes, 0)} bytes`,
        'return them, or make them before; parameters need their gradients before, which an optimizer makes',
      );
  }

  /** Places for all that is used. What is `kept` is nobody else's from the first command to the last. */
  plan(kept: ReadonlySet<Memory>, settings: ArenaSettings): { readonly arena: Arena; readonly placed: Memory[] } {
    const placed = this.memories.filter((memory) => memory.last >= 0 || kept.has(memory));
    const position = new Map(placed.map(({ index }, i) => [index, i]));
    const lifetimes = placed.map((memory) => ({
      bytes: memory.bytes,
      first: kept.has(memory) ? 0 : memory.first,
      last: kept.has(memory) ? this.commands : memory.last,
      apart: new Set([...memory.apart].map((index) => position.get(index)!)),
    }));
    return { arena: planArena(lifetimes, settings), placed };
  }
}
