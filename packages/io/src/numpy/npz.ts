/** NumPy's archives of arrays (.npz): what nnU-Net keeps probabilities in. */

import { VoxelgradError } from '@voxelgrad/tensor';
import { voxelCount } from '../image.ts';
import type { FileSource } from '../source.ts';
import { openZip, type ZipArchive } from '../zip/archive.ts';
import type { ZipEntry } from '../zip/directory.ts';
import { encodeZip, type ZipMember } from '../zip/write.ts';
import { encodeNpy, encodeNpyHeader, type NumpyFile, parseNpy } from './npy.ts';

/** An array of floats that is never whole: its numbers come in order, the last axis fastest. */
export interface NumpyStream {
  readonly shape: readonly number[];
  /** Of any lengths. Can be gone through once. */
  readonly pieces: AsyncIterable<Float32Array>;
}

/** As `numpy.savez_compressed` writes it. */
export function encodeNpz(arrays: Readonly<Record<string, NumpyFile | NumpyStream>>): AsyncIterable<Uint8Array> {
  return encodeZip(
    Object.entries(arrays).map(([name, array]): ZipMember => {
      const member = { name: `${name}.npy`, deflated: true };
      return 'data' in array ? { ...member, bytes: encodeNpy(array) } : { ...member, ...streamedNpy(array) };
    }),
  );
}

function streamedNpy({ shape, pieces }: NumpyStream): {
  readonly size: number;
  readonly pieces: AsyncIterable<Uint8Array>;
} {
  const header = encodeNpyHeader(shape, 'float32');
  const bytes = async function* (): AsyncIterable<Uint8Array> {
    yield header;
    for await (const { buffer, byteOffset, byteLength } of pieces) yield new Uint8Array(buffer, byteOffset, byteLength);
  };
  return { size: header.length + 4 * voxelCount(shape), pieces: bytes() };
}

/** One array of an archive. Throws 'format' where there is none of that name. */
export async function readNpz(source: FileSource, name: string): Promise<NumpyFile> {
  const archive = await openZip(source);
  return parseNpy(await archive.read(entryOf(archive, name)), `${source.path}: ${name}`);
}

/** Throws 'format' where the archive has no such array. */
export function entryOf({ source, entries }: ZipArchive, name: string): ZipEntry {
  const entry = entries.get(`${name}.npy`);
  if (entry !== undefined) return entry;
  throw new VoxelgradError('format', {
    what: source.path,
    expected: `an array '${name}'`,
    got: [...entries.keys()].slice(0, 5).join(', ') || 'an empty archive',
  });
}
