/**
 * Reads and checks the header of a safetensors file. A file comes from anywhere, so nothing in it is believed: every length is compared with
 * the bytes that are there before anything is allocated, and the tensors must tile the block of values without a gap or an overlap, as the
 * format's own reader demands (https://github.com/huggingface/safetensors, "Format").
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import { bytesPerValue, isSafetensorsDType, type SafetensorsDType } from './entry.ts';

/** The format's own limit, which keeps a JSON parser from being fed gigabytes. */
const maximumHeaderBytes = 100_000_000;

export interface TensorPlace {
  readonly name: string;
  readonly dtype: SafetensorsDType;
  readonly shape: readonly number[];
  /** First byte, counted from the start of the file. */
  readonly start: number;
  /** Values, not bytes. */
  readonly length: number;
}

export interface SafetensorsHeader {
  readonly metadata: ReadonlyMap<string, string>;
  /** Sorted by place in the file. */
  readonly places: readonly TensorPlace[];
}

export function readHeader(bytes: Uint8Array): SafetensorsHeader {
  const headerBytes = readHeaderLength(bytes);
  const fields = parseJsonObject(bytes.subarray(8, 8 + headerBytes));
  const metadata = new Map<string, string>();
  const places: TensorPlace[] = [];
  for (const [name, value] of Object.entries(fields)) {
    if (name === '__metadata__') readMetadata(value, metadata);
    else places.push(readPlace(name, value, 8 + headerBytes));
  }
  places.sort((a, b) => a.start - b.start || sizeInBytes(a) - sizeInBytes(b));
  checkTiling(places, 8 + headerBytes, bytes.length);
  return { metadata, places };
}

function readHeaderLength(bytes: Uint8Array): number {
  if (bytes.length < 8)
    throw broken('a safetensors file', 'at least 8 bytes with the length of the header', `${bytes.length} bytes`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (length > BigInt(Math.min(maximumHeaderBytes, bytes.length - 8)))
    throw broken(
      'the header of a safetensors file',
      `at most ${Math.min(maximumHeaderBytes, bytes.length - 8)} bytes`,
      `a length of ${length}`,
    );
  return Number(length);
}

function parseJsonObject(bytes: Uint8Array): object {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw broken('the header of a safetensors file', 'JSON in UTF-8', 'something else', cause);
  }
  return asObject(value, 'the header of a safetensors file');
}

function asObject(value: unknown, what: string): object {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw broken(what, 'a JSON object', Array.isArray(value) ? 'a list' : String(value));
  return value;
}

function readMetadata(value: unknown, metadata: Map<string, string>): void {
  for (const [key, text] of Object.entries(asObject(value, 'the metadata of a safetensors file'))) {
    if (typeof text !== 'string') throw broken(`metadata '${key}' of a safetensors file`, 'a text', typeof text);
    metadata.set(key, text);
  }
}

function readPlace(name: string, value: unknown, valuesStart: number): TensorPlace {
  const what = `tensor '${name}' of a safetensors file`;
  const { dtype, shape, data_offsets: offsets } = asObject(value, what) as Record<string, unknown>;
  if (!isSafetensorsDType(dtype))
    throw broken(what, `a dtype among ${Object.keys(bytesPerValue).join(', ')}`, JSON.stringify(dtype) ?? 'none');
  if (!isListOfCounts(shape)) throw broken(what, 'a shape of whole numbers ≥ 0', JSON.stringify(shape) ?? 'none');
  if (!isListOfCounts(offsets) || offsets.length !== 2)
    throw broken(what, 'two data_offsets', JSON.stringify(offsets) ?? 'none');
  const length = shape.reduce((product, extent) => product * extent, 1);
  const [begin, end] = offsets as [number, number];
  if (end - begin !== length * bytesPerValue[dtype])
    throw broken(
      what,
      `${length * bytesPerValue[dtype]} bytes for ${dtype} of shape [${shape.join(', ')}]`,
      `${end - begin} bytes`,
    );
  return { name, dtype, shape, start: valuesStart + begin, length };
}

const isListOfCounts = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((item) => Number.isSafeInteger(item) && item >= 0);

const sizeInBytes = (place: TensorPlace): number => place.length * bytesPerValue[place.dtype];

/** The tensors, sorted by place, must cover every byte from the header to the end of the file exactly once. */
function checkTiling(places: readonly TensorPlace[], valuesStart: number, fileEnd: number): void {
  let end = valuesStart;
  for (const place of places) {
    if (place.start !== end)
      throw broken(`tensor '${place.name}' of a safetensors file`, `values from byte ${end} on`, `byte ${place.start}`);
    end += sizeInBytes(place);
  }
  if (end !== fileEnd) throw broken('a safetensors file', `${end} bytes, as its header says`, `${fileEnd} bytes`);
}

function broken(what: string, expected: string, got: string, cause?: unknown): VoxelgradError {
  return new VoxelgradError('format', {
    what,
    expected,
    got,
    help: 'The file is cut off, damaged, or not a safetensors file; fetch or write it again.',
    cause,
  });
}
