/**
 * The queue: commands are recorded in a list, and a full list (or one that someone waits for) is encoded into one compute pass after another
 * and submitted at once. Batches are submitted in order, each as soon as its pipelines are compiled and its memory is confirmed, so recording
 * never waits for the compiler.
 *
 * Uploads go to the front of their batch through the queue's own staging. That is in order too, because an upload into memory that the batch
 * already uses starts a new batch.
 */
import { VoxelgradError } from '../../errors.ts';
import type { KernelUse } from '../profile.ts';
import { BindGroups, type BoundRange, GPU_UNIFORM_WINDOW_BYTES } from './bind-groups.ts';
import { type Block, GPU_COPY_DST, GPU_UNIFORM } from './buffer-pool.ts';
import type { KernelCoverage } from './coverage.ts';
import type { Failures } from './failures.ts';
import { Passes, type Took } from './passes.ts';
import type { Pipeline } from './pipelines.ts';
import { Program, type ProgramHost } from './program.ts';
import { overfills } from './submit-limit.ts';

/** Dispatches that are encoded together: the GPU starts on them while the host goes on. How much work they may be, submit-limit.ts says. */
const DISPATCHES_PER_SUBMIT = 64;
/** Host copies waiting in a batch. */
const UPLOAD_BYTES_PER_SUBMIT = 64 * 2 ** 20;

export interface DispatchCommand {
  readonly kind: 'dispatch';
  readonly pipeline: Pipeline;
  readonly ranges: readonly BoundRange[];
  readonly parameters: readonly number[];
  readonly workgroups: readonly [number, number, number];
  /** How long it may take: see submit-limit.ts. */
  readonly seconds: number;
  readonly describe: () => string;
  /** The call that it is part of, where somebody asked for a profile. */
  readonly use: KernelUse | undefined;
}

export interface CopyCommand {
  readonly kind: 'copy';
  readonly from: BoundRange;
  readonly to: BoundRange;
}

export interface Upload {
  readonly block: Block;
  readonly byteOffset: number;
  readonly data: Uint8Array<ArrayBuffer>;
}

/** What one submit does. */
export interface Work {
  readonly uploads: readonly Upload[];
  readonly commands: readonly (DispatchCommand | CopyCommand)[];
  readonly blocks: ReadonlySet<Block>;
  encode(): GPUCommandBuffer | undefined;
}

class Batch implements Work {
  readonly uploads: Upload[] = [];
  readonly commands: (DispatchCommand | CopyCommand)[] = [];
  readonly blocks = new Set<Block>();
  uploadBytes = 0;
  dispatches = 0;
  /** Of all dispatches: see submit-limit.ts. */
  seconds = 0;
  private readonly encoder: (batch: Batch) => GPUCommandBuffer;

  constructor(encoder: (batch: Batch) => GPUCommandBuffer) {
    this.encoder = encoder;
  }

  use(block: Block): void {
    if (this.blocks.has(block)) return;
    this.blocks.add(block);
    block.pendingUses++;
  }

  encode(): GPUCommandBuffer | undefined {
    return this.commands.length > 0 ? this.encoder(this) : undefined;
  }
}

/** What must settle before the work can be encoded. */
function waitsOf({ blocks, commands }: Work): Promise<void>[] {
  const waits: Promise<void>[] = [];
  for (const { check } of blocks) if (check !== undefined) waits.push(check);
  for (const command of commands)
    if (command.kind === 'dispatch' && command.pipeline.compiled === undefined && command.pipeline.error === undefined)
      waits.push(command.pipeline.ready);
  return waits;
}

export class Recorder {
  readonly bindGroups: BindGroups;
  /** Gets the times of dispatches that are encoded while it is set, where the GPU is to measure them. */
  took: Took | undefined;
  private readonly device: GPUDevice;
  private readonly failures: Failures;
  private readonly coverage: KernelCoverage;
  private readonly parameterBuffer: GPUBuffer;
  private readonly parameterWords = new Uint32Array((DISPATCHES_PER_SUBMIT * GPU_UNIFORM_WINDOW_BYTES) / 4);
  private batch = this.newBatch();
  /** Batches that wait for a pipeline or for memory, and the last of them. */
  private waitingBatches = 0;
  private lastSubmit: Promise<void> = Promise.resolve();
  /** Settles when the error scopes of all submitted batches have been heard. */
  private lastVerdict: Promise<void> = Promise.resolve();

  constructor(device: GPUDevice, failures: Failures, coverage: KernelCoverage, took: Took | undefined) {
    this.device = device;
    this.failures = failures;
    this.coverage = coverage;
    this.took = took;
    const size = this.parameterWords.byteLength;
    this.parameterBuffer = device.createBuffer({ label: 'parameters', size, usage: GPU_UNIFORM | GPU_COPY_DST });
    this.bindGroups = new BindGroups(device, this.parameterBuffer);
  }

  dispatch(command: DispatchCommand): void {
    if (overfills(this.batch.seconds, command.seconds)) this.flush();
    for (const { block } of command.ranges) this.batch.use(block);
    this.batch.commands.push(command);
    this.batch.dispatches++;
    this.batch.seconds += command.seconds;
    if (this.batch.dispatches >= DISPATCHES_PER_SUBMIT) this.flush();
  }

  copy(command: CopyCommand): void {
    this.batch.use(command.from.block);
    this.batch.use(command.to.block);
    this.batch.commands.push(command);
  }

