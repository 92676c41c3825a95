/** Options that the commands from fingerprint to preprocessing share, with nnU-Net's spellings. */
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { type DataSet, openDataSet } from '@voxelgrad/io/datasets';
import { openFolder } from '@voxelgrad/io/node/disk';
import { VoxelgradError } from '@voxelgrad/tensor';
import { defaultPreprocessor } from '../plan/configuration.ts';
import type { PlannerOptions } from '../plan/planner.ts';
import { type NvidiaNetwork, type PlannerName, plannerPresets } from '../plan/presets.ts';
import type { OptionSpecs, OptionValues } from '../terminal/option-spec.ts';
import { Progress } from '../terminal/progress.ts';
import type { CommandContext } from './command.ts';
import { datasetName, rootFolder, rootOptions } from './folders.ts';

export const dataSetOptions = {
  datasets: {
    type: 'list',
    short: 'd',
    many: true,
    required: true,
    placeholder: 'number or name',
    help: 'Data sets in nnUNet_raw: 4, or Dataset004_Hippocampus.',
  },
  raw: rootOptions.raw,
  preprocessed: rootOptions.preprocessed,
  progress: { type: 'boolean', default: true, negations: ['--no_pbar'], help: 'Show progress.' },
  verbose: { type: 'boolean', help: 'Print a line for each case.' },
} as const satisfies OptionSpecs;

export const checkOption = {
  verifyDatasetIntegrity: {
    type: 'boolean',
    aliases: ['--verify_dataset_integrity'],
    help: 'Check first that images and labels fit together.',
  },
} as const satisfies OptionSpecs;

export const plannerOptions = {
  planner: {
    type: 'choice',
    choices: Object.keys(plannerPresets) as PlannerName[],
    aliases: ['-pl'],
    default: 'ExperimentPlanner',
    help: "Which network to plan: nnU-Net's own, one with a residual encoder (M, L, XL; recommended: nnUNetPlannerResEncL), or NVIDIA's.",
  },
  depth: { type: 'integer', minimum: 1, help: "Of NVIDIA's networks: most poolings; 5, for BraTS 6." },
  minFmap: {
    type: 'integer',
    minimum: 1,
    aliases: ['--min_fmap'],
    help: "Of NVIDIA's networks: least extent of a feature map; 4, for BraTS 2.",
  },
  filters: {
    type: 'list',
    many: true,
    placeholder: 'numbers',
    help: "Of NVIDIA's networks: features of each stage; from 32 on doubled, for BraTS from 64 to 512.",
  },
  patchSize: {
    type: 'list',
    many: true,
    placeholder: 'z y x',
    help: "Of NVIDIA's 3-D networks: the patch in voxels; by default the one that nnU-Net plans, for BraTS 128 128 128.",
  },
  foregroundMask: {
    type: 'boolean',
    aliases: ['--ohe'],
    help: "Of NVIDIA's networks: one more input channel, 1 where something was imaged; for BraTS always.",
  },
  gpuMemoryTarget: {
    type: 'number',
    aliases: ['-gpu_memory_target'],
    placeholder: 'GB',
    help: 'Memory to plan for in GB, as nnU-Net counts it; by default that of the planner.',
  },
  fitMemory: {
    type: 'string',
    placeholder: 'GB|auto',
    help: 'Plan instead for what training takes in voxelgrad, counted to the byte: so many GB, or auto for what the device of this machine gives.',
  },
  amp: { type: 'boolean', help: 'With --fit-memory: training will be in mixed precision.' },
  preprocessorName: {
    type: 'string',
    aliases: ['-preprocessor_name'],
    default: defaultPreprocessor,
    help: 'Name of the preprocessor in the plans. Only nnU-Net itself has others.',
  },
  overwriteTargetSpacing: {
    type: 'list',
    aliases: ['-overwrite_target_spacing'],
    many: true,
    placeholder: 'z y x',
    help: 'Spacing in mm to resample to, instead of the one that the fingerprint suggests.',
  },
  overwritePlansName: {
    type: 'string',
    aliases: ['-overwrite_plans_name'],
    placeholder: 'name',
    help: 'Name of the plans; needed where another spacing or memory target is planned for.',
  },
} as const satisfies OptionSpecs;

