/** Single stretches of a file, for formats that are read here and there: archives, checkpoints. */
import { VoxelgradError } from '@voxelgrad/tensor';
import { ByteReader } from './byte-reader.ts';
import type { FileSource } from './source.ts';

/** `length` bytes from `offset` on, in memory of their own. Throws 'format' where the file is shorter, before anything is allocated. */
export async function readRange(source: FileSource, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  if (offset + length > source.size) throw cutOff(source, offset + length);
  const bytes = allocate(length, source.path);
  const reader = new ByteReader(source.stream({ offset, length }));
  const filled = await reader.fill(bytes).finally(() => reader.close());
  if (filled !== length) throw cutOff(source, offset + length);
  return bytes;
}

/** Zeros; out of memory is told as such. `what` is what they are for. */
export function allocate(length: number, what: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    throw new VoxelgradError('out-of-memory', {
      what,
      expected: `${Math.ceil(length / 2 ** 20)} MiB of memory`,
      cause,
    });
  }
}

function cutOff(source: FileSource, needed: number): VoxelgradError {
  return new VoxelgradError('format', {
    what: source.path,
    expected: `${needed} bytes or more`,
    got: `${source.size}`,
    help: 'the file is cut off; copy or download it again',
  });
}
