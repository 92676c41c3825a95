/**
 * How a case is cut into chunks. A patch that starts anywhere touches (p + c − 1) / p of the chunks' voxels along an axis, for patches of p and chunks
 * of c voxels: chunks as large as the patch cost 8 times its voxels, chunks of half its edge 3.4 times. But each chunk is a file. Half the patch
 * along each axis is a chunk, and less where that is more than 2 MiB, as nnU-Net's blosc2 files are cut (chunks of at most 6 MiB). A small case is one
 * chunk: to open and sync more files takes longer than to unpack all of it.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { Shape3 } from './preprocessed-case.ts';

const largestChunk = 2 ** 21;

/**
 * Depth, height and width of the chunks of a case, for patches of a size. Cases of `wholeBelow` bytes or more are cut. Throws 'option' for an
 * impossible size.
 */
export function chunkShapeFor(shape: Shape3, patchSize: Shape3, channels: number, wholeBelow = 2 ** 20): Shape3 {
  if (patchSize.some((edge) => !Number.isInteger(edge) || edge < 1))
    throw new VoxelgradError('option', {
      what: 'patch size',
      expected: 'three whole numbers ≥ 1',
      got: patchSize.join(', '),
    });
  if (4 * channels * shape[0] * shape[1] * shape[2] < wholeBelow) return shape;
  const chunk = patchSize.map((edge) => Math.ceil(edge / 2)) as [number, number, number];
  while (4 * channels * chunk[0] * chunk[1] * chunk[2] > largestChunk) {
    const longest = chunk.indexOf(Math.max(...chunk));
    if (chunk[longest] === 1) break;
    chunk[longest] = Math.ceil(chunk[longest]! / 2);
  }
  return [Math.min(chunk[0], shape[0]), Math.min(chunk[1], shape[1]), Math.min(chunk[2], shape[2])];
}
