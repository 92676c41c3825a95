/**
 * One array of a stored case: `zarrita` reads and writes its chunks; what surrounds that is distrust. A chunk that is missing is an error, where Zarr
 * would fill in zeros, and the frame of a zstd stream must announce the size of a chunk before it is decoded.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { Array as ZarrArray } from 'zarrita';
import { type ArrayMetadata, parseArrayMetadata, type StoredArrayType, storedBytes } from './array-metadata.ts';
import type { CaseSource, CaseTarget } from './case-source.ts';
import type { ChunkData } from './chunk-cache.ts';

/** Level 1 is as small as 3 on z-scored images, and faster (measured on BraTS FLAIR). zarr-python wants `checksum` to be said. */
const zstd = { name: 'zstd', configuration: { level: 1, checksum: false } };
const littleEndian = { name: 'bytes', configuration: { endian: 'little' } };

/** It is large, and whoever only asks which cases are there does without. */
let zarrita: Promise<typeof import('zarrita')> | undefined;
const loadZarrita = () => (zarrita ??= import('zarrita'));

/** zarr.json is some hundred bytes. */
const metadataLimit = 2 ** 16;

/** Chunks that are compressed at once; each holds its voxels twice. */
const chunksAtOnce = 4;

export interface ArrayContent {
  readonly data: ChunkData;
  readonly shape: readonly number[];
  readonly chunkShape: readonly number[];
}

export async function writeArray(target: CaseTarget, name: string, content: ArrayContent): Promise<void> {
  const { create, set } = await loadZarrita();
  const { data, shape, chunkShape } = content;
  const store = {
    // Chunks at the border are only partly covered: zarrita asks for what is there before. There is nothing.
    get: async () => undefined,
    set: (key: string, bytes: Uint8Array) => target.set(`${name}${key}`, bytes),
  };
  const array = await create(store, {
    shape: [...shape],
    chunkShape: [...chunkShape],
    dtype: data instanceof Float32Array ? 'float32' : 'int16',
    codecs: [littleEndian, zstd],
    fillValue: 0,
  });
  await set(array, null, { data, shape: [...shape], stride: strides(shape) }, { createQueue: limitedQueue });
}

/** Opens an array; undefined where the case has none of that name. Throws 'format', 'file'. */
export async function openArray(source: CaseSource, name: string, type: StoredArrayType, axes: number) {
  const bytes = await source.get(`${name}/zarr.json`, metadataLimit);
  if (bytes === undefined) return undefined;
  const metadata = parseArrayMetadata(bytes, type, axes, `${source.path}/${name}`);
  return new StoredArray(source, name, metadata, (await loadZarrita()).Array);
}

export class StoredArray {
  readonly metadata: ArrayMetadata;
  readonly #array: ZarrArray<StoredArrayType>;
  readonly #path: string;

  constructor(source: CaseSource, name: string, metadata: ArrayMetadata, OpenArray: typeof ZarrArray) {
    const { type, chunkShape, shape, compressed } = metadata;
    const chunkBytes = chunkShape.reduce((product, extent) => product * extent, storedBytes[type]);
    this.metadata = metadata;
    this.#path = `${source.path}/${name}`;
    const store = {
      get: async (key: string) => {
        // zstd stores what it cannot compress, with 3 bytes for each 128 KiB and a header.
        const bytes = await source.get(`${name}${key}`, Math.ceil(chunkBytes * 1.01) + 64);
        if (bytes === undefined)
          throw new VoxelgradError('file', {
            what: `${this.#path}${key}`,
            got: 'no such file',
            help: 'the stored case is incomplete; preprocess it again',
          });
        checkChunkSize(bytes, chunkBytes, compressed, `${this.#path}${key}`);
        return bytes;
      },
    };
    this.#array = new OpenArray<StoredArrayType>(store, '/', {
      zarr_format: 3,
      node_type: 'array',
      shape: [...shape],
      data_type: type,
      chunk_grid: { name: 'regular', configuration: { chunk_shape: [...chunkShape] } },
      chunk_key_encoding: { name: 'default', configuration: { separator: '/' } },
      codecs: compressed ? [littleEndian, zstd] : [littleEndian],
      fill_value: 0,
      attributes: {},
    });
  }

  /** A chunk by its place in the grid: whole, also at the border. Throws 'format' for damaged bytes, 'file' for a chunk that is missing. */
  async chunk(place: readonly number[]): Promise<ChunkData> {
    try {
      return (await this.#array.getChunk([...place])).data as ChunkData;
    } catch (cause) {
      if (cause instanceof VoxelgradError) throw cause;
      throw damaged(`${this.#path}/c/${place.join('/')}`, 'zstd data that can be decoded', cause);
    }
  }
}

/** Frame_Content_Size of the first zstd frame (RFC 8878, 3.1.1.1), or the number of bytes where they are stored as they are. */
function checkChunkSize(bytes: Uint8Array, chunkBytes: number, compressed: boolean, what: string): void {
  const size = compressed ? frameContentSize(bytes) : bytes.length;
  if (size !== chunkBytes) throw damaged(what, `a chunk of ${chunkBytes} bytes`, undefined, String(size ?? 'no zstd'));
}

function frameContentSize(bytes: Uint8Array): number | undefined {
  if (bytes.length < 9) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== 0xfd2fb528) return undefined;
  const descriptor = bytes[4]!;
  const single = (descriptor >> 5) & 1;
  const dictionary = [0, 1, 2, 4][descriptor & 3]!;
  const at = 5 + (1 - single) + dictionary;
  const width = [single, 2, 4, 8][descriptor >> 6]!;
  if (width === 0 || at + width > bytes.length) return undefined;
  if (width === 1) return bytes[at]!;
  if (width === 2) return view.getUint16(at, true) + 256;
  return width === 4 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true));
}

function damaged(what: string, expected: string, cause?: unknown, got?: string): VoxelgradError {
  const found = got ?? (cause instanceof Error ? String(cause.cause ?? cause.message) : String(cause));
  return new VoxelgradError('format', {
    what,
    expected,
    got: found,
    help: 'the stored case is damaged; preprocess it again',
    cause,
  });
}

function strides(shape: readonly number[]): number[] {
  const steps = shape.map(() => 1);
  for (let axis = shape.length - 2; axis >= 0; axis--) steps[axis] = steps[axis + 1]! * shape[axis + 1]!;
  return steps;
}

/** A queue as zarrita takes it: by itself it would hold all chunks in memory at once. */
function limitedQueue() {
  const running: Promise<void>[] = [];
  const lanes: Promise<void>[] = [];
  return {
    add(task: () => Promise<void>): void {
      const lane = running.length % chunksAtOnce;
      const result = (lanes[lane] ?? Promise.resolve()).then(task);
      // The next task of the lane is not begun after a failure; `onIdle` reports it.
      lanes[lane] = result;
      result.catch(() => undefined);
      running.push(result);
    },
    onIdle: () => Promise.all(running),
  };
}
