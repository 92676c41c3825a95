/** Opens a folder as a data set, whichever of the known layouts it has. */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { Folder } from '../source.ts';
import { openBrats } from './brats.ts';
import type { DataSet } from './dataset.ts';
import { openListed, type Split } from './listed.ts';
import { openBrats2013, openByPattern, type PatternOptions } from './pattern.ts';

export interface OpenOptions extends Partial<PatternOptions> {
  /** Which images of an nnU-Net or Decathlon folder: imagesTr (the default) or imagesTs. */
  readonly split?: Split;
}

/**
 * Recognises, in this order: patterns that were given, dataset.json (nnU-Net, Decathlon), BraTS folders, BraTS 2013 folders.
 * Only names are read, and as many segmentations as it takes to tell which values BraTS labels have. Throws 'dataset'.
 */
export async function openDataSet(root: Folder, options: OpenOptions = {}): Promise<DataSet> {
  const { channels, split = 'training', ...rest } = options;
  if (channels !== undefined) return openByPattern(root, { channels, ...rest });
  const json = await root.file('dataset.json');
  if (json !== undefined) return openListed(root, json, split);
  const found = (await openBrats(root)) ?? (await openBrats2013(root));
  if (found !== undefined) return found;
  throw new VoxelgradError('dataset', {
    what: `no data set in ${root.path}`,
    expected:
      'dataset.json (nnU-Net, Medical Segmentation Decathlon) or BraTS case folders (…-t1n.nii.gz, …_t1.nii.gz)',
    help: "check the path, or name the files by patterns, as in channels: { Flair: 'Flair*.nii*' }, label: 'seg*'",
  });
}