export interface FoundDataSet {
  /** Dataset004_Hippocampus. */
  readonly name: string;
  readonly rawFolder: string;
  readonly preprocessedFolder: string;
}

/** Where each of the data sets is and where what is made of it goes. */
export async function findDataSets(
  options: Pick<OptionValues<typeof dataSetOptions>, 'datasets' | 'raw' | 'preprocessed'>,
  context: CommandContext,
): Promise<FoundDataSet[]> {
  const [raw, preprocessed] = [rootFolder('raw', options, context), rootFolder('preprocessed', options, context)];
  const names = await Promise.all(options.datasets.map((identifier) => datasetName(identifier, [raw])));
  return names.map((name) => ({ name, rawFolder: join(raw, name), preprocessedFolder: join(preprocessed, name) }));
}

export const openRaw = async ({ rawFolder }: FoundDataSet): Promise<DataSet> =>
  openDataSet(await openFolder(rawFolder));

export interface CaseReport {
  advance(name: string): void;
  finish(): void;
}

/** Shows how far a command is with the cases of a data set, as it was asked to. */
export function reportCases(
  label: string,
  total: number,
  { progress, verbose }: { readonly progress: boolean; readonly verbose: boolean },
  { status }: CommandContext,
): CaseReport {
  const bar = progress ? new Progress({ total, label, unit: 'case', stream: status }) : undefined;
  return {
    advance(name) {
      bar?.advance(1, name);
      if (!verbose) return;
      if (bar === undefined) status.write(`${name}\n`);
      else bar.log(name);
    },
    finish: () => bar?.finish(),
  };
}

/** Threads of the i-th of several configurations: one number for all, or one for each. Throws 'option'. */
export function threadsFor(processes: readonly string[], configurations: number): number[] {
  const threads = processes.map((text) => positive(text, '--processes'));
  if (!threads.every(Number.isInteger) || (threads.length !== 1 && threads.length !== configurations))
    throw new VoxelgradError('option', {
      what: '--processes',
      expected: `a whole number, or one for each of ${configurations} configurations`,
      got: processes.join(' '),
    });
  return Array.from({ length: configurations }, (_, i) => threads[i] ?? threads[0]!);
}

export const defaultThreads = availableParallelism();

export function plannerOptionsOf(options: OptionValues<typeof plannerOptions>): PlannerOptions {
  const { gpuMemoryTarget: memory, overwriteTargetSpacing: spacing, overwritePlansName: plansName } = options;
  if (memory !== undefined) positive(String(memory), '--gpu-memory-target');
  return {
    planner: options.planner,
    preprocessorName: options.preprocessorName,
    ...(memory === undefined ? {} : { memory }),
    ...(spacing === undefined
      ? {}
      : { targetSpacing: spacing.map((value) => positive(value, '--overwrite-target-spacing')) }),
    ...(plansName === undefined ? {} : { plansName }),
    ...networkOf(options),
  };
}

/** What was asked of NVIDIA's networks, if anything was. */
function networkOf(options: OptionValues<typeof plannerOptions>): Pick<PlannerOptions, 'network'> {
  const { depth, minFmap, filters, patchSize, foregroundMask } = options;
  const network: NvidiaNetwork = {
    ...(depth === undefined ? {} : { depth }),
    ...(minFmap === undefined ? {} : { smallestFeatureMap: minFmap }),
    ...(filters === undefined ? {} : { features: counts(filters, '--filters') }),
    ...(patchSize === undefined ? {} : { patch: counts(patchSize, '--patch-size', 3) }),
    ...(foregroundMask ? { foregroundMask: true } : {}),
  };
  return Object.keys(network).length === 0 ? {} : { network };
}

function counts(texts: readonly string[], flag: string, length = texts.length): number[] {
  const values = texts.map((text) => positive(text, flag));
  if (values.length !== length || !values.every(Number.isInteger))
    throw new VoxelgradError('option', { what: flag, expected: `${length} whole numbers`, got: texts.join(' ') });
  return values;
}

/** A number above 0, or the error 'option'. */
export function positive(text: string, flag: string): number {
  const value = Number(text);
  if (text !== '' && Number.isFinite(value) && value > 0) return value;
  throw new VoxelgradError('option', { what: flag, expected: 'a number above 0', got: `'${text}'` });
}
