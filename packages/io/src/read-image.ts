/** One door for every image format: the ending of the name decides, and what reads formats other than NIfTI is loaded when one is met. */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { Image } from './image.ts';
import { isNiftiName, readNifti } from './nifti/read.ts';
import type { ReadOptions } from './read-options.ts';
import type { FileSource } from './source.ts';

/** Reads an image file. Throws 'format' for a file that is damaged or of no known format, 'file' for one that cannot be read. */
export async function readImage(source: FileSource, options: ReadOptions = {}): Promise<Image> {
  if (isNiftiName(source.name)) return readNifti(source, options);
  if (/\.(nrrd|nhdr)$/i.test(source.name)) return (await import('./nrrd/read.ts')).readNrrd(source, options);
  if (/\.(mha|mhd)$/i.test(source.name)) return (await import('./metaimage/read.ts')).readMetaImage(source, options);
  if (/\.png$/i.test(source.name)) return (await import('./png/read.ts')).readPng(source, options);
  if (/\.bmp$/i.test(source.name)) return (await import('./bmp/read.ts')).readBmp(source, options);
  if (/\.tiff?$/i.test(source.name)) return (await import('./tiff/read.ts')).readTiff(source, options);
  if (/\.dcm$/i.test(source.name)) return (await import('./dicom/read.ts')).readDicomFiles([source], options);
  throw new VoxelgradError('format', {
    what: source.path,
    expected:
      'a name that ends in .nii, .nii.gz, .hdr, .img, .nrrd, .nhdr, .mha, .mhd, .dcm, .png, .bmp, .tif or .tiff',
    got: source.name,
  });
}
