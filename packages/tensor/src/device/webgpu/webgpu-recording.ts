/**
 * A step as the WebGPU device records it: dispatches and copies over blocks that do not exist yet. When it is over the blocks are placed in a few buffers
 * (one dispatch must not read and write the same one) and the step becomes a program: see program.ts.
 */
import {
  type CompileProgress,
  type DeviceProgram,
  type DeviceRecording,
  notCapturable,
  PlannedMemory,
  writesOutside,
} from '../../capture/recording.ts';
import { type StepHost, StepRecording } from '../../capture/step-recording.ts';
import { roundUpTo } from '../../shape.ts';
import type { DeviceBuffer } from '../device.ts';
import type { KernelUse } from '../profile.ts';
import type { BoundRange } from './bind-groups.ts';
import { type Block, sizeClass, WebgpuBuffer } from './buffer-pool.ts';
import type { Access } from './dispatch.ts';
import type { Pipeline } from './pipelines.ts';
import type { ProgramCommand } from './program.ts';
import type { CopyCommand } from './recorder.ts';

/** Where bindings may start. */
const ALIGNMENT = 256;

/** A block of a step that is being recorded. It stands where blocks stand; no command may be given one. */
export class PlannedBlock extends PlannedMemory implements Block {
  readonly id: number;
  readonly pendingUses = 0;
  readonly check = undefined;
  readonly error = undefined;

  constructor(index: number, bytes: number) {
    super(index, roundUpTo(bytes, ALIGNMENT));
    this.id = -1 - index;
  }

  get gpu(): GPUBuffer {
    throw notCapturable('left a tensor behind that has no memory', 'return from the step what is needed outside of it');
  }
}

/** A dispatch whose pipeline need not be there yet. */
export interface RecordedDispatch {
  readonly kind: 'dispatch';
  readonly shader: string;
  readonly preamble: string;
  readonly access: readonly Access[];
  readonly ranges: readonly BoundRange[];
  readonly parameters: readonly number[];
  readonly workgroups: readonly [number, number, number];
  readonly seconds: number;
  readonly describe: () => string;
  readonly use: KernelUse | undefined;
}

/** What a recording needs of its device. */
export interface RecordingHost extends StepHost<WebgpuBuffer> {
  pipeline(dispatch: RecordedDispatch): Pipeline;
  upload(block: Block, byteOffset: number, bytes: Uint8Array<ArrayBuffer>): void;
  program(commands: readonly ProgramCommand[]): {
    /** `wordFor` gives the arguments that are new in this replay. */
    run(wordFor: ((word: number) => number) | undefined): void;
    dispose(): void;
  };
}

/** Host values that a step uploads. */
interface Constant {
  readonly memory: PlannedBlock;
  readonly byteOffset: number;
  readonly bytes: Uint8Array<ArrayBuffer>;
}

interface Upload extends Constant {
  /** From the memory that holds the values to where the step wants them. */
  readonly copy: CopyCommand;
}

export class WebgpuRecording extends StepRecording<WebgpuBuffer, PlannedBlock> implements DeviceRecording {
  readonly #host: RecordingHost;
  readonly #commands: (RecordedDispatch | CopyCommand)[] = [];
  readonly #uploads: Upload[] = [];

  constructor(host: RecordingHost) {
    super(host);
    this.#host = host;
  }

  allocate(bytes: number): WebgpuBuffer {
    const block = this.log.allocate(new PlannedBlock(this.log.memories.length, bytes), sizeClass(bytes));
    return new WebgpuBuffer(bytes, block, block);
  }

  protected own(buffer: DeviceBuffer): PlannedBlock | undefined {
    const { planned } = buffer as WebgpuBuffer;
    return planned instanceof PlannedBlock && this.log.memories[planned.index] === planned ? planned : undefined;
  }

  protected eagerBytes({ bytes }: WebgpuBuffer): number {
    return sizeClass(bytes);
  }

