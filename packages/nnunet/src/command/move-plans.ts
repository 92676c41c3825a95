/** `voxelgrad move-plans-between-datasets`: nnUNetv2_move_plans_between_datasets. */
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readDatasetJson } from '@voxelgrad/io';
import { openFile, writeFileAtomic } from '@voxelgrad/io/node';
import { VoxelgradError } from '@voxelgrad/tensor';
import { openPreprocessed } from '../experiment/node/preprocessed.ts';
import { fingerprintFile } from '../fingerprint/fingerprint.ts';
import { plansForDataset } from '../plan/move-plans.ts';
import { formatPlans } from '../plan/plans.ts';
import { defineCommand } from './command.ts';
import { datasetFolder, datasetName, rootFolder, rootOptions } from './folders.ts';

export const movePlans = defineCommand(
  {
    name: 'voxelgrad move-plans-between-datasets',
    options: {
      source: { type: 'string', short: 's', required: true, help: 'Number or name of the data set with the plans.' },
      target: { type: 'string', short: 't', required: true, help: 'Number or name of the data set that gets them.' },
      sourcePlans: {
        type: 'string',
        aliases: ['-sp'],
        required: true,
        placeholder: 'name',
        help: 'Name of the plans: nnUNetPlans.',
      },
      targetPlans: {
        type: 'string',
        aliases: ['-tp'],
        placeholder: 'name',
        help: 'Their name in the other data set; the same unless told, which is refused where it has plans of that name.',
      },
      overwrite: { type: 'boolean', help: 'Replace plans of that name.' },
      raw: rootOptions.raw,
      preprocessed: rootOptions.preprocessed,
    },
    examples: ['voxelgrad move-plans-between-datasets -s 4 -t 7 -sp nnUNetPlans -tp nnUNetPlansFrom4'],
  },
  async ({ options }, context) => {
    const [raw, preprocessed] = [rootFolder('raw', options, context), rootFolder('preprocessed', options, context)];
    const { plans } = await openPreprocessed(
      await datasetFolder(options.source, () => preprocessed),
      options.sourcePlans,
    );
    const name = await datasetName(options.target, [raw]);
    const datasetJson = join(raw, name, 'dataset.json');
    const plansName = options.targetPlans ?? options.sourcePlans;
    const folder = join(preprocessed, name);
    const path = join(folder, `${plansName}.json`);
    if (existsSync(path) && !options.overwrite)
      throw new VoxelgradError('file', {
        what: path,
        expected: 'no plans of that name',
        got: 'some',
        help: 'Give the plans another name with -tp, or pass --overwrite.',
      });
    const description = await readDatasetJson(await openFile(datasetJson));
    const moved = plansForDataset(plans, { datasetName: name, plansName, description });
    await mkdir(folder, { recursive: true });
    await writeFileAtomic(join(folder, 'dataset.json'), await readFile(datasetJson));
    await writeFileAtomic(path, formatPlans(moved));
    context.print(path);
    const words = existsSync(join(folder, fingerprintFile)) ? [] : [`voxelgrad fingerprint -d ${name}`];
    context.print(`next: ${[...words, `voxelgrad preprocess -d ${name} -p ${plansName}`].join(', then ')}`);
  },
);
