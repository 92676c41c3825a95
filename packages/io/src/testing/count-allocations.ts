/**
 * Watches the largest array that is made. Import this before what is watched: typed arrays are replaced by proxies that note the length they are made
 * with. Views and copies of what is there are not counted.
 */

let largest = 0;

const names = [
  ...['Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array'],
  ...['Float32Array', 'Float64Array', 'BigInt64Array', 'BigUint64Array', 'ArrayBuffer'],
] as const;

type Constructor = new (...parameters: unknown[]) => object;

const scope = globalThis as unknown as Record<string, Constructor & { BYTES_PER_ELEMENT?: number }>;

for (const name of names) {
  const original = scope[name]!;
  scope[name] = new Proxy(original, {
    construct(target, parameters, newTarget) {
      const [length] = parameters;
      if (typeof length === 'number' && length > 0)
        largest = Math.max(largest, length * (original.BYTES_PER_ELEMENT ?? 1));
      return Reflect.construct(target, parameters, newTarget) as object;
    },
  });
}

/** Bytes of the largest array since the last call. */
export function takeLargest(): number {
  const found = largest;
  largest = 0;
  return found;
}
