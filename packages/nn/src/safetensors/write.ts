/** Writes safetensors. The bytes are those of the reference library: wider number types first, so that every array is aligned, then by name. */
import { halfFromFloat, VoxelgradError } from '@voxelgrad/tensor';
import { bytesPerValue, isSafetensorsDType, type SafetensorsDType, type SafetensorsEntry } from './entry.ts';

/** The reference library's order of number types, by falling alignment. */
const typeOrder: readonly SafetensorsDType[] = ['I64', 'F64', 'F32', 'I32', 'F16', 'U8', 'BOOL'];

/**
 * A file with these tensors and, where given, free-form texts. Values of F16 entries are rounded to the nearest half.
 * Throws 'option' when a shape does not fit its values or a name is reserved.
 */
export function writeSafetensors(
  entries: Iterable<readonly [name: string, entry: SafetensorsEntry]>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const sorted = [...entries].sort(byTypeThenName);
  // A Map, since an object would put names like '0' first.
  const header = new Map<string, unknown>();
  if (Object.keys(metadata).length > 0) header.set('__metadata__', metadata);
  let end = 0;
  for (const [name, entry] of sorted) {
    checkEntry(name, entry, header.has(name));
    const begin = end;
    end += entry.data.length * bytesPerValue[entry.dtype];
    header.set(name, { dtype: entry.dtype, shape: entry.shape, data_offsets: [begin, end] });
  }
  const fields = [...header].map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  const headerBytes = paddedHeader(`{${fields.join(',')}}`);
  const file = new Uint8Array(8 + headerBytes.length + end);
  new DataView(file.buffer).setBigUint64(0, BigInt(headerBytes.length), true);
  file.set(headerBytes, 8);
  let position = 8 + headerBytes.length;
  for (const [, entry] of sorted) {
    file.set(bytesOf(entry), position);
    position += entry.data.length * bytesPerValue[entry.dtype];
  }
  return file;
}

function byTypeThenName(a: readonly [string, SafetensorsEntry], b: readonly [string, SafetensorsEntry]): number {
  const byType = typeOrder.indexOf(a[1].dtype) - typeOrder.indexOf(b[1].dtype);
  return byType || (a[0] < b[0] ? -1 : 1);
}

function checkEntry(name: string, entry: SafetensorsEntry, taken: boolean): void {
  const what = `tensor '${name}' for a safetensors file`;
  if (name === '__metadata__' || taken)
    throw new VoxelgradError('option', { what, expected: 'a name of its own', got: taken ? 'one used twice' : name });
  if (!isSafetensorsDType(entry.dtype))
    throw new VoxelgradError('option', { what, expected: `one of ${typeOrder.join(', ')}`, got: String(entry.dtype) });
  const length = entry.shape.reduce((product, extent) => product * extent, 1);
  if (length !== entry.data.length || !entry.shape.every((extent) => Number.isSafeInteger(extent) && extent >= 0))
    throw new VoxelgradError('option', {
      what,
      expected: `values that fill its shape [${entry.shape.join(', ')}]`,
      got: `${entry.data.length} values`,
    });
}

/** Spaces at its end bring the header to a multiple of 8 bytes, so that the values are aligned in the file. */
function paddedHeader(json: string): Uint8Array {
  const bytes = new TextEncoder().encode(json);
  const padded = new Uint8Array(Math.ceil(bytes.length / 8) * 8).fill(0x20);
  padded.set(bytes);
  return padded;
}

function bytesOf(entry: SafetensorsEntry): Uint8Array {
  const values = entry.dtype === 'F16' ? Uint16Array.from(entry.data, halfFromFloat) : entry.data;
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
