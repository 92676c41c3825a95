/**
 * The `zarr.json` of an array, checked before anything is believed: only what this store writes is read (Zarr v3, a regular grid, zstd or no
 * compression), so that no chunk can claim more memory than its array's shape allows.
 */
import { VoxelgradError } from '@voxelgrad/tensor';

export type StoredArrayType = 'float32' | 'int16';

export interface ArrayMetadata {
  readonly type: StoredArrayType;
  readonly shape: readonly number[];
  readonly chunkShape: readonly number[];
  readonly compressed: boolean;
}

export const storedBytes: Readonly<Record<StoredArrayType, number>> = { float32: 4, int16: 2 };

/** Chunks larger than this are no chunks. */
const largestChunkBytes = 2 ** 30;

/** Parses and checks. `axes` is how many the array must have. Throws 'format'. */
export function parseArrayMetadata(bytes: Uint8Array, type: StoredArrayType, axes: number, what: string) {
  const json = parseJson(bytes, what);
  if (!isRecord(json) || json.zarr_format !== 3 || json.node_type !== 'array')
    throw refuse(what, 'the metadata of a Zarr v3 array', json);
  if (json.data_type !== type) throw refuse(what, `data_type ${type}`, json.data_type);
  const { shape } = json;
  if (!isExtents(shape, axes)) throw refuse(what, `shape: ${axes} extents`, shape);
  const grid = json.chunk_grid;
  const chunkShape = isRecord(grid) && isRecord(grid.configuration) ? grid.configuration.chunk_shape : undefined;
  if (!isRecord(grid) || grid.name !== 'regular' || !isExtents(chunkShape, axes))
    throw refuse(what, `a regular grid with chunks of ${axes} extents`, grid);
  const chunkBytes = chunkShape.reduce((product, extent) => product * extent, storedBytes[type]);
  if (chunkBytes > largestChunkBytes) throw refuse(what, `chunks of at most ${largestChunkBytes} bytes`, chunkShape);
  const encoding = json.chunk_key_encoding;
  const separator = isRecord(encoding) && isRecord(encoding.configuration) ? encoding.configuration.separator : '/';
  if (!isRecord(encoding) || encoding.name !== 'default' || separator !== '/')
    throw refuse(what, 'chunks named c/0/0/0', encoding);
  return { type, shape, chunkShape, compressed: isCompressed(json.codecs, what) } satisfies ArrayMetadata;
}

function isCompressed(codecs: unknown, what: string): boolean {
  const names = Array.isArray(codecs) ? codecs.map((codec: unknown) => (isRecord(codec) ? codec.name : codec)) : [];
  const [bytes] = Array.isArray(codecs) ? codecs : [];
  const configuration = isRecord(bytes) ? bytes.configuration : undefined;
  const little = isRecord(configuration) && configuration.endian === 'little';
  if (little && String(names) === 'bytes,zstd') return true;
  if (little && String(names) === 'bytes') return false;
  throw refuse(what, 'codecs bytes (little endian) and zstd', codecs);
}

export function parseJson(bytes: Uint8Array, what: string): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch (cause) {
    const got = cause instanceof Error ? cause.message : '';
    throw new VoxelgradError('format', { what, expected: 'JSON', got, cause });
  }
}

export const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isExtents = (value: unknown, axes: number): value is number[] =>
  Array.isArray(value) &&
  value.length === axes &&
  value.every((extent) => Number.isSafeInteger(extent) && extent >= 1) &&
  value.reduce((product: number, extent: number) => product * extent, 1) <= 2 ** 48;

export function refuse(what: string, expected: string, got: unknown): VoxelgradError {
  const text = JSON.stringify(got) ?? 'nothing';
  return new VoxelgradError('format', { what, expected, got: text.length > 120 ? `${text.slice(0, 120)}…` : text });
}
