/**
 * Trains on a folder in nnU-Net's raw layout (imagesTr, labelsTr, dataset.json) with the light plan for the hippocampus, on one fold of the official
 * five-fold split, and scores the cases of the other part.
 *
 *   npx -y pnpm@10.34.9 example:hippocampus --data Dataset004_Hippocampus
 */
import { openDataSet } from '@voxelgrad/io';
import { openFolder } from '@voxelgrad/io/node';
import { crossValidationSplits } from '@voxelgrad/nnunet';
import { type CommandSpec, parseOptions, runCommand } from '@voxelgrad/nnunet/node';
import { VoxelgradError } from '@voxelgrad/tensor';
import { parseSize, startStudy, studyOptions } from '../study/options.ts';

const command = {
  name: 'pnpm example:hippocampus',
  summary: "Trains a 3-D U-Net on a data set in nnU-Net's raw layout and scores one fold of its five-fold split.",
  options: {
    data: { type: 'string', placeholder: 'folder', required: true, help: 'A folder such as Dataset004_Hippocampus.' },
    epochs: { type: 'integer', minimum: 1, default: 12, help: 'Epochs to train.' },
    ...studyOptions,
    patch: { type: 'string', default: '40x56x40', help: 'Patch, depth x height x width in voxels.' },
    fold: { type: 'integer', minimum: 0, maximum: 4, default: 0, help: 'Which fifth of the cases is held out.' },
    out: { type: 'string', placeholder: 'folder', default: 'out/hippocampus', help: 'Where everything is written.' },
  },
  examples: ['pnpm example:hippocampus --data Dataset004_Hippocampus --epochs 20 --seed 2'],
} as const satisfies CommandSpec;

await runCommand(async (signal) => {
  const { options } = parseOptions(command, process.argv.slice(2));
  const dataSet = await openDataSet(await openFolder(options.data));
  if (dataSet.labels === undefined || dataSet.cases.length < 5)
    throw new VoxelgradError('dataset', {
      what: `data set ${dataSet.name}`,
      expected: 'labels and at least five cases',
      got: `${dataSet.cases.length} cases${dataSet.labels === undefined ? ' without labels' : ''}`,
    });
  const { train, val } = crossValidationSplits(dataSet.cases.map(({ name }) => name))[options.fold]!;
  const named = (names: readonly string[]) => dataSet.cases.filter(({ name }) => names.includes(name));
  await startStudy(
    {
      title: `${dataSet.name}, fold ${options.fold}`,
      command: ['pnpm example:hippocampus', ...process.argv.slice(2).filter((word) => word !== '--resume')].join(' '),
      dataSet,
      training: named(train),
      heldOut: named(val),
      features: [16, 32, 64, 128],
      patch: parseSize(options.patch, '--patch'),
      validationIterations: 10,
      mirrorAxes: [0, 1, 2],
    },
    options,
    signal,
  );
});
