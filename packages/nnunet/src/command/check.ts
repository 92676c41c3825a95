/** `voxelgrad check`: is a data set fit for training? nnU-Net's verify_dataset_integrity. */
import { checkIntegrity, describeIntegrity, openDataSet } from '@voxelgrad/io';
import { openFolder } from '@voxelgrad/io/node';
import { VoxelgradError } from '@voxelgrad/tensor';
import { Progress } from '../terminal/progress.ts';
import { defineCommand } from './command.ts';
import { datasetFolder, rootFolder, rootOptions } from './folders.ts';
import { progressOption } from './official-options.ts';

export const check = defineCommand(
  {
    name: 'voxelgrad check',
    positionals: [
      {
        name: 'dataset',
        help: 'Number or name of a data set in nnUNet_raw, or a folder with a data set (nnU-Net, Decathlon, BraTS).',
      },
    ],
    options: {
      raw: rootOptions.raw,
      progress: progressOption,
    },
    examples: ['voxelgrad check 4', 'voxelgrad check ./BraTS2023'],
  },
  async ({ options, positionals }, context) => {
    const folder = await datasetFolder(positionals[0]!, () => rootFolder('raw', options, context));
    const dataset = await openDataSet(await openFolder(folder));
    const bar = options.progress
      ? new Progress({ total: dataset.cases.length, label: dataset.name, unit: 'case', stream: context.status })
      : undefined;
    const report = await checkIntegrity(dataset, {
      onCase: (name) => {
        bar?.advance(1, name);
        context.signal.throwIfAborted();
      },
    });
    bar?.finish();
    context.print(`${dataset.name}: ${describeIntegrity(report)}`);
    const [first] = report.problems;
    if (first !== undefined)
      throw new VoxelgradError('dataset', {
        what: dataset.name,
        expected: 'a data set without problems',
        got: `${report.problems.length}, listed above`,
        cause: first,
      });
  },
);
