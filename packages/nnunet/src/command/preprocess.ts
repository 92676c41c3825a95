/** `voxelgrad preprocess`: nnUNetv2_preprocess. */
import { existsSync } from 'node:fs';
import { mkdir, readFile, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { type DataSet, readDatasetJson } from '@voxelgrad/io/datasets';
import { openFile, sidecarOf, writeFileAtomic } from '@voxelgrad/io/node/disk';
import { type Device, VoxelgradError } from '@voxelgrad/tensor';
import { defaultPlans } from '../experiment/model-name.ts';
import { openPreprocessed } from '../experiment/node/preprocessed.ts';
import { configurationOf } from '../plan/parse-plans.ts';
import type { Plans } from '../plan/plans.ts';
import { preprocessDataSet } from '../preprocess/node/preprocess-data-set.ts';
import { type CommandContext, defineCommand } from './command.ts';
import {
  dataSetOptions,
  defaultThreads,
  type FoundDataSet,
  findDataSets,
  openRaw,
  reportCases,
  threadsFor,
} from './planning-options.ts';

export interface PreprocessOptions {
  readonly configurations: readonly string[];
  readonly processes: readonly string[];
  readonly device: 'cpu' | 'webgpu';
  readonly clean: boolean;
  readonly progress: boolean;
  readonly verbose: boolean;
}

export const preprocessOptions = {
  configurations: {
    type: 'list',
    short: 'c',
    many: true,
    default: ['2d', '3d_fullres', '3d_lowres'],
    help: 'Configurations of the plans; those that the plans have not are left out.',
  },
  processes: {
    type: 'list',
    many: true,
    placeholder: 'number',
    default: [String(defaultThreads)],
    aliases: ['-np'],
    help: 'Threads, each for one case at a time: one number, or one for each configuration. --device webgpu has one.',
  },
  device: {
    type: 'choice',
    choices: ['cpu', 'webgpu'],
    default: 'cpu',
    help: 'Where images and segmentations are resampled.',
  },
} as const;

export const preprocess = defineCommand(
  {
    name: 'voxelgrad preprocess',
    options: {
      ...dataSetOptions,
      plans: {
        type: 'string',
        short: 'p',
        aliases: ['-plans_name'],
        default: defaultPlans,
        help: 'Name of the plans.',
      },
      ...preprocessOptions,
      clean: { type: 'boolean', help: 'Make cases again that are there already.' },
    },
    examples: ['voxelgrad preprocess -d 4 -c 3d_fullres', 'voxelgrad preprocess -d 4 -p nnUNetResEncUNetLPlans -np 8'],
  },
  async ({ options }, context) => {
    for (const found of await findDataSets(options, context)) {
      const { plans } = await openPreprocessed(found.preprocessedFolder, options.plans);
      await makePreprocessed(found, plans, options, context);
    }
  },
);

/** Preprocesses the configurations asked for that the plans have. */
export async function makePreprocessed(
  found: FoundDataSet,
  plans: Plans,
  options: PreprocessOptions,
  context: CommandContext,
): Promise<void> {
  const has = (configuration: string): boolean => Object.hasOwn(plans.configurations, configuration);
  if (!options.configurations.some(has))
    throw new VoxelgradError('option', {
      what: `configurations of ${plans.plans_name}`,
      expected: Object.keys(plans.configurations).join(', '),
      got: options.configurations.join(', '),
    });
  const dataSet = await openRaw(found);
  const { labels } = await readDatasetJson(await openFile(join(found.rawFolder, 'dataset.json')));
  const copied = copyLabels(dataSet, join(found.preprocessedFolder, 'gt_segmentations'));
  // It goes on beside the work, and its errors are told at the end.
  copied.catch(() => undefined);
  let opened: Promise<Device> | undefined;
  const device = (): Promise<Device> => (opened ??= openNamed(options.device));
  try {
    const threads = threadsFor(options.processes, options.configurations.length);
    for (const [i, configuration] of options.configurations.entries()) {
      if (!has(configuration)) {
        context.print(`${plans.plans_name} has no configuration ${configuration}`);
        continue;
      }
      const target = join(found.preprocessedFolder, configurationOf(plans, configuration).data_identifier);
      const bar = reportCases(`${found.name}: ${configuration}`, dataSet.cases.length, options, context);
      let there = 0;
      await mkdir(target, { recursive: true });
      await preprocessDataSet(dataSet, {
        plans,
        configuration,
        labels,
        folder: found.rawFolder,
        target,
        on: options.device === 'webgpu' || threads[i] === 1 ? { device } : { threads: threads[i]! },
        again: options.clean,
        signal: context.signal,
        onCase: (name, wasThere) => {
          if (wasThere) there++;
          bar.advance(name);
        },
      });
      bar.finish();
      context.print(there === 0 ? target : `${target} (${there} cases were there already)`);
    }
    await copied;
  } finally {
    await (await opened)?.close();
  }
}

/** Loaded when it is needed: in the workers' stead, for images that must be resampled. */
async function openNamed(name: PreprocessOptions['device']): Promise<Device> {
  const { openDevice } = await import('@voxelgrad/tensor/node');
  return openDevice(name);
}

/** Segmentations as they are in the files, for evaluation. */
async function copyLabels({ cases, fileEnding }: DataSet, folder: string): Promise<void> {
  await mkdir(folder, { recursive: true });
  for (const { name, label } of cases) {
    if (label === undefined || label.channel !== undefined) continue;
    const copy = join(folder, `${name}${fileEnding}`);
    await copyChanged(label.file.path, copy);
    const sidecar = sidecarOf(label.file.path);
    if (sidecar !== undefined && existsSync(sidecar)) await copyChanged(sidecar, sidecarOf(copy)!);
  }
}

/** Copies a file that is missing there, or whose original is of another size or time. */
async function copyChanged(from: string, to: string): Promise<void> {
  const original = await stat(from);
  const there = await stat(to).catch(() => undefined);
  // Times are set in milliseconds, and come back rounded.
  if (there?.size === original.size && Math.abs(there.mtimeMs - original.mtimeMs) < 2) return;
  await writeFileAtomic(to, await readFile(from));
  await utimes(to, original.atime, original.mtime);
}
