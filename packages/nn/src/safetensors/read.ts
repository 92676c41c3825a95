/** Reads safetensors, the format in which weights are passed around without pickles. */
import { floatFromHalf, VoxelgradError } from '@voxelgrad/tensor';
import { bytesPerValue, type SafetensorsArrays, type SafetensorsEntry } from './entry.ts';
import { readHeader, type TensorPlace } from './header.ts';

/**
 * All tensors of a file, by name, in the file's order. Where alignment allows, arrays are views of `bytes`: copy one before changing it.
 * Throws 'format' with the tensor's name when the file is cut off, damaged, or holds another number type.
 */
export function readSafetensors(bytes: Uint8Array): Map<string, SafetensorsEntry> {
  return new Map(readHeader(bytes).places.map((place) => [place.name, readEntry(bytes, place)]));
}

/** The free-form texts that came with the tensors. */
export function readSafetensorsMetadata(bytes: Uint8Array): Map<string, string> {
  return new Map(readHeader(bytes).metadata);
}

function readEntry(bytes: Uint8Array, place: TensorPlace): SafetensorsEntry {
  const { dtype, shape } = place;
  const { buffer, byteOffset } = alignedBytes(bytes, place);
  switch (dtype) {
    case 'F64':
      return { dtype, shape, data: new Float64Array(buffer, byteOffset, place.length) };
    case 'F32':
      return { dtype, shape, data: new Float32Array(buffer, byteOffset, place.length) };
    case 'F16':
      return { dtype, shape, data: floatsFromHalves(new Uint16Array(buffer, byteOffset, place.length)) };
    case 'I64':
      return { dtype, shape, data: new BigInt64Array(buffer, byteOffset, place.length) };
    case 'I32':
      return { dtype, shape, data: new Int32Array(buffer, byteOffset, place.length) };
    case 'U8':
      return { dtype, shape, data: new Uint8Array(buffer, byteOffset, place.length) };
    case 'BOOL':
      return { dtype, shape, data: checkedBools(new Uint8Array(buffer, byteOffset, place.length), place.name) };
  }
}

/** Typed arrays start at multiples of their element size; a tensor that does not is copied. */
function alignedBytes(bytes: Uint8Array, place: TensorPlace): Uint8Array {
  const size = bytesPerValue[place.dtype];
  const values = bytes.subarray(place.start, place.start + place.length * size);
  return values.byteOffset % size === 0 ? values : values.slice();
}

function floatsFromHalves(halves: Uint16Array): SafetensorsArrays['F16'] {
  return Float32Array.from(halves, floatFromHalf);
}

function checkedBools(values: Uint8Array, name: string): Uint8Array {
  const stray = values.find((value) => value > 1);
  if (stray === undefined) return values;
  throw new VoxelgradError('format', {
    what: `tensor '${name}' of a safetensors file`,
    expected: 'BOOL bytes of 0 or 1',
    got: `${stray}`,
    help: 'The file is damaged or was written by a faulty program; fetch or write it again.',
  });
}
