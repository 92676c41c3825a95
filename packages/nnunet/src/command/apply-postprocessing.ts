/** `voxelgrad apply-postprocessing`: nnUNetv2_apply_postprocessing. */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { VoxelgradError } from '@voxelgrad/tensor';
import { applyToFiles, readSteps } from '../postprocess/node/folders.ts';
import { Progress } from '../terminal/progress.ts';
import { defineCommand } from './command.ts';
import { readDescription } from './data-set-labels.ts';
import { plansFileOption, processesOption, progressOption } from './official-options.ts';

export const applyPostprocessing = defineCommand(
  {
    name: 'voxelgrad apply-postprocessing',
    options: {
      input: { type: 'string', short: 'i', required: true, placeholder: 'folder', help: 'Predictions.' },
      output: {
        type: 'string',
        short: 'o',
        required: true,
        placeholder: 'folder',
        help: 'Where the results go, under the same names.',
      },
      steps: {
        type: 'string',
        required: true,
        aliases: ['-pp_pkl_file'],
        placeholder: 'file',
        help: 'The postprocessing.json or .pkl of the cross-validation.',
      },
      datasetJson: {
        type: 'string',
        placeholder: 'file',
        aliases: ['-dataset_json', '-djfile'],
        help: 'dataset.json that tells what names of predictions end in; looked for beside them.',
      },
      fileEnding: {
        type: 'string',
        help: 'What names of predictions end in; as the dataset.json says, or .nii.gz, unless told.',
      },
      plansJson: { ...plansFileOption, aliases: ['-plans_json'] },
      processes: processesOption,
      progress: progressOption,
    },
    examples: ['voxelgrad apply-postprocessing -i predictions -o final --steps crossval/postprocessing.json'],
  },
  async ({ options }, { signal, print, status }) => {
    const steps = await readSteps(options.steps);
    const fileEnding = options.fileEnding ?? (await fileEndingOf(options.datasetJson, options.input));
    const names = (await readdir(options.input)).filter((name) => name.endsWith(fileEnding)).sort();
    if (names.length === 0)
      throw new VoxelgradError('dataset', {
        what: options.input,
        expected: `files that end in ${fileEnding}`,
        got: 'none',
      });
    const bar = options.progress
      ? new Progress({ total: names.length, label: 'postprocessing', unit: 'case', stream: status })
      : undefined;
    await applyToFiles(
      names.map((name) => join(options.input, name)),
      options.output,
      steps,
      { signal, onCase: (file) => bar?.advance(1, basename(file)) },
    );
    bar?.finish();
    print(`${names.length} segmentations in ${options.output}`);
  },
);

async function fileEndingOf(datasetJson: string | undefined, folder: string): Promise<string> {
  const beside = join(folder, 'dataset.json');
  const path = datasetJson ?? (existsSync(beside) ? beside : undefined);
  return path === undefined ? '.nii.gz' : (await readDescription(path, [])).fileEnding;
}
