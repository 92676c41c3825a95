/**
 * Takes the voxels of a file off its stream. What a header claims is held against the size of the file before memory is taken, so that
 * a damaged or hostile header costs an error and not the machine.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { ByteReader } from './byte-reader.ts';

/** Deflate puts a match of 258 bytes into two bits at best, so nothing grows more than this. */
const largestInflation = 1032;

export interface VoxelBytes {
  /** Names the file in errors. */
  readonly file: string;
  /** What the header promises, for errors: extents and type. */
  readonly description: string;
  /** Bytes between here and the voxels. */
  readonly skip: number;
  /** Bytes of voxels. */
  readonly needed: number;
  /** Bytes of the file from here on, as stored. */
  readonly stored: number;
  readonly compressed: boolean;
}

/**
 * Exactly `needed` bytes in memory of their own; reads on to the end, so that a checksum is checked. What is compressed gets memory as it comes, since
 * nothing but the stream itself tells how much that will be. Throws 'format', 'out-of-memory'.
 */
export async function takeVoxelBytes(reader: ByteReader, request: VoxelBytes): Promise<Uint8Array<ArrayBuffer>> {
  const { file, skip, needed, stored, compressed } = request;
  const most = (compressed ? stored * largestInflation : stored) - skip;
  if (needed > most) throw truncated(request, `a file that can hold ${Math.max(0, most)} behind its header`);
  if ((await reader.skip(skip)) < skip) throw truncated(request, '0 bytes');
  let bytes = allocate(compressed ? Math.min(needed, 2 * stored) : needed, file);
  let filled = await reader.fill(bytes);
  while (filled === bytes.length && filled < needed) {
    const larger = allocate(Math.min(needed, 2 * filled), file);
    larger.set(bytes);
    bytes = larger;
    filled += await reader.fill(bytes.subarray(filled));
  }
  if (filled < needed) throw truncated(request, `${filled} bytes`);
  await reader.drain();
  return bytes;
}

function truncated({ file, needed, description }: VoxelBytes, got: string): VoxelgradError {
  return new VoxelgradError('format', {
    what: file,
    expected: `${needed} bytes of voxels (${description})`,
    got,
    help: 'the file is truncated; copy it again',
  });
}

function allocate(length: number, file: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    throw new VoxelgradError('out-of-memory', {
      what: file,
      expected: `${length} bytes of memory for its voxels`,
      cause,
    });
  }
}
