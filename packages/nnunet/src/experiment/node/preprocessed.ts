/** A preprocessed data set, as the planner and the preprocessor left it below `nnUNet_preprocessed`. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type DatasetDescription, readDatasetJson } from '@voxelgrad/io/datasets';
import { readText } from '@voxelgrad/io/images';
import { listStoredCases, openFile, openStoredCase, writeFileAtomic } from '@voxelgrad/io/node/disk';
import { ChunkCache, type StoredCase } from '@voxelgrad/io/store';
import { VoxelgradError } from '@voxelgrad/tensor';
import { previousStageOf } from '../../plan/channels.ts';
import { configurationOf, parsePlans } from '../../plan/parse-plans.ts';
import type { Configuration, Plans } from '../../plan/plans.ts';
import { crossValidationSplits, type Fold, type Split, splitOfFold } from '../../splits/splits.ts';
import { formatSplits, parseSplits } from '../../splits/splits-file.ts';

export interface PreprocessedDataSet {
  /** `…/Dataset004_Hippocampus`. */
  readonly folder: string;
  readonly description: DatasetDescription;
  readonly plans: Plans;
  readonly plansName: string;
  /** '.nii.gz'. */
  readonly fileEnding: string;
}

/** Throws 'dataset' where plans or dataset.json are missing. */
export async function openPreprocessed(folder: string, plansName: string): Promise<PreprocessedDataSet> {
  const file = async (name: string, made: string) => {
    const path = join(folder, name);
    if (existsSync(path)) return openFile(path);
    throw new VoxelgradError('dataset', {
      what: path,
      expected: `a file that ${made} writes`,
      got: 'nothing there',
      help: 'Run voxelgrad plan-and-preprocess first.',
    });
  };
  const plans = await file(`${plansName}.json`, 'planning');
  const description = await readDatasetJson(await file('dataset.json', 'planning'));
  return {
    folder,
    description,
    fileEnding: description.fileEnding ?? '.nii.gz',
    plans: parsePlans(await readText(plans), plans.path),
    plansName,
  };
}

export interface FoldCases {
  readonly configuration: Configuration;
  readonly split: Split;
  readonly training: readonly StoredCase[];
  readonly validation: readonly StoredCase[];
}

/** Decoded chunks that all cases of a fold may keep in memory. */
const cacheBytes = 2 ** 31;

/**
 * Opens the cases of a fold; `splits_final.json` is made where there is none. `previousFolder` says where in a cascade the results of the stage before
 * lie. Throws 'dataset' for cases that were not preprocessed, or not predicted by that stage.
 */
export async function openFold(
  { folder, plans }: PreprocessedDataSet,
  configurationName: string,
  fold: Fold,
  previousFolder?: string,
): Promise<FoldCases> {
  const configuration = configurationOf(plans, configurationName);
  const stage = previousStageOf(configuration);
  const store = join(folder, configuration.data_identifier);
  const identifiers = await listStoredCases(store);
  if (identifiers.length === 0)
    throw new VoxelgradError('dataset', {
      what: store,
      expected: `cases preprocessed for ${configurationName}`,
      got: 'none',
      help: `Run voxelgrad preprocess … -c ${configurationName}.`,
    });
  const split = splitOfFold(fold, await readSplits(folder, identifiers, fold), identifiers);
  const cache = new ChunkCache(cacheBytes);
  const open = async (name: string): Promise<StoredCase> => {
    const opened = await openStoredCase(store, name, { cache, previousFolder });
    if (stage === undefined || opened.hasPrevious) return opened;
    throw new VoxelgradError('dataset', {
      what: `case ${name}`,
      expected: `what ${stage} found, in ${previousFolder}`,
      got: 'nothing',
      help: `Train every fold of ${stage} first: its validation predicts each case for the next stage.`,
    });
  };
  const openAll = (names: readonly string[]) => Promise.all(names.map(open));
  return { configuration, split, training: await openAll(split.train), validation: await openAll(split.val) };
}

async function readSplits(folder: string, identifiers: readonly string[], fold: Fold): Promise<readonly Split[]> {
  const path = join(folder, 'splits_final.json');
  if (existsSync(path)) return parseSplits(await readText(await openFile(path)), identifiers, path);
  if (fold === 'all') return [];
  const splits = crossValidationSplits(identifiers);
  await writeFileAtomic(path, formatSplits(splits));
  return splits;
}
