/** Images on disk, in one call. */
import { promisify } from 'node:util';
import { deflate, gzip } from 'node:zlib';
import { VoxelgradError } from '@voxelgrad/tensor';
import type { Image } from '../image.ts';
import { encodeMetaImage } from '../metaimage/write.ts';
import { encodeNifti, type WriteOptions } from '../nifti/write.ts';
import { encodeNrrd } from '../nrrd/write.ts';
import { encodePng, type PngOptions } from '../png/write.ts';
import { readImage } from '../read-image.ts';
import type { ReadOptions } from '../read-options.ts';
import { encodeTiff, tiffSidecar } from '../tiff/write.ts';
import { type Content, writeFileAtomic } from './atomic-write.ts';
import { openFile } from './files.ts';
import { sidecarOf } from './sidecar.ts';

const toGzip = promisify(gzip);
const toZlib = promisify(deflate);

export interface WriteFileOptions extends WriteOptions {
  /** 1 (fast) to 9 (small) for compressed formats; 6 by default, 1 takes a third of the time for some 10 % more bytes. */
  readonly compressionLevel?: number;
}

export async function readImageFile(path: string, options: ReadOptions = {}): Promise<Image> {
  return readImage(await openFile(path), options);
}

/**
 * Writes .nii, .nii.gz, .nrrd (gzip), .mha (zlib), .tif with its spacing in a .json beside it, or .png for a single slice, atomically.
 * Throws 'file' where the disk refuses, 'option' where the voxels do not fit the type.
 */
export async function writeImageFile(path: string, image: Image, options: WriteFileOptions = {}): Promise<void> {
  await writeFileAtomic(path, await encode(path, image, options));
  const sidecar = sidecarOf(path);
  if (sidecar !== undefined) await writeFileAtomic(sidecar, tiffSidecar(image));
}

async function encode(path: string, image: Image, options: WriteFileOptions): Promise<Content> {
  const level = options.compressionLevel ?? 6;
  if (/\.nii$/i.test(path)) return encodeNifti(image, options, path);
  if (/\.nii\.gz$/i.test(path)) return toGzip(encodeNifti(image, options, path), { level });
  if (/\.nrrd$/i.test(path))
    return encodeNrrd(image, { ...options, compress: (bytes) => toGzip(bytes, { level }) }, path);
  if (/\.mha$/i.test(path))
    return encodeMetaImage(image, { ...options, compress: (bytes) => toZlib(bytes, { level }) }, path);
  if (sidecarOf(path) !== undefined) return encodeTiff(image, options, path);
  if (/\.png$/i.test(path)) return encodePng(image, pngOptions(options, path), path);
  throw new VoxelgradError('option', {
    what: path,
    expected: 'a name that ends in .nii, .nii.gz, .nrrd, .mha, .tif, .tiff or .png',
  });
}

function pngOptions({ type }: WriteFileOptions, path: string): PngOptions {
  if (type === undefined || type === 'uint8' || type === 'uint16') return type === undefined ? {} : { type };
  throw new VoxelgradError('option', { what: path, expected: 'uint8 or uint16 for PNG', got: type });
}
