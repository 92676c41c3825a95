/**
 * NumPy's array files (.npy, numpy/lib/format.py): a short header, which is the text of a Python dictionary, then the numbers. Written as version 1.0,
 * C order, little endian; versions 1 to 3, little endian, are read.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { VoxelArray } from '../image.ts';
import { type VoxelType, voxelCount, voxelType } from '../image.ts';

export interface NumpyFile {
  /** As NumPy has it: the last axis runs fastest. */
  readonly shape: readonly number[];
  readonly data: VoxelArray;
}

const descriptions: Readonly<Record<VoxelType, string>> = {
  int8: '|i1',
  uint8: '|u1',
  int16: '<i2',
  uint16: '<u2',
  int32: '<i4',
  uint32: '<u4',
  float32: '<f4',
  float64: '<f8',
};

const arrays = {
  '|b1': Uint8Array,
  '|i1': Int8Array,
  '|u1': Uint8Array,
  '<i2': Int16Array,
  '<u2': Uint16Array,
  '<i4': Int32Array,
  '<u4': Uint32Array,
  '<f4': Float32Array,
  '<f8': Float64Array,
} as const;

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

export function encodeNpy({ shape, data }: NumpyFile): Uint8Array {
  const header = encodeNpyHeader(shape, voxelType(data));
  const bytes = new Uint8Array(header.length + data.byteLength);
  bytes.set(header);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), header.length);
  return bytes;
}

/** What stands before the numbers. */
export function encodeNpyHeader(shape: readonly number[], type: VoxelType): Uint8Array {
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(', ')})`;
  const text = `{'descr': '${descriptions[type]}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // The numbers begin at a multiple of 64 bytes, behind a line break.
  const length = Math.ceil((10 + text.length + 1) / 64) * 64 - 10;
  const bytes = new Uint8Array(10 + length);
  bytes.set([...magic, 1, 0, length & 255, length >> 8]);
  bytes.set(new TextEncoder().encode(`${text.padEnd(length - 1)}\n`), 10);
  return bytes;
}

/** Throws 'format' for what is no array of numbers in C order. */
export function parseNpy(bytes: Uint8Array, what: string): NumpyFile {
  const { shape, start, NumberArray } = parseNpyHeader(bytes, bytes.length, what);
  return { shape, data: new NumberArray(bytes.slice(start).buffer) };
}

/** Bytes that tell how long the header is. */
export const npyPrefix = 12;

export interface NumpyHeader {
  readonly shape: readonly number[];
  /** Where the numbers begin. */
  readonly start: number;
  readonly NumberArray: (typeof arrays)[keyof typeof arrays];
}

/** Bytes in front of the numbers, from the first `npyPrefix` of them. Throws 'format'. */
export function npyStart(prefix: Uint8Array, what: string): number {
  if (prefix.length < npyPrefix || !magic.every((byte, i) => prefix[i] === byte))
    throw broken(what, 'a NumPy array', 'something else');
  const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength);
  return prefix[6]! > 1 ? 12 + view.getUint32(8, true) : 10 + view.getUint16(8, true);
}

/** From the file's first bytes, and from how many it has. Throws 'format' as parseNpy does. */
export function parseNpyHeader(bytes: Uint8Array, size: number, what: string): NumpyHeader {
  const start = npyStart(bytes, what);
  if (start > bytes.length) throw broken(what, 'a header inside the file', `one of ${start} bytes`);
  const header = new TextDecoder().decode(bytes.subarray(bytes[6]! > 1 ? 12 : 10, start));
  const kind = /'descr':\s*'([^']*)'/.exec(header)?.[1] ?? '';
  const extents = /'shape':\s*\(([\d, ]*)\)/.exec(header)?.[1];
  if (!Object.hasOwn(arrays, kind))
    throw broken(what, `numbers of the types ${Object.keys(arrays).join(', ')}`, header);
  if (extents === undefined || !/'fortran_order':\s*False/.test(header))
    throw broken(what, 'a shape, in C order', header);
  const shape = (extents.match(/\d+/g) ?? []).map(Number);
  const NumberArray = arrays[kind as keyof typeof arrays];
  const count = voxelCount(shape);
  if (count * NumberArray.BYTES_PER_ELEMENT !== size - start)
    throw broken(what, `${count} numbers ${kind}`, `${size - start} bytes`);
  return { shape, start, NumberArray };
}

const broken = (what: string, expected: string, got: string): VoxelgradError =>
  new VoxelgradError('format', { what, expected, got: got.slice(0, 120) });
