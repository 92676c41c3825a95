/** What recordings of a step have in common on all devices: whose memory is whose, what stands against replaying, and what must outlive the step. */
import type { DeviceBuffer } from '../device/device.ts';
import type { VoxelgradError } from '../errors.ts';
import { ChangingWords, freesOutside, MemoryLog, type PlannedMemory, readsValues } from './recording.ts';

/** A device's buffer as recordings see it. */
export interface RecordedBuffer extends DeviceBuffer {
  /** Set where it was made while a step was recorded. */
  readonly planned: unknown;
  /** Captured steps that use it: it outlives its last handle for as long as there are some. */
  captures: number;
  freed: boolean;
}

/** What a recording needs of its device, whichever it is. */
export interface StepHost<Buffer> {
  /** The device runs again what is enqueued. */
  ended(): void;
  /** Memory for the arena, of exactly that size. */
  allocate(bytes: number): Buffer;
  /** Frees memory of the arena. */
  free(buffer: Buffer): void;
  /** Gives back the memory of a buffer that was made before and freed while it could not be. */
  release(buffer: Buffer): void;
}

export abstract class StepRecording<Buffer extends RecordedBuffer, Memory extends PlannedMemory> {
  protected readonly log = new MemoryLog<Memory>();
  protected readonly changingWords = new ChangingWords();
  readonly #host: StepHost<Buffer>;
  readonly #outside = new Set<Buffer>();
  #failure: VoxelgradError | undefined;
  #freedOutside: Buffer[] = [];

  constructor(host: StepHost<Buffer>) {
    this.#host = host;
  }

  /** The buffer's planned memory, if it is of this recording. */
  protected abstract own(buffer: DeviceBuffer): Memory | undefined;

  /** What the device's own allocator takes for it. */
  protected abstract eagerBytes(buffer: Buffer): number;

  /** Throws for memory of a step that could not be captured, or that was disposed of. */
  protected abstract checkPlaced(buffer: Buffer): void;

  free(buffer: Buffer): void {
    const planned = this.own(buffer);
    if (planned !== undefined) this.log.free(planned, this.eagerBytes(buffer));
    else if (buffer.planned === undefined) {
      this.fail(freesOutside());
      this.#freedOutside.push(buffer);
    }
  }

  /** A command uses this buffer. */
  use(buffer: Buffer): void {
    if (this.made(buffer)) return;
    this.checkPlaced(buffer);
    this.#outside.add(buffer);
  }

  /** Values cannot be awaited in a step that does not run. */
  refuseWaiting(): never {
    const error = readsValues();
    this.fail(error);
    throw error;
  }

  changing(count: number, source: () => readonly number[]): number[] {
    return this.changingWords.add(count, source);
  }

  fail(error: VoxelgradError): void {
    this.#failure ??= error;
  }

  end(): void {
    this.#host.ended();
    for (const buffer of this.#freedOutside.splice(0)) this.#host.release(buffer);
  }

  made(buffer: DeviceBuffer): boolean {
    return this.own(buffer) !== undefined;
  }

  check(outputs: ReadonlySet<DeviceBuffer>): void {
    if (this.#failure !== undefined) throw this.#failure;
    this.log.checkNothingLeft(new Set([...outputs].map((buffer) => this.own(buffer)!)));
  }

  /** What the step uses of before it stays until what this returns is called. */
  protected holdOutside(): () => void {
    for (const buffer of this.#outside) buffer.captures++;
    return () => {
      for (const buffer of this.#outside) {
        buffer.captures--;
        if (buffer.freed) this.#host.release(buffer);
      }
    };
  }
}
