/** One door for every image format: the ending of the name decides. */
import { VoxelgradError } from '@voxelgrad/tensor';
import { readBmp } from './bmp/read.ts';
import { readDicomFiles } from './dicom/read.ts';
import type { Image } from './image.ts';
import { readMetaImage } from './metaimage/read.ts';
import { isNiftiName, readNifti } from './nifti/read.ts';
import { readNrrd } from './nrrd/read.ts';
import { readPng } from './png/read.ts';
import type { ReadOptions } from './read-options.ts';
import type { FileSource } from './source.ts';
import { readTiff } from './tiff/read.ts';

/** Reads an image file. Throws 'format' for a file that is damaged or of no known format, 'file' for one that cannot be read. */
export async function readImage(source: FileSource, options: ReadOptions = {}): Promise<Image> {
  if (isNiftiName(source.name)) return readNifti(source, options);
  if (/\.(nrrd|nhdr)$/i.test(source.name)) return readNrrd(source, options);
  if (/\.(mha|mhd)$/i.test(source.name)) return readMetaImage(source, options);
  if (/\.png$/i.test(source.name)) return readPng(source, options);
  if (/\.bmp$/i.test(source.name)) return readBmp(source, options);
  if (/\.tiff?$/i.test(source.name)) return readTiff(source, options);
  if (/\.dcm$/i.test(source.name)) return readDicomFiles([source], options);
  throw new VoxelgradError('format', {
    what: source.path,
    expected:
      'a name that ends in .nii, .nii.gz, .hdr, .img, .nrrd, .nhdr, .mha, .mhd, .dcm, .png, .bmp, .tif or .tiff',
    got: source.name,
  });
}
