/**
 * All cases of a data set, preprocessed into the folder of one configuration. Each appears whole or not at all; those that are there already, made from
 * the same files in the same way, are passed over, so that a run that was interrupted goes on where it ended.
 */
import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import type { Case, DataSet, Labels } from '@voxelgrad/io';
import { cleanStore, isCaseStored } from '@voxelgrad/io/node/disk';
import type { Device } from '@voxelgrad/tensor';
import { runInWorkers } from '../../parallel/node/worker-pool.ts';
import { configurationOf } from '../../plan/parse-plans.ts';
import { formatPlans, type Plans } from '../../plan/plans.ts';
import { CaseLine } from './case-line.ts';
import type { PreprocessJob, PreprocessSetup } from './preprocess-worker.ts';

export interface PreprocessDataSetOptions {
  readonly plans: Plans;
  /** Name of the configuration. */
  readonly configuration: string;
  readonly labels: Labels;
  /** The folder that the data set was opened from. */
  readonly folder: string;
  /** Where the cases go. */
  readonly target: string;
  /** Threads, each with a cpu device of one thread; or the device that all cases are resampled on, one after the other, opened when it is needed. */
  readonly on: { readonly threads: number } | { readonly device: () => Promise<Device> };
  /** Cases that are there are made anew. */
  readonly again: boolean;
  readonly signal: AbortSignal;
  /** Called after each case. */
  readonly onCase?: (name: string, wasThere: boolean) => void;
}

/** Throws as `preprocessCase` and `writeCase`, and the signal's reason. */
export async function preprocessDataSet(dataSet: DataSet, options: PreprocessDataSetOptions): Promise<void> {
  const { plans, labels, target, onCase } = options;
  const configuration = configurationOf(plans, options.configuration);
  await cleanStore(target);
  const jobs: PreprocessJob[] = [];
  for (const [index, entry] of dataSet.cases.entries()) {
    options.signal.throwIfAborted();
    const key = await caseKey(entry, options);
    if (!options.again && (await isCaseStored(target, entry.name, key))) onCase?.(entry.name, true);
    else jobs.push({ index, key });
  }
  const { on } = options;
  if ('threads' in on) {
    await runInWorkers<PreprocessJob, undefined>({
      module: new URL('./preprocess-worker.ts', import.meta.url),
      setup: {
        folder: options.folder,
        target,
        plans: formatPlans(plans),
        configuration: options.configuration,
        labels,
      } satisfies PreprocessSetup,
      threads: on.threads,
      // While the files of some cases are brought to the disk, the next one is computed; the worker sees to it that large ones are few.
      atOnce: 8,
      jobs,
      onResult: (_, { index }) => onCase?.(dataSet.cases[index]!.name, false),
      signal: options.signal,
    });
    return;
  }
  const line = new CaseLine({ plans, configuration, labels, device: on.device }, target);
  const storing: Promise<void>[] = [];
  let failed: { readonly error: unknown } | undefined;
  try {
    for (const { index, key } of jobs) {
      if (options.signal.aborted || failed !== undefined) break;
      const entry = dataSet.cases[index]!;
      const { stored } = await line.compute(entry, key);
      const done = stored.then(() => onCase?.(entry.name, false));
      storing.push(
        done.catch((error: unknown) => {
          failed ??= { error };
        }),
      );
    }
  } finally {
    await Promise.all(storing);
  }
  if (failed !== undefined) throw failed.error;
  options.signal.throwIfAborted();
}

/** Raised whenever the same plans would give other voxels. */
const preprocessingVersion = 2;

/**
 * Says what a stored case was made from and how, so that one that is there can be told from one that must be made. A file that was corrected may keep
 * its size, so the time counts, too.
 */
async function caseKey(entry: Case, { plans, configuration, labels }: PreprocessDataSetOptions): Promise<string> {
  const planned = configurationOf(plans, configuration);
  const files = [...entry.channels, ...(entry.label === undefined ? [] : [entry.label])];
  const made = {
    version: preprocessingVersion,
    files: await Promise.all(
      files.map(async ({ file, channel = 0 }) => [file.name, file.size, (await stat(file.path)).mtimeMs, channel]),
    ),
    labels,
    reader: plans.image_reader_writer,
    transpose: plans.transpose_forward,
    intensities: plans.foreground_intensity_properties_per_channel,
    spacing: planned.spacing,
    normalization: planned.normalization_schemes,
    masked: planned.use_mask_for_norm,
    resampling: [planned.resampling_fn_data, planned.resampling_fn_data_kwargs],
    segResampling: [planned.resampling_fn_seg, planned.resampling_fn_seg_kwargs],
  };
  return createHash('sha256').update(JSON.stringify(made)).digest('hex');
}
