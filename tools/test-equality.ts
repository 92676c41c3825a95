/** For every test file: arrays of numbers of one type with the same bytes are equal. Element after element, as is done otherwise, a million take two seconds. */
import { expect } from 'vitest';

const bytesOf = ({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** Undefined where that does not tell: zeros have two signs, and differences are to be shown. */
function haveSameBytes(a: unknown, b: unknown): true | undefined {
  if (!ArrayBuffer.isView(a) || !ArrayBuffer.isView(b) || a.byteLength !== b.byteLength) return undefined;
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return undefined;
  const other = bytesOf(b);
  return bytesOf(a).every((byte, i) => byte === other[i]) || undefined;
}

expect.addEqualityTesters([haveSameBytes]);