  /** `data` must not change afterwards. */
  upload(block: Block, byteOffset: number, data: Uint8Array<ArrayBuffer>): void {
    if (this.batch.blocks.has(block) && this.batch.commands.length > 0) this.flush();
    this.batch.use(block);
    this.batch.uploads.push({ block, byteOffset, data });
    this.batch.uploadBytes += data.byteLength;
    if (this.batch.uploadBytes >= UPLOAD_BYTES_PER_SUBMIT) this.flush();
  }

  /** Hands over what was recorded; resolves once it is submitted. */
  flush(): Promise<void> {
    const { batch } = this;
    if (batch.blocks.size === 0) return this.lastSubmit;
    this.batch = this.newBatch();
    return this.enqueue(batch);
  }

  /**
   * Enqueues a captured step after what was recorded so far. `wordFor` gives the arguments that are new in this replay; `time` is called for each part with the
   * calls that begin in it, and with what enqueues it.
   */
  run(
    program: Program,
    wordFor: ((word: number) => number) | undefined,
    time: (uses: readonly KernelUse[], enqueue: () => void) => void,
  ): void {
    this.flush();
    if (wordFor !== undefined) this.enqueue(program.update(wordFor));
    for (const part of program.parts) {
      time(part.uses, () => {
        for (const block of part.blocks) block.pendingUses++;
        this.enqueue(part);
      });
    }
  }

  /** A step that `run` takes. `callsApart`: each kernel's call becomes a part of its own. */
  program(commands: readonly (DispatchCommand | CopyCommand)[], callsApart: boolean): Program {
    const host: ProgramHost = {
      device: this.device,
      callsApart,
      passes: () => this.passes('captured step'),
      usable: (block) => this.usable(block),
      ran: ({ pipeline }) => {
        if (pipeline.error !== undefined) this.failures.record(pipeline.error);
        else this.coverage.ran(pipeline.shader, pipeline.variant);
      },
    };
    return new Program(host, commands);
  }

  private newBatch(): Batch {
    return new Batch((batch) => this.encode(batch));
  }

  private enqueue(batch: Work): Promise<void> {
    const waits = waitsOf(batch);
    if (this.waitingBatches === 0 && waits.length === 0) {
      this.submit(batch);
      return this.lastSubmit;
    }
    this.waitingBatches++;
    const before = this.lastSubmit;
    this.lastSubmit = (async () => {
      await Promise.all([...waits, before]);
      this.waitingBatches--;
      this.submit(batch);
    })();
    return this.lastSubmit;
  }

  /** Resolves when the errors of everything submitted so far are known. */
  verdict(): Promise<void> {
    return this.lastVerdict;
  }

  private submit(batch: Work): void {
    this.device.pushErrorScope('validation');
    try {
      for (const { block, byteOffset, data } of batch.uploads)
        if (this.usable(block)) this.device.queue.writeBuffer(block.gpu, byteOffset, data);
      const encoded = batch.encode();
      if (encoded !== undefined) this.device.queue.submit([encoded]);
    } catch (cause) {
      this.failures.record(new VoxelgradError('kernel', { what: 'a batch of kernels could not be submitted', cause }));
    }
    const scope = this.device.popErrorScope();
    for (const block of batch.blocks) block.pendingUses--;
    const before = this.lastVerdict;
    this.lastVerdict = (async () => {
      await before;
      const error = await scope.catch(() => null);
      if (error === null) return;
      const ran = batch.commands.map((command) => (command.kind === 'dispatch' ? command.describe() : 'copy'));
      this.failures.record(
        new VoxelgradError('kernel', {
          what: `WebGPU rejects a batch of kernels: ${error.message}\nin ${ran.join('\n   ')}`,
        }),
      );
    })();
  }

  private encode(batch: Batch): GPUCommandBuffer {
    const passes = this.passes('batch');
    let slot = 0;
    for (const command of batch.commands) {
      if (command.kind === 'copy') {
        this.encodeCopy(passes.between, command);
        continue;
      }
      const { pipeline, ranges, parameters, workgroups } = command;
      if (pipeline.error !== undefined) this.failures.record(pipeline.error);
      if (pipeline.compiled === undefined || !ranges.every(({ block }) => this.usable(block))) continue;
      this.parameterWords.set(parameters, (slot * GPU_UNIFORM_WINDOW_BYTES) / 4);
      const pass = passes.pass(command.use);
      pass.setPipeline(pipeline.compiled);
      const group = this.bindGroups.get(pipeline.layout, ranges, pipeline.shader);
      pass.setBindGroup(0, group, [slot * GPU_UNIFORM_WINDOW_BYTES]);
      pass.dispatchWorkgroups(...workgroups);
      this.coverage.ran(pipeline.shader, pipeline.variant);
      slot++;
    }
    // In queue order before this batch's submit and after the last one's: one parameter buffer is enough.
    if (slot > 0)
      this.device.queue.writeBuffer(
        this.parameterBuffer,
        0,
        this.parameterWords,
        0,
        (slot * GPU_UNIFORM_WINDOW_BYTES) / 4,
      );
    return passes.finish();
  }

  private passes(label: string): Passes {
    return new Passes(this.device, label, this.took);
  }

  private encodeCopy(encoder: GPUCommandEncoder, { from, to }: CopyCommand): void {
    if (this.usable(from.block) && this.usable(to.block))
      encoder.copyBufferToBuffer(from.block.gpu, from.byteOffset, to.block.gpu, to.byteOffset, from.bytes);
  }

  /** Whether the block's memory exists; where it does not, whatever wanted it fails with the block's error. */
  private usable(block: Block): boolean {
    if (block.error !== undefined) this.failures.record(block.error);
    return block.error === undefined;
  }
}
