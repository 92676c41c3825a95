/**
 * Which kernel of the table is being called, and with what: so that a command that fails much later, on another thread, can be told by its op and
 * shapes, so that a call that throws half-way (there was no room for its second intermediate array) leaves no memory behind, and so that VOXELGRAD_DEBUG=2
 * can tell how each call is computed.
 */
import { debugChoice, debugLevel } from '../debug.ts';
import type { Kernels } from '../ops/kernels.ts';
import { showShape, sizeOf } from '../shape.ts';
import type { DeviceBuffer, Operand } from './device.ts';

interface KernelCall {
  readonly name: string;
  readonly given: readonly unknown[];
  /** Allocated since the call began and not freed yet. A kernel frees all that it allocates before it returns. */
  readonly temporaries: Set<DeviceBuffer>;
  /** How it is computed, and what runs for it, for VOXELGRAD_DEBUG=2. */
  readonly choices: string[];
  readonly work: string[];
}

export const isOperand = (value: unknown): value is Operand =>
  typeof value === 'object' && value !== null && 'buffer' in value && 'dtype' in value;

/** A kernel's name, with the function for those that have many: 'conv3d', 'unary exp'. */
export const kernelLabel = (name: string, given: readonly unknown[]): string =>
  typeof given[0] === 'string' ? `${name} ${given[0]}` : name;

/** 'conv3d(f32[1, 8, 8, 8, 4], f32[3, 3, 3, 4, 8], f32[1, 8, 8, 8, 8])' */
function describeCall(name: string, given: readonly unknown[]): string {
  const operands = given.filter(isOperand).map(({ dtype, shape }) => `${dtype}${showShape(shape)}`);
  return `${kernelLabel(name, given)}(${operands.join(', ')})`;
}

/** 'matmul(f32[1, 4, 900], f32[1, 900, 8], f32[1, 4, 8]): tiles of 4×8, 2 splits; matmul in 2 items, matmulSplits in 1 items' */
const describeChoices = ({ name, given, choices, work }: KernelCall): string =>
  `${describeCall(name, given)}: ${[...choices, work.length > 0 ? work.join(', ') : 'nothing runs'].join('; ')}`;

/** Useful floating-point operations of convolutions and matrix products; 0 for what is bound by memory. */
export function operationsOf(label: string, operands: readonly Operand[]): number {
  const [first, second] = operands;
  const last = operands.at(-1)!;
  if (label === 'matmul') return 2 * sizeOf(last.shape) * (sizeOf(first!.shape) / sizeOf(last.shape.slice(0, 2)));
  if (label === 'conv3d') return 2 * sizeOf(last.shape) * sizeOf(second!.shape.slice(0, 4));
  if (label === 'conv3dNorm') return 2 * sizeOf(operands.at(-3)!.shape) * sizeOf(second!.shape.slice(0, 4));
  if (label === 'conv3dDataGradient') return 2 * sizeOf(first!.shape) * sizeOf(second!.shape.slice(0, 4));
  if (label === 'conv3dWeightGradient') return 2 * sizeOf(second!.shape) * sizeOf(last.shape.slice(0, 4));
  return 0;
}

export class KernelCalls {
  #current: KernelCall | undefined;

  /** The kernels, each noted here while it is called. `free` frees what a call that throws has not freed. */
  wrap(kernels: Kernels, free: (buffer: DeviceBuffer) => void): Kernels {
    const wrapped = Object.entries(kernels).map(([name, kernel]) => {
      const call = kernel as (...given: unknown[]) => void;
      return [name, (...given: unknown[]): void => this.#run(name, given, call, free)] as const;
    });
    return Object.fromEntries(wrapped) as unknown as Kernels;
  }

  #run(
    name: string,
    given: readonly unknown[],
    call: (...given: unknown[]) => void,
    free: (buffer: DeviceBuffer) => void,
  ): void {
    const outer = this.#current;
    const current = { name, given, temporaries: new Set<DeviceBuffer>(), choices: [], work: [] };
    this.#current = current;
    try {
      call(...given);
      debugChoice(() => describeChoices(current));
    } catch (error) {
      for (const buffer of [...current.temporaries]) free(buffer);
      throw error;
    } finally {
      this.#current = outer;
    }
  }

  /** Tells, when it is asked, the call that is under way now. */
  get description(): (() => string) | undefined {
    const call = this.#current;
    return call === undefined ? undefined : () => describeCall(call.name, call.given);
  }

  /** Notes, for VOXELGRAD_DEBUG=2, how the call that is under way is computed. */
  choose(text: () => string): void {
    if (debugLevel >= 2) this.#current?.choices.push(text());
  }

  /** Notes what runs for the call that is under way. */
  enqueued(text: () => string): void {
    if (debugLevel >= 2) this.#current?.work.push(text());
  }

  /** Floating-point operations of the call that is under way now; 0 where memory is what takes the time. */
  get operations(): number {
    const call = this.#current;
    return call === undefined ? 0 : operationsOf(call.name, call.given.filter(isOperand));
  }

  allocated(buffer: DeviceBuffer): void {
    this.#current?.temporaries.add(buffer);
  }

  freed(buffer: DeviceBuffer): void {
    this.#current?.temporaries.delete(buffer);
  }
}
