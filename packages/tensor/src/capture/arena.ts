/**
 * Where the blocks of a captured step lie: blocks whose lifetimes do not meet share memory. Greedy by size (Pisarchyk & Lee 2020, "Efficient memory
 * management for deep neural net inference"): the largest block first, each into the tightest gap that is free for as long as it lives.
 *
 * One buffer would do on the CPU. WebGPU forbids a buffer to be read and written in one dispatch, so there some blocks must be kept apart: then there
 * are several buffers, each as large as its first block.
 */
import { roundUpTo } from '../shape.ts';

/** A block's size and the commands, counted from 0, between which it holds something (both included). */
export interface Lifetime {
  readonly bytes: number;
  readonly first: number;
  readonly last: number;
  /** Indices of blocks that must not lie in the same buffer. */
  readonly apart?: ReadonlySet<number>;
}

export interface Place {
  /** Which buffer. */
  readonly buffer: number;
  readonly offset: number;
}

export interface Arena {
  /** Bytes of each buffer. */
  readonly buffers: readonly number[];
  /** One for each lifetime. */
  readonly places: readonly Place[];
}

export interface ArenaSettings {
  /** Offsets are multiples of this many bytes. */
  readonly alignment: number;
  /** Whether buffers grow: then blocks that need not be apart lie in one. */
  readonly growing: boolean;
}

interface Tenant extends Lifetime {
  readonly index: number;
  readonly offset: number;
}

interface Buffer {
  bytes: number;
  /** By offset. */
  readonly tenants: Tenant[];
}

export function planArena(lifetimes: readonly Lifetime[], { alignment, growing }: ArenaSettings): Arena {
  const buffers: Buffer[] = [];
  const places: Place[] = new Array(lifetimes.length);
  const order = lifetimes.map((_, i) => i).sort((a, b) => lifetimes[b]!.bytes - lifetimes[a]!.bytes || a - b);
  for (const index of order) {
    const lifetime = { ...lifetimes[index]!, bytes: roundUpTo(lifetimes[index]!.bytes, alignment) };
    const { buffer, offset } = tightest(buffers, lifetime, growing) ?? { buffer: buffers.length, offset: 0 };
    buffers[buffer] ??= { bytes: lifetime.bytes, tenants: [] };
    const chosen = buffers[buffer]!;
    chosen.bytes = Math.max(chosen.bytes, offset + lifetime.bytes);
    const at = chosen.tenants.findIndex((tenant) => tenant.offset > offset);
    chosen.tenants.splice(at < 0 ? chosen.tenants.length : at, 0, { ...lifetime, index, offset });
    places[index] = { buffer, offset };
  }
  return { buffers: buffers.map(({ bytes }) => bytes), places };
}

/** The smallest gap of any buffer that holds the block; where none does and buffers grow, the end that grows least. */
function tightest(buffers: readonly Buffer[], wanted: Lifetime, growing: boolean): Place | undefined {
  let best: Place | undefined;
  let bestWaste = Number.POSITIVE_INFINITY;
  buffers.forEach(({ bytes, tenants }, buffer) => {
    if (wanted.apart !== undefined && tenants.some(({ index }) => wanted.apart!.has(index))) return;
    const consider = (offset: number, waste: number): void => {
      if (waste >= bestWaste) return;
      best = { buffer, offset };
      bestWaste = waste;
    };
    let end = 0;
    for (const tenant of tenants) {
      if (tenant.last < wanted.first || tenant.first > wanted.last) continue;
      if (tenant.offset - end >= wanted.bytes) consider(end, tenant.offset - end - wanted.bytes);
      end = Math.max(end, tenant.offset + tenant.bytes);
    }
    const left = bytes - end - wanted.bytes;
    if (left >= 0) consider(end, left);
    // Beyond any gap: growing is the last choice.
    else if (growing) consider(end, 2 ** 50 - left);
  });
  return best;
}
