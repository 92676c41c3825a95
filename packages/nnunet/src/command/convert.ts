/** `voxelgrad convert`: nnUNetv2_convert_MSD_dataset, and the same for the other layouts that voxelgrad opens, or that patterns describe. */
import { basename, join, resolve } from 'node:path';
import {
  assertIntegrity,
  checkIntegrity,
  type DataSet,
  describeIntegrity,
  openDataSet,
  type PatternOptions,
  renumbered,
} from '@voxelgrad/io';
import { openFolder, writeNnunetRaw } from '@voxelgrad/io/node';
import { isVoxelgradError, VoxelgradError } from '@voxelgrad/tensor';
import { type CommandContext, defineCommand } from './command.ts';
import { rootFolder, rootOptions } from './folders.ts';
import { checkOption, defaultThreads, reportCases } from './planning-options.ts';

export const convert = defineCommand(
  {
    name: 'voxelgrad convert',
    options: {
      input: {
        type: 'string',
        short: 'i',
        required: true,
        placeholder: 'folder',
        help: 'Folder of a Decathlon task (Task04_Hippocampus), of BraTS cases, or of what --images and --labels describe.',
      },
      id: {
        type: 'integer',
        minimum: 1,
        maximum: 999,
        aliases: ['-overwrite_id'],
        help: 'Number of the data set; by default that of the Decathlon task.',
      },
      name: { type: 'string', help: "Name of the data set; by default the folder's, without the task's number." },
      images: {
        type: 'list',
        many: true,
        placeholder: 'channel=pattern',
        help: "Where the images of each channel are in the folder, as in T1w='sub-*/anat/*_T1w.nii.gz': the first folder with a * is the case; or {case} stands where its name does.",
      },
      labels: { type: 'string', placeholder: 'pattern', help: 'Where the segmentations are, in the same way.' },
      classes: {
        type: 'list',
        many: true,
        placeholder: 'name=value',
        help: 'What their values mean, as in lesion=1 oedema=2; 0 is the background.',
      },
      processes: {
        type: 'integer',
        minimum: 1,
        default: defaultThreads,
        aliases: ['-np'],
        help: 'Cases that are converted at once.',
      },
      raw: rootOptions.raw,
      ...checkOption,
      progress: { type: 'boolean', default: true, negations: ['--no_pbar'], help: 'Show progress.' },
      verbose: { type: 'boolean', help: 'Print a line for each case.' },
    },
    examples: [
      'voxelgrad convert -i Task04_Hippocampus',
      'voxelgrad convert -i ./BraTS2021 --id 137 --name BraTS21',
      "voxelgrad convert -i ./bids --id 9 --images T1w='sub-*/anat/*_T1w.nii.gz' --labels 'derivatives/labels/sub-*/anat/*_dseg.nii.gz' --classes lesion=1",
    ],
  },
  async ({ options }, context) => {
    const folder = await openFolder(options.input);
    const opened = await openDataSet(folder, patternsOf(options));
    const [, task, taskName] = /^Task(\d+)_(.+)$/.exec(basename(resolve(options.input))) ?? [];
    const id = options.id ?? (task === undefined ? undefined : Number(task));
    if (id === undefined)
      throw new VoxelgradError('option', {
        what: 'voxelgrad convert: --id is missing',
        help: 'Only folders of the Decathlon have their number in their name: give the data set one with --id.',
      });
    const name = options.name ?? taskName ?? basename(resolve(options.input)).replace(/\W+/g, '_');
    const target = join(rootFolder('raw', options, context), `Dataset${String(id).padStart(3, '0')}_${name}`);
    const { training: dataSet, test } = await splitUp(opened, options.input, name);
    if (test !== undefined && opened.layout !== 'msd')
      context.status.write(
        `without a segmentation, to imagesTs: ${test.cases.length} of ${opened.cases.length} cases\n`,
      );
    tellNumbers(dataSet, context);
    const total = dataSet.cases.length + (test?.cases.length ?? 0);
    if (options.verifyDatasetIntegrity && dataSet.cases.length > 0) await verify(dataSet, context);
    const report = reportCases(basename(target), total, options, context);
    const onCase = (entry: string): void => {
      report.advance(entry);
      context.signal.throwIfAborted();
    };
    if (test !== undefined) await writeNnunetRaw(test, target, { split: 'test', atOnce: options.processes, onCase });
    if (dataSet.cases.length > 0) await writeNnunetRaw(dataSet, target, { atOnce: options.processes, onCase });
    report.finish();
    context.print(target);
  },
);

/** Whoever compares predictions with the original segmentations must know. */
function tellNumbers(dataSet: DataSet, context: CommandContext): void {
  const moved = [...(renumbered(dataSet)?.values ?? [])].filter(([from, to]) => from !== to);
  if (moved.length === 0) return;
  const changes = moved.map(([from, to]) => `${from} → ${to}`).join(', ');
  context.status.write(`labels are numbered as nnU-Net has them: ${changes}\n`);
}

/** Cases to train on, and those to be predicted, where there are any: the Decathlon lists them, elsewhere they are those without a segmentation. */
async function splitUp(opened: DataSet, input: string, name: string): Promise<{ training: DataSet; test?: DataSet }> {
  if (opened.layout === 'msd') {
    const test = await openTest(input);
    return { training: opened, ...(test === undefined ? {} : { test }) };
  }
  const named = { ...opened, name };
  const cases = opened.cases.filter(({ label }) => label !== undefined);
  const others = opened.cases.filter(({ label }) => label === undefined);
  return { training: { ...named, cases }, ...(others.length === 0 ? {} : { test: { ...named, cases: others } }) };
}

async function openTest(input: string) {
  try {
    return await openDataSet(await openFolder(input), { split: 'test' });
  } catch (error) {
    if (isVoxelgradError(error, 'dataset')) return undefined;
    throw error;
  }
}

/** What --images, --labels and --classes say; nothing where the folder's layout is to be recognised. */
function patternsOf({
  images,
  labels,
  classes,
}: {
  readonly images: readonly string[] | undefined;
  readonly labels: string | undefined;
  readonly classes: readonly string[] | undefined;
}): Partial<PatternOptions> {
  if (images === undefined && labels === undefined && classes === undefined) return {};
  if (images === undefined || labels === undefined || classes === undefined)
    throw new VoxelgradError('option', {
      what: 'voxelgrad convert',
      expected: '--images, --labels and --classes together',
      help: 'to train, a data set needs images, segmentations, and what the values of those mean.',
    });
  return {
    channels: Object.fromEntries(images.map((text) => pair(text, '--images'))),
    label: labels,
    labels: {
      background: 0,
      ...Object.fromEntries(
        classes.map((text) => pair(text, '--classes')).map(([name, value]) => [name, whole(value)]),
      ),
    },
  };
}

function pair(text: string, option: string): [string, string] {
  const [, name, value] = /^([^=]+)=(.+)$/.exec(text) ?? [];
  if (name === undefined || value === undefined)
    throw new VoxelgradError('option', { what: `voxelgrad convert: ${option}`, expected: 'NAME=…', got: text });
  return [name, value];
}

function whole(text: string): number {
  if (/^[1-9]\d{0,4}$/.test(text)) return Number(text);
  throw new VoxelgradError('option', {
    what: 'voxelgrad convert: --classes',
    expected: 'a whole number of at least 1',
    got: text,
  });
}

async function verify(dataSet: DataSet, context: CommandContext): Promise<void> {
  const report = await checkIntegrity(dataSet, { onCase: () => context.signal.throwIfAborted() });
  context.print(`${dataSet.name}: ${describeIntegrity(report)}`);
  assertIntegrity(report);
}
