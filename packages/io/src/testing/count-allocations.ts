/**
 * Watches the largest piece of memory that is asked for. Import this before what is watched: the constructors of typed arrays, buffers and lists are
 * replaced by proxies that note the length they are called with, and so are Node's buffers and the growth of WebAssembly memories, which decoders of
 * DICOM have. Views and copies of what is there are not counted.
 */

let largest = 0;

const note = (bytes: number): void => {
  if (bytes > largest) largest = bytes;
};

const names = [
  ...['Int8Array', 'Uint8Array', 'Uint8ClampedArray', 'Int16Array', 'Uint16Array', 'Int32Array', 'Uint32Array'],
  ...['Float32Array', 'Float64Array', 'BigInt64Array', 'BigUint64Array', 'ArrayBuffer', 'SharedArrayBuffer', 'Array'],
] as const;

type Constructor = new (...parameters: unknown[]) => object;

const scope = globalThis as unknown as Record<string, Constructor & { BYTES_PER_ELEMENT?: number }>;
/** Of a list: a pointer or a number each. */
const bytesOfItem = 8;

for (const name of names) {
  const original = scope[name]!;
  const bytesEach = original.BYTES_PER_ELEMENT ?? (name === 'Array' ? bytesOfItem : 1);
  scope[name] = new Proxy(original, {
    construct(target, parameters, newTarget) {
      const [length] = parameters;
      if (typeof length === 'number' && length > 0) note(length * bytesEach);
      return Reflect.construct(target, parameters, newTarget) as object;
    },
  });
}

for (const name of ['alloc', 'allocUnsafe', 'allocUnsafeSlow'] as const) {
  const original = Buffer[name];
  Buffer[name] = ((size: number, ...rest: []) => {
    note(size);
    return original.call(Buffer, size, ...rest);
  }) as typeof original;
}

const wasmPage = 65536;
/** What the types of Node do not have. */
const { Memory } = (
  globalThis as unknown as { WebAssembly: { Memory: { prototype: { grow(pages: number): number } } } }
).WebAssembly;
const { grow } = Memory.prototype;
Memory.prototype.grow = function (this: unknown, pages: number): number {
  note(pages * wasmPage);
  return grow.call(this, pages);
};

/** Bytes of the largest piece since the last call. */
export function takeLargest(): number {
  const found = largest;
  largest = 0;
  return found;
}
