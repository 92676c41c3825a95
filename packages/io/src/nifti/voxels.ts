/**
 * From the bytes of a NIfTI file to numbers: byte order, 64-bit integers, slope and intercept.
 * Everything that can be done in place is; a whole-body CT is not copied for a byte swap.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import { allocateVoxels, type VoxelArray, type VoxelType } from '../image.ts';
import { bytesPerVoxel, type StoredType } from './data-type.ts';
import type { NiftiHeader } from './header.ts';

export const hostLittleEndian = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1;

/**
 * Slope and intercept as nibabel applies them: none where the slope is 0 or not finite, or where they change nothing.
 * Throws 'format' for a good slope with a broken intercept.
 */
export function scaling(header: NiftiHeader, file: string): { slope: number; intercept: number } | undefined {
  const { slope, intercept } = header;
  if (slope === 0 || !Number.isFinite(slope)) return undefined;
  if (!Number.isFinite(intercept))
    throw new VoxelgradError('format', { what: file, expected: 'a finite scl_inter', got: `${intercept}` });
  return slope === 1 && intercept === 0 ? undefined : { slope, intercept };
}

/**
 * The voxels in `bytes`, which is used up (it may become the result's memory).
 * Unscaled voxels keep their type (64-bit integers become float64), scaled ones are float64; `as` asks for another type,
 * and values are then rounded once, to it.
 */
export function decodeVoxels(
  bytes: Uint8Array<ArrayBuffer>,
  header: NiftiHeader,
  file: string,
  as?: 'float32',
): VoxelArray {
  if (header.littleEndian !== hostLittleEndian) swapBytes(bytes, bytesPerVoxel[header.type]);
  const stored = numbers(bytes, header.type);
  const scale = scaling(header, file);
  if (scale === undefined)
    return as === undefined || stored instanceof Float32Array ? stored : convert(stored, as, 1, 0, file);
  return convert(stored, as ?? 'float64', scale.slope, scale.intercept, file);
}

function convert(from: VoxelArray, type: VoxelType, slope: number, intercept: number, file: string): VoxelArray {
  const reusable = type === 'float64' && from instanceof Float64Array;
  const to = reusable ? from : allocateVoxels(type, from.length, file);
  for (let i = 0; i < from.length; i++) to[i] = from[i]! * slope + intercept;
  return to;
}

/** Typed view of bytes in host order. The buffer is fresh and starts at 0, so every type is aligned. */
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
