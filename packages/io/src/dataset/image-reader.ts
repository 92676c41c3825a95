/**
 * The name of nnU-Net's class that reads a data set's images (imageio/reader_writer_registry.py): plans.json states it. It is the one that dataset.json
 * asks for, or the first that takes the files' ending and can read them.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { DatasetDescription } from './dataset-json.ts';

const readersByEnding: readonly (readonly [RegExp, string])[] = [
  [/\.(png|bmp|tif)$/i, 'NaturalImage2DIO'],
  [/\.(nii\.gz|nrrd|mha|gipl)$/i, 'SimpleITKIO'],
  [/\.tiff$/i, 'Tiff3DIO'],
  [/\.nii$/i, 'NibabelIO'],
];

/** `shapes`: [z, y, x] of cases, where they are known. Throws 'dataset' for files that no reader of nnU-Net takes. */
export function imageReaderOf(
  { imageReader, fileEnding = '.nii.gz' }: DatasetDescription,
  shapes: readonly (readonly number[])[] = [],
): string {
  if (imageReader !== undefined) return imageReader;
  // Of two readers that take .tif, the first fails on stacks.
  if (/\.tif$/i.test(fileEnding) && shapes.some(([slices]) => slices !== 1)) return 'Tiff3DIO';
  const found = readersByEnding.find(([ending]) => ending.test(fileEnding));
  if (found !== undefined) return found[1];
  throw new VoxelgradError('dataset', {
    what: 'file_ending of dataset.json',
    expected: '.nii.gz, .nii, .nrrd, .mha, .gipl, .png, .bmp, .tif or .tiff',
    got: fileEnding,
  });
}