  protected checkPlaced(buffer: WebgpuBuffer): void {
    checkPlaced(buffer);
  }

  override free(buffer: WebgpuBuffer): void {
    buffer.freed = true;
    super.free(buffer);
  }

  dispatch(dispatch: RecordedDispatch): void {
    const { ranges, access } = dispatch;
    this.#keepApart(
      ranges.filter((_, i) => access[i] === 'read'),
      ranges.filter((_, i) => access[i] === 'write'),
    );
    this.#add(dispatch, ranges);
  }

  copy(copy: CopyCommand): void {
    this.#keepApart([copy.from], [copy.to]);
    this.#add(copy, [copy.from, copy.to]);
  }

  #add(command: RecordedDispatch | CopyCommand, ranges: readonly BoundRange[]): void {
    for (const { block } of ranges) if (block instanceof PlannedBlock) this.log.use(block);
    this.#commands.push(command);
    this.log.commands++;
  }

  #keepApart(read: readonly BoundRange[], written: readonly BoundRange[]): void {
    for (const { block: a } of read)
      for (const { block: b } of written)
        if (a instanceof PlannedBlock && b instanceof PlannedBlock) {
          a.apart.add(b.index);
          b.apart.add(a.index);
        }
  }

  /** Host values for memory of the step: uploaded once into memory that holds them in every replay, and copied from there. */
  write(target: WebgpuBuffer, byteOffset: number, bytes: Uint8Array<ArrayBuffer>): void {
    if (!this.made(target)) throw writesOutside();
    const memory = this.log.allocate(new PlannedBlock(this.log.memories.length, bytes.byteLength), 0);
    const size = bytes.byteLength;
    const copy: CopyCommand = {
      kind: 'copy',
      from: { block: memory, byteOffset: 0, bytes: size },
      to: { block: target.block, byteOffset, bytes: size },
    };
    this.#uploads.push({ memory, byteOffset: 0, bytes, copy });
    this.copy(copy);
    // Without a capture the values go straight to the target.
    this.log.free(memory, 0);
  }

  differenceFrom(other: WebgpuRecording): string | undefined {
    const [mine, others] = [this.#commands, other.#commands];
    const name = (command: RecordedDispatch | CopyCommand): string =>
      command.kind === 'copy' ? 'a copy' : command.describe();
    for (const [i, command] of mine.entries()) {
      const before = others[i];
      if (before === undefined) return `command ${i} is ${name(command)}, before there was none`;
      if (identity(command) !== identity(before))
        return `command ${i} is ${name(command)}, before it was ${name(before)} or had other arguments`;
    }
    if (mine.length < others.length)
      return `command ${mine.length} was ${name(others[mine.length]!)}, now there is none`;
    const differs = this.#uploads.some(({ bytes }, i) => !sameBytes(bytes, other.#uploads[i]?.bytes));
    return differs ? 'it uploads other values' : undefined;
  }

  /**
   * Where host values lie. Memory that nothing else writes to holds them itself; the copy is dropped, since each copy interrupts the GPU's pass. Results are
   * the caller's, who may write to them.
   */
  #placeConstants(results: ReadonlySet<Block>): Constant[] {
    const copies = new Set(this.#uploads.map(({ copy }) => copy));
    const written = new Set(results);
    for (const command of this.#commands)
      if (command.kind === 'dispatch')
        for (const [i, { block }] of command.ranges.entries()) {
          if (command.access[i] === 'write') written.add(block);
        }
      else if (!copies.has(command)) written.add(command.to.block);
    const dropped = new Set<CopyCommand>();
    const constants = this.#uploads.map((upload): Constant => {
      const { block, byteOffset } = upload.copy.to;
      if (written.has(block) || !(block instanceof PlannedBlock)) return upload;
      dropped.add(upload.copy);
      upload.memory.last = -1;
      return { memory: block, byteOffset, bytes: upload.bytes };
    });
    const left = this.#commands.filter((command) => command.kind === 'dispatch' || !dropped.has(command));
    this.#commands.splice(0, this.#commands.length, ...left);
    return constants;
  }

  async compile(onProgress?: CompileProgress): Promise<void> {
    const pipelines = new Set<Pipeline>();
    for (const command of this.#commands) if (command.kind === 'dispatch') pipelines.add(this.#host.pipeline(command));
    let done = 0;
    onProgress?.(done, pipelines.size);
    await Promise.all(
      [...pipelines].map(async (pipeline) => {
        await pipeline.ready;
        if (pipeline.error !== undefined) throw pipeline.error;
        onProgress?.(++done, pipelines.size);
      }),
    );
  }

  finish(outputs: ReadonlySet<DeviceBuffer>): DeviceProgram {
    const results = [...outputs] as WebgpuBuffer[];
    const constants = this.#placeConstants(new Set(results.map(({ block }) => block)));
    const kept = new Set([...constants.map(({ memory }) => memory), ...results.map((result) => this.own(result)!)]);
    const { arena, placed } = this.log.plan(kept, { alignment: ALIGNMENT, growing: false });
    const buffers = arena.buffers.map((bytes) => this.#host.allocate(bytes));
    const places = new Map<Block, BoundRange>(
      placed.map((memory, i) => {
        const { buffer, offset } = arena.places[i]!;
        return [memory, { block: buffers[buffer]!.block, byteOffset: offset, bytes: memory.bytes }];
      }),
    );
    const placeOf = (range: BoundRange): BoundRange => {
      const place = places.get(range.block);
      return place === undefined
        ? range
        : { block: place.block, byteOffset: place.byteOffset + range.byteOffset, bytes: range.bytes };
    };
    for (const { memory, byteOffset, bytes } of constants) {
      const place = placeOf({ block: memory, byteOffset, bytes: bytes.byteLength });
      this.#host.upload(place.block, place.byteOffset, bytes);
    }
    const planned = results.map((result) => ({ result, block: result.block }));
    for (const result of results) {
      const place = places.get(result.block)!;
      result.block = place.block;
      result.start = place.byteOffset;
    }
    const letGo = this.holdOutside();
    const program = this.#host.program(
      this.#commands.map((command) =>
        command.kind === 'copy'
          ? { ...command, from: placeOf(command.from), to: placeOf(command.to) }
          : { ...command, pipeline: this.#host.pipeline(command), ranges: command.ranges.map(placeOf) },
      ),
    );
    return {
      memory: this.log.report(
        arena.buffers.reduce((sum, bytes) => sum + bytes, 0),
        constants.map(({ bytes }) => bytes),
      ),
      ready: (onProgress) => this.compile(onProgress),
      run: () => program.run(this.changingWords.any ? this.changingWords.next() : undefined),
      dispose: () => {
        program.dispose();
        for (const { result, block } of planned) {
          result.block = block;
          result.start = 0;
        }
        for (const buffer of buffers) this.#host.free(buffer);
        letGo();
      },
    };
  }
}

/** Throws for memory of a step that could not be captured, or that was disposed of. */
export function checkPlaced({ block }: WebgpuBuffer): void {
  if (block instanceof PlannedBlock) void block.gpu;
}

/** Everything that tells two commands apart. Planned blocks are numbered, so the same step gives the same text twice. */
function identity(command: RecordedDispatch | CopyCommand): string {
  const place = ({ block, byteOffset, bytes }: BoundRange): string => `${block.id}:${byteOffset}:${bytes}`;
  if (command.kind === 'copy') return `${place(command.from)} ${place(command.to)}`;
  const { shader, preamble, access, ranges, parameters, workgroups } = command;
  return [shader, preamble, access, ranges.map(place), parameters, workgroups].join('\n');
}

const sameBytes = (a: Uint8Array, b: Uint8Array | undefined): boolean =>
  a.length === b?.length && a.every((byte, i) => byte === b[i]);
