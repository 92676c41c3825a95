/** Images on disk, in one call. */
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';
import { VoxelgradError } from '@voxelgrad/tensor';
import type { Image } from '../image.ts';
import type { ReadOptions } from '../nifti/read.ts';
import { encodeNifti, type WriteOptions } from '../nifti/write.ts';
import { readImage } from '../read-image.ts';
import { writeFileAtomic } from './atomic-write.ts';
import { openFile } from './files.ts';

const compress = promisify(gzip);

export interface WriteFileOptions extends WriteOptions {
  /** 1 (fast) to 9 (small) for names in .gz; 6 by default, 1 takes a third of the time for some 10 % more bytes. */
  readonly compressionLevel?: number;
}

export async function readImageFile(path: string, options: ReadOptions = {}): Promise<Image> {
  return readImage(await openFile(path), options);
}

/** Writes .nii or .nii.gz, atomically. Throws 'file' where the disk refuses, 'option' where the voxels do not fit the type. */
export async function writeImageFile(path: string, image: Image, options: WriteFileOptions = {}): Promise<void> {
  if (!/\.nii(\.gz)?$/i.test(path))
    throw new VoxelgradError('option', { what: path, expected: 'a name that ends in .nii or .nii.gz' });
  const bytes = encodeNifti(image, options, path);
  const compressed = /\.gz$/i.test(path);
  await writeFileAtomic(path, compressed ? await compress(bytes, { level: options.compressionLevel ?? 6 }) : bytes);
}
