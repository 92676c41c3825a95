/** `voxelgrad convert`: nnUNetv2_convert_MSD_dataset, and the same for the other layouts that voxelgrad opens. */
import { basename, join, resolve } from 'node:path';
import { openDataSet } from '@voxelgrad/io';
import { openFolder, writeNnunetRaw } from '@voxelgrad/io/node';
import { isVoxelgradError, VoxelgradError } from '@voxelgrad/tensor';
import { defineCommand } from './command.ts';
import { rootFolder, rootOptions } from './folders.ts';
import { defaultThreads, reportCases } from './planning-options.ts';

export const convert = defineCommand(
  {
    name: 'voxelgrad convert',
    summary: "Converts a Decathlon or BraTS data set to nnU-Net's layout.",
    options: {
      input: {
        type: 'string',
        short: 'i',
        required: true,
        placeholder: 'folder',
        help: 'Folder of a Decathlon task (Task04_Hippocampus) or of BraTS cases.',
      },
      id: {
        type: 'integer',
        minimum: 1,
        maximum: 999,
        aliases: ['-overwrite_id'],
        help: 'Number of the data set; by default that of the Decathlon task.',
      },
      name: { type: 'string', help: "Name of the data set; by default the folder's, without the task's number." },
      processes: {
        type: 'integer',
        minimum: 1,
        default: defaultThreads,
        aliases: ['-np'],
        help: 'Cases that are converted at once.',
      },
      raw: rootOptions.raw,
      progress: { type: 'boolean', default: true, negations: ['--no_pbar'], help: 'Show progress.' },
      verbose: { type: 'boolean', help: 'Print a line for each case.' },
    },
    examples: ['voxelgrad convert -i Task04_Hippocampus', 'voxelgrad convert -i ./BraTS2021 --id 137 --name BraTS21'],
  },
  async ({ options }, context) => {
    const folder = await openFolder(options.input);
    const dataSet = await openDataSet(folder);
    const [, task, taskName] = /^Task(\d+)_(.+)$/.exec(basename(resolve(options.input))) ?? [];
    const id = options.id ?? (task === undefined ? undefined : Number(task));
    if (id === undefined)
      throw new VoxelgradError('option', {
        what: 'voxelgrad convert: --id is missing',
        help: 'Only folders of the Decathlon have their number in their name: give the data set one with --id.',
      });
    const name = options.name ?? taskName ?? basename(resolve(options.input)).replace(/\W+/g, '_');
    const target = join(rootFolder('raw', options, context), `Dataset${String(id).padStart(3, '0')}_${name}`);
    const test = dataSet.layout === 'msd' ? await openTest(options.input) : undefined;
    const total = dataSet.cases.length + (test?.cases.length ?? 0);
    const report = reportCases(basename(target), total, options, context);
    const onCase = (entry: string): void => {
      report.advance(entry);
      context.signal.throwIfAborted();
    };
    if (test !== undefined) await writeNnunetRaw(test, target, { split: 'test', atOnce: options.processes, onCase });
    await writeNnunetRaw(dataSet, target, { atOnce: options.processes, onCase });
    report.finish();
    context.print(target);
  },
);

/** The cases to be predicted, where there are any. */
async function openTest(input: string) {
  try {
    return await openDataSet(await openFolder(input), { split: 'test' });
  } catch (error) {
    if (isVoxelgradError(error, 'dataset')) return undefined;
    throw error;
  }
}
