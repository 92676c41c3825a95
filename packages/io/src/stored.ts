/**
 * Voxels as image files store them, whatever the format: from bytes to numbers and from one type to another.
 * Everything that can be done in place is; a whole-body CT is not copied for a byte swap.
 */
import { allocateVoxels, type VoxelArray, type VoxelType } from './image.ts';

/** What a file stores. 64-bit integers have no typed array of plain numbers: they are read as float64. */
export type StoredType = VoxelType | 'int64' | 'uint64';

export const bytesPerVoxel: Readonly<Record<StoredType, number>> = {
  int8: 1,
  uint8: 1,
  int16: 2,
  uint16: 2,
  int32: 4,
  uint32: 4,
  float32: 4,
  int64: 8,
  uint64: 8,
  float64: 8,
};

export const hostLittleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/** The numbers in `bytes`, whose memory becomes theirs. `bytes` has its buffer to itself, so that every type is aligned. */
export function storedVoxels(bytes: Uint8Array<ArrayBuffer>, type: StoredType, littleEndian: boolean): VoxelArray {
  if (littleEndian !== hostLittleEndian) swapBytes(bytes, bytesPerVoxel[type]);
  return numbers(bytes, type);
}

/** slope · x + intercept as another type, rounded once. `file` is named where memory runs out. */
export function convertVoxels(
  from: VoxelArray,
  type: VoxelType,
  slope: number,
  intercept: number,
  file: string,
): VoxelArray {
  const reusable = type === 'float64' && from instanceof Float64Array;
  const to = reusable ? from : allocateVoxels(type, from.length, file);
  for (let i = 0; i < from.length; i++) to[i] = from[i]! * slope + intercept;
  return to;
}

/** Typed view of bytes in host order. */
function numbers(bytes: Uint8Array<ArrayBuffer>, type: StoredType): VoxelArray {
  const { buffer, byteOffset } = bytes;
  const length = bytes.length / bytesPerVoxel[type];
  switch (type) {
    case 'uint8':
      return bytes;
    case 'int8':
      return new Int8Array(buffer, byteOffset, length);
    case 'uint16':
      return new Uint16Array(buffer, byteOffset, length);
    case 'int16':
      return new Int16Array(buffer, byteOffset, length);
    case 'uint32':
      return new Uint32Array(buffer, byteOffset, length);
    case 'int32':
      return new Int32Array(buffer, byteOffset, length);
    case 'float32':
      return new Float32Array(buffer, byteOffset, length);
    case 'float64':
      return new Float64Array(buffer, byteOffset, length);
    case 'int64':
    case 'uint64':
      return wideIntegers(buffer, byteOffset, length, type === 'int64');
  }
}

/** 64-bit integers to float64 in the same memory; exact below 2⁵³, rounded above, as nibabel's `get_fdata` does. */
function wideIntegers(buffer: ArrayBuffer, byteOffset: number, length: number, signed: boolean): Float64Array {
  const to = new Float64Array(buffer, byteOffset, length);
  const from = signed ? new BigInt64Array(buffer, byteOffset, length) : new BigUint64Array(buffer, byteOffset, length);
  for (let i = 0; i < length; i++) to[i] = Number(from[i]!);
  return to;
}

function swapBytes(bytes: Uint8Array, width: number): void {
  if (width === 1) return;
  for (let i = 0; i + width <= bytes.length; i += width)
    for (let low = i, high = i + width - 1; low < high; low++, high--) {
      const kept = bytes[low]!;
      bytes[low] = bytes[high]!;
      bytes[high] = kept;
    }
}
