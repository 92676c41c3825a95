/** Looking up what was trained of a data set, to say what there is where something else was asked for. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { VoxelgradError } from '@voxelgrad/tensor';
import { type ModelName, modelFolderName } from '../model-name.ts';

/** The folder of a model below `…/nnUNet_results/Dataset004_Hippocampus`. Throws 'dataset', which names those that are there. */
export async function trainedModelFolder(resultsFolder: string, model: ModelName): Promise<string> {
  const folder = join(resultsFolder, modelFolderName(model));
  if (existsSync(folder)) return folder;
  const trained = (existsSync(resultsFolder) ? await readdir(resultsFolder) : [])
    .filter((name) => name.split('__').length === 3 && !name.startsWith('ensemble___'))
    .sort();
  throw new VoxelgradError('dataset', {
    what: folder,
    expected: 'a trained model',
    got: 'no such folder',
    help:
      trained.length === 0
        ? 'Nothing of this data set is trained: voxelgrad train.'
        : `Trained are ${trained.join(', ')}: name trainer, plans and configuration by -tr, -p and -c.`,
  });
}
