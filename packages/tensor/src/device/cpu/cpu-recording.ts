/**
 * A step as the cpu device records it: commands whose addresses point into memory that is not there yet, then, with every block in its place, the same
 * commands as slots of the queue's ring. A replay copies these slots; nothing else happens on the calling thread.
 */
import {
  type CompileProgress,
  type DeviceProgram,
  type DeviceRecording,
  isChanging,
  PlannedMemory,
  writesOutside,
} from '../../capture/recording.ts';
import { type StepHost, StepRecording } from '../../capture/step-recording.ts';
import type { DeviceBuffer } from '../device.ts';
import type { KernelUse } from '../profile.ts';
import type { DescribeCommand } from './command-descriptions.ts';
import { CpuBuffer, checkPlaced, isPlanned, plannedAddress, plannedIndex } from './cpu-buffer.ts';
import { GRANULE, heapBytes, PADDING } from './heap.ts';
import { RING } from './ring.ts';

interface Command {
  readonly kernel: number;
  readonly items: number;
  readonly parameters: readonly number[];
  /** What it is part of. */
  readonly description: string | undefined;
  readonly use: KernelUse | undefined;
}

/** What a recording needs of its device. */
export interface RecordingHost extends StepHost<CpuBuffer> {
  readonly kernelNames: readonly string[];
  /** Enqueues the copying of host bytes to an address. */
  upload(bytes: Uint8Array, address: number): void;
  /** Enqueues whole slots, as the ring holds them. `uses`: for profiles, the kernel's call that each is part of. */
  run(slots: Int32Array, describe: DescribeCommand, uses: readonly (KernelUse | undefined)[]): void;
}

export class CpuRecording extends StepRecording<CpuBuffer, PlannedMemory> implements DeviceRecording {
  readonly #host: RecordingHost;
  readonly #commands: Command[] = [];
  readonly #constants = new Map<PlannedMemory, Uint8Array>();

  constructor(host: RecordingHost) {
    super(host);
    this.#host = host;
  }

  allocate(bytes: number): CpuBuffer {
    const index = this.log.memories.length;
    const planned = this.log.allocate(new PlannedMemory(index, bytes + PADDING), heapBytes(bytes));
    return new CpuBuffer(plannedAddress(index), bytes, planned);
  }

  protected own(buffer: DeviceBuffer): PlannedMemory | undefined {
    const { planned } = buffer as CpuBuffer;
    return planned !== undefined && this.log.memories[planned.index] === planned ? planned : undefined;
  }

  protected eagerBytes({ bytes }: CpuBuffer): number {
    return heapBytes(bytes);
  }

  protected checkPlaced(buffer: CpuBuffer): void {
    checkPlaced(buffer);
  }

  enqueue(
    kernel: number,
    items: number,
    parameters: readonly number[],
    description: string | undefined,
    use: KernelUse | undefined,
  ): void {
    if (items <= 0) return;
    for (const word of parameters) if (isPlanned(word)) this.log.use(this.log.memories[plannedIndex(word)]!);
    this.#commands.push({ kernel, items, parameters: [...parameters], description, use });
    this.log.commands++;
  }

  /** Host values for memory of the step: they lie in the arena in every replay, and `copy` enqueues their copying to the target. */
  write(target: DeviceBuffer, bytes: Uint8Array, copy: (from: number) => void): void {
    if (!this.made(target)) throw writesOutside();
    const buffer = this.allocate(bytes.byteLength);
    this.#constants.set(buffer.planned!, bytes);
    copy(buffer.address);
    this.free(buffer);
  }

  differenceFrom(other: CpuRecording): string | undefined {
    const [mine, others] = [this.#commands, other.#commands];
    const name = ({ kernel }: Command): string => this.#host.kernelNames[kernel]!;
    for (const [i, command] of mine.entries()) {
      const before = others[i];
      if (before === undefined || before.kernel !== command.kernel)
        return `kernel ${i} is ${name(command)}, before it was ${before === undefined ? 'none' : name(before)}`;
      if (command.items !== before.items || !sameWords(command.parameters, before.parameters))
        return `kernel ${i}, ${name(command)}, gets other arguments`;
    }
    if (mine.length < others.length)
      return `kernel ${mine.length} was ${name(others[mine.length]!)}, now there is none`;
    const before = [...other.#constants.values()];
    const differs = [...this.#constants.values()].some((bytes, i) => !sameWords(bytes, before[i] ?? []));
    return differs ? 'it uploads other values' : undefined;
  }

  /** Kernels were compiled when the device was opened. */
  async compile(onProgress?: CompileProgress): Promise<void> {
    onProgress?.(0, 0);
  }

  finish(outputs: ReadonlySet<DeviceBuffer>): DeviceProgram {
    const results = [...outputs] as CpuBuffer[];
    const kept = new Set([...this.#constants.keys(), ...results.map(({ planned }) => planned!)]);
    const { arena, placed } = this.log.plan(kept, { alignment: GRANULE, growing: true });
    const arenaBytes = arena.buffers[0] ?? 0;
    const memory = this.#host.allocate(arenaBytes);
    const starts = new Map(placed.map(({ index }, i) => [index, memory.address + arena.places[i]!.offset]));
    const placeOf = (word: number): number => {
      if (!isPlanned(word)) return word;
      const index = plannedIndex(word);
      return starts.get(index)! + word - plannedAddress(index);
    };
    for (const [{ index }, bytes] of this.#constants) this.#host.upload(bytes, starts.get(index)!);
    for (const result of results) result.address = placeOf(result.address);
    const letGo = this.holdOutside();
    const slots = slotsOf(this.#commands, placeOf);
    const changes = changesOf(this.#commands);
    const uses = this.#commands.map(({ use }) => use);
    return {
      memory: this.log.report(arenaBytes, [...this.#constants.values()]),
      ready: (onProgress) => this.compile(onProgress),
      run: () => {
        const now = this.changingWords.any ? withChanges(slots, changes, this.changingWords.next()) : slots;
        this.#host.run(now, (command) => this.#commands[command]?.description, uses);
      },
      dispose: () => {
        for (const result of results) result.address = plannedAddress(result.planned!.index);
        this.#host.free(memory);
        letGo();
      },
    };
  }
}

const sameWords = (a: ArrayLike<number>, b: ArrayLike<number>): boolean =>
  a.length === b.length && Array.prototype.every.call(a, (word, i) => word === b[i]);

/** The commands as the ring holds them. */
function slotsOf(commands: readonly Command[], placeOf: (word: number) => number): Int32Array {
  const slots = new Int32Array(commands.length * RING.slotWords);
  commands.forEach(({ kernel, items, parameters }, i) => {
    const slot = i * RING.slotWords;
    slots[slot + RING.kernel] = kernel;
    slots[slot + RING.items] = items;
    parameters.forEach((word, j) => {
      slots[slot + RING.parameters + j] = placeOf(word);
    });
  });
  return slots;
}

interface Change {
  /** Which word of the slots. */
  readonly at: number;
  readonly word: number;
}

const changesOf = (commands: readonly Command[]): Change[] =>
  commands.flatMap(({ parameters }, i) =>
    parameters.flatMap((word, j) => (isChanging(word) ? [{ at: i * RING.slotWords + RING.parameters + j, word }] : [])),
  );

/** A copy with the words of this replay: slots that wait for room in the ring must stay as they are. */
function withChanges(slots: Int32Array, changes: readonly Change[], wordFor: (word: number) => number): Int32Array {
  const changed = slots.slice();
  for (const { at, word } of changes) changed[at] = wordFor(word);
  return changed;
}
