/** `voxelgrad ensemble`: nnUNetv2_ensemble. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '@voxelgrad/io/node';
import { parsePlans } from '../plan/parse-plans.ts';
import { bratsDecision, bratsRules } from '../postprocess/brats.ts';
import type { ImageReader } from '../preprocess/preprocess-case.ts';
import { ensembleFolders } from '../select/node/ensemble.ts';
import { Progress } from '../terminal/progress.ts';
import { defineCommand } from './command.ts';
import { readDescription } from './data-set-labels.ts';
import { processesOption, progressOption } from './official-options.ts';

export const ensemble = defineCommand(
  {
    name: 'voxelgrad ensemble',
    options: {
      input: {
        type: 'list',
        short: 'i',
        many: true,
        required: true,
        help: 'Folders of predictions made with --save-probabilities, two or more; with --brats one is enough.',
      },
      output: { type: 'string', short: 'o', required: true, placeholder: 'folder', help: 'Where the result goes.' },
      datasetJson: {
        type: 'string',
        placeholder: 'file',
        aliases: ['-djfile'],
        help: 'dataset.json with the labels; looked for among the predictions.',
      },
      saveProbabilities: {
        type: 'boolean',
        aliases: ['--save_npz', '--npz'],
        help: 'Also write the averaged probabilities.',
      },
      brats: {
        type: 'choice',
        choices: Object.keys(bratsRules) as (keyof typeof bratsRules)[],
        help: 'Decide as NVIDIA did for BraTS of that year: small, unsure pieces of enhancing tumour become necrosis. Needs the regions of BraTS.',
      },
      processes: processesOption,
      progress: progressOption,
    },
    examples: [
      'voxelgrad ensemble -i predictions_2d predictions_3d_fullres -o ensemble',
      'voxelgrad ensemble -i predictions -o final --brats 2021',
    ],
  },
  async ({ options }, { signal, print, status }) => {
    const { labels, fileEnding, path } = await readDescription(options.datasetJson, options.input);
    const rules = options.brats === undefined ? undefined : bratsRules[options.brats];
    let bar: Progress | undefined;
    const names = await ensembleFolders({
      folders: options.input.map((folder) => [folder]),
      output: options.output,
      labels,
      fileEnding,
      reader: await readerOf(options.input),
      saveProbabilities: options.saveProbabilities,
      ...(rules === undefined ? {} : { decide: bratsDecision(rules) }),
      signal,
      onStart: (total) => {
        if (options.progress) bar = new Progress({ total, label: 'averaging', unit: 'case', stream: status });
      },
      onCase: (name) => bar?.advance(1, name),
    });
    bar?.finish();
    // Evaluation and postprocessing look for it beside predictions.
    await writeFileAtomic(join(options.output, 'dataset.json'), await readFile(path));
    print(`${names.length} segmentations in ${options.output}`);
  },
);

/** Who reads images by the plans that prediction left in one of the folders; without plans, one that takes them as they lie. */
async function readerOf(folders: readonly string[]): Promise<ImageReader> {
  const path = folders.map((folder) => join(folder, 'plans.json')).find((candidate) => existsSync(candidate));
  return path === undefined ? { image_reader_writer: 'SimpleITKIO' } : parsePlans(await readFile(path, 'utf8'), path);
}
