/** Takes numbers, texts and bytes off a pickle, one after the other; nothing beyond its end. */
import type { Budget } from './budget.ts';

const newline = 10;
const strictUtf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

export class ByteCursor {
  at: number;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #budget: Budget;

  constructor(bytes: Uint8Array, start: number, budget: Budget) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.at = start;
    this.#budget = budget;
  }

  uint8(): number {
    return this.#view.getUint8(this.#take(1));
  }

  uint16(): number {
    return this.#view.getUint16(this.#take(2), true);
  }

  int32(): number {
    return this.#view.getInt32(this.#take(4), true);
  }

  uint32(): number {
    return this.#view.getUint32(this.#take(4), true);
  }

  /** A count of 8 bytes. */
  uint64(): number {
    const value = this.#view.getBigUint64(this.#take(8), true);
    if (value > BigInt(Number.MAX_SAFE_INTEGER)) throw this.#budget.broken('a pickle', `a length of ${value}`);
    return Number(value);
  }

  /** Floats are big-endian, unlike everything else. */
  float64(): number {
    return this.#view.getFloat64(this.#take(8), false);
  }

  /** A view: copy it before keeping it. */
  bytes(count: number): Uint8Array {
    const start = this.#take(count);
    this.#budget.spend('bytes', count);
    return this.#bytes.subarray(start, start + count);
  }

  text(count: number): string {
    const bytes = this.bytes(count);
    try {
      return strictUtf8.decode(bytes);
    } catch {
      throw this.#budget.broken('texts in UTF-8', 'other bytes');
    }
  }

  /** Up to the next line feed, which is taken too. Latin-1. */
  line(): string {
    const end = this.#bytes.indexOf(newline, this.at);
    if (end < 0) throw this.#truncated();
    const text = latin1(this.bytes(end - this.at));
    this.at = end + 1;
    return text;
  }

  /** A whole number of `count` bytes, two's complement. */
  long(count: number): number | bigint {
    if (count > 1024) throw this.#budget.broken('whole numbers of at most 1024 bytes', `${count} bytes`);
    let value = 0n;
    const bytes = this.bytes(count);
    for (let i = count - 1; i >= 0; i--) value = (value << 8n) | BigInt(bytes[i]!);
    return plainInteger(count === 0 ? 0n : BigInt.asIntN(8 * count, value));
  }

  #take(count: number): number {
    const start = this.at;
    if (count < 0 || start + count > this.#bytes.length) throw this.#truncated();
    this.at += count;
    return start;
  }

  #truncated() {
    return this.#budget.broken('a whole pickle', `its end after ${this.#bytes.length} bytes`);
  }
}

/** A number where it can be one. */
export function plainInteger(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

export function latin1(bytes: Uint8Array): string {
  let text = '';
  for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
  return text;
}
