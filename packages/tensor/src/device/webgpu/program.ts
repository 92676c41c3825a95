/**
 * A captured step on WebGPU: bind groups and parameters made once, commands cut into submits. A replay encodes and submits them; WebGPU's command buffers
 * can be submitted only once, so that much is left to do.
 */
import { isChanging } from '../../capture/recording.ts';
import type { KernelUse } from '../profile.ts';
import { type BoundRange, GPU_UNIFORM_WINDOW_BYTES } from './bind-groups.ts';
import { type Block, GPU_COPY_DST, GPU_UNIFORM } from './buffer-pool.ts';
import type { Passes } from './passes.ts';
import type { CopyCommand, DispatchCommand, Upload, Work } from './recorder.ts';
import { overfills } from './submit-limit.ts';

/** Dispatches that are encoded together: the GPU starts on them while the host encodes the next. */
const DISPATCHES_PER_SUBMIT = 256;

export type ProgramCommand = DispatchCommand | CopyCommand;

interface BoundDispatch extends DispatchCommand {
  /** Where its parameters lie. */
  readonly offset: readonly [number];
  /** Made when it runs first: by then its memory is confirmed. */
  group: GPUBindGroup | undefined;
}

/** What runs programs: the recorder. */
export interface ProgramHost {
  readonly device: GPUDevice;
  /** Whether each call of a kernel is to be submitted apart, so that the host can measure it. */
  readonly callsApart: boolean;
  /** For the passes of one submit. */
  passes(): Passes;
  /** Whether the block's memory exists; where it does not, the failure is noted. */
  usable(block: Block): boolean;
  /** Notes a pipeline's failure, if there is one, and that it ran. */
  ran(dispatch: DispatchCommand): void;
}

/** What goes into one submit. */
class Part implements Work {
  readonly uploads = [];
  readonly commands: (BoundDispatch | CopyCommand)[] = [];
  readonly blocks = new Set<Block>();
  /** The calls of kernels that begin here, where somebody asked for a profile. */
  readonly uses: KernelUse[] = [];
  dispatches = 0;
  /** Of all dispatches: see submit-limit.ts. */
  seconds = 0;
  readonly #encode: (part: Part) => GPUCommandBuffer | undefined;

  constructor(encode: (part: Part) => GPUCommandBuffer | undefined) {
    this.#encode = encode;
  }

  encode(): GPUCommandBuffer | undefined {
    return this.#encode(this);
  }
}

export class Program {
  readonly parts: readonly (Work & { readonly uses: readonly KernelUse[] })[];
  readonly #host: ProgramHost;
  readonly #parameters: Block;
  /** Dispatches with arguments that are new in each replay: where their parameters lie, and these. */
  readonly #changing: readonly { readonly byteOffset: number; readonly parameters: readonly number[] }[];

  constructor(host: ProgramHost, commands: readonly ProgramCommand[]) {
    this.#host = host;
    const dispatches = commands.filter((command) => command.kind === 'dispatch');
    const words = new Uint32Array((Math.max(1, dispatches.length) * GPU_UNIFORM_WINDOW_BYTES) / 4);
    for (const [i, { parameters }] of dispatches.entries()) words.set(parameters, (i * GPU_UNIFORM_WINDOW_BYTES) / 4);
    const gpu = host.device.createBuffer({
      label: 'parameters of a captured step',
      size: words.byteLength,
      usage: GPU_UNIFORM | GPU_COPY_DST,
    });
    host.device.queue.writeBuffer(gpu, 0, words);
    this.#parameters = { id: 0, bytes: words.byteLength, gpu, pendingUses: 0, check: undefined, error: undefined };
    this.#changing = dispatches.flatMap(({ parameters }, i) =>
      parameters.some(isChanging) ? [{ byteOffset: i * GPU_UNIFORM_WINDOW_BYTES, parameters }] : [],
    );
    this.parts = this.#split(commands);
  }

  /** The arguments of the next replay, as work to be done before it. */
  update(wordFor: (word: number) => number): Work {
    const uploads = this.#changing.map(({ byteOffset, parameters }): Upload => {
      const words = Uint32Array.from(parameters, (word) => (isChanging(word) ? wordFor(word) : word));
      return { block: this.#parameters, byteOffset, data: new Uint8Array(words.buffer) };
    });
    this.#parameters.pendingUses++;
    return { uploads, commands: [], blocks: new Set([this.#parameters]), encode: () => undefined };
  }

  #split(commands: readonly ProgramCommand[]): Part[] {
    const parts: Part[] = [];
    const { callsApart } = this.#host;
    let slot = 0;
    let current: KernelUse | undefined;
    for (const command of commands) {
      const use = command.kind === 'dispatch' ? command.use : current;
      let part = parts.at(-1);
      const seconds = command.kind === 'copy' ? 0 : command.seconds;
      const full =
        part !== undefined &&
        (callsApart ? use !== current : part.dispatches === DISPATCHES_PER_SUBMIT || overfills(part.seconds, seconds));
      if (part === undefined || full) {
        part = new Part((part) => this.#encode(part));
        parts.push(part);
      }
      if (use !== undefined && use !== current) part.uses.push(use);
      current = use;
      for (const { block } of rangesOf(command)) part.blocks.add(block);
      if (command.kind === 'copy') part.commands.push(command);
      else {
        part.commands.push({ ...command, offset: [slot++ * GPU_UNIFORM_WINDOW_BYTES], group: undefined });
        part.dispatches++;
        part.seconds += seconds;
      }
    }
    return parts;
  }

  #encode({ blocks, commands }: Part): GPUCommandBuffer | undefined {
    for (const block of blocks) if (!this.#host.usable(block)) return undefined;
    const passes = this.#host.passes();
    let last: GPUComputePassEncoder | undefined;
    let current: GPUComputePipeline | undefined;
    for (const command of commands) {
      if (command.kind === 'copy') {
        const { from, to } = command;
        passes.between.copyBufferToBuffer(from.block.gpu, from.byteOffset, to.block.gpu, to.byteOffset, from.bytes);
        continue;
      }
      const { compiled } = command.pipeline;
      if (compiled === undefined || command.group === undefined) this.#host.ran(command);
      if (compiled === undefined) continue;
      const pass = passes.pass(command.use);
      if (pass !== last || compiled !== current) pass.setPipeline(compiled);
      last = pass;
      current = compiled;
      command.group ??= this.#bind(command);
      pass.setBindGroup(0, command.group, command.offset);
      pass.dispatchWorkgroups(...command.workgroups);
    }
    return passes.finish();
  }

  #bind({ pipeline, ranges }: BoundDispatch): GPUBindGroup {
    return this.#host.device.createBindGroup({
      label: pipeline.shader,
      layout: pipeline.layout.bindGroup,
      entries: [
        { binding: 0, resource: { buffer: this.#parameters.gpu, size: GPU_UNIFORM_WINDOW_BYTES } },
        ...ranges.map(({ block, byteOffset, bytes }, i) => ({
          binding: i + 1,
          resource: { buffer: block.gpu, offset: byteOffset, size: bytes },
        })),
      ],
    });
  }

  /** To be called when everything is submitted. */
  destroy(): void {
    this.#parameters.gpu.destroy();
  }
}

const rangesOf = (command: ProgramCommand): readonly BoundRange[] =>
  command.kind === 'copy' ? [command.from, command.to] : command.ranges;
