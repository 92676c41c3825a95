/** The labels that a command works with: from a dataset.json, named or beside the files. */
import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type DatasetDescription, readDatasetJson } from '@voxelgrad/io';
import { openFile } from '@voxelgrad/io/node';
import { VoxelgradError } from '@voxelgrad/tensor';

export type LabelledFiles = DatasetDescription & {
  /** '.nii.gz'. */
  readonly fileEnding: string;
  /** The dataset.json that says so. */
  readonly path: string;
};

/** Reads `named`, or else the dataset.json that lies in one of `folders` or just above. Throws 'option' where there is none. */
export async function readDescription(named: string | undefined, folders: readonly string[]): Promise<LabelledFiles> {
  const beside = folders.flatMap((folder) => [join(folder, 'dataset.json'), join(dirname(folder), 'dataset.json')]);
  const path = named ?? beside.find((candidate) => existsSync(candidate));
  if (path === undefined)
    throw new VoxelgradError('option', {
      what: 'which labels there are',
      expected: `--dataset-json, or one of ${beside.join(', ')}`,
      got: 'none',
      help: 'Name the dataset.json of the data set: --dataset-json FILE.',
    });
  const description = await readDatasetJson(await openFile(path));
  return { ...description, fileEnding: description.fileEnding ?? '.nii.gz', path };
}
