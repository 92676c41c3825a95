/** Preprocessing of cases on a thread of its own, with a cpu device of one thread for those that must be resampled. */
import { type Labels, openDataSet } from '@voxelgrad/io/datasets';
import { openFolder } from '@voxelgrad/io/node/disk';
import type { Device } from '@voxelgrad/tensor';
import { serveJobs } from '../../parallel/node/serve-jobs.ts';
import { configurationOf, parsePlans } from '../../plan/parse-plans.ts';
import { type PreprocessingContext, preprocessCase, readCaseFor } from '../preprocess-case.ts';
import { storePreprocessed } from './store-preprocessed.ts';

export interface PreprocessSetup {
  /** The data set's folder. */
  readonly folder: string;
  readonly target: string;
  /** The text of the plans. */
  readonly plans: string;
  readonly configuration: string;
  readonly labels: Labels;
}

export interface PreprocessJob {
  /** Of the case in the data set. */
  readonly index: number;
  readonly key: string;
}

/** Bytes of images that are on their way to the disk when the next case is begun. */
const mostWaiting = 2 ** 24;

serveJobs<PreprocessSetup, PreprocessJob, void>(async (setup) => {
  const { cases } = await openDataSet(await openFolder(setup.folder));
  const plans = parsePlans(setup.plans);
  let opened: Promise<Device> | undefined;
  const context: PreprocessingContext = {
    plans,
    configuration: configurationOf(plans, setup.configuration),
    labels: setup.labels,
    device: () => (opened ??= openOneThread()),
  };
  // One case is computed at a time, and only so much may wait for the disk, so that few are in memory.
  let turn: Promise<unknown> = Promise.resolve();
  const storing = new Set<Promise<unknown>>();
  let waiting = 0;
  return async ({ index, key }) => {
    const entry = cases[index]!;
    const computed = turn.then(async () => {
      while (waiting > mostWaiting) await Promise.race(storing);
      return preprocessCase(await readCaseFor(plans, entry), context);
    });
    turn = computed.catch(() => undefined);
    const result = await computed;
    const { byteLength } = result.data;
    const stored = storePreprocessed(entry, result, context, setup.target, key);
    const settled = stored.catch(() => undefined);
    waiting += byteLength;
    storing.add(settled);
    try {
      await stored;
    } finally {
      waiting -= byteLength;
      storing.delete(settled);
    }
  };
});

/** Loaded when it is needed: many data sets have one spacing. */
async function openOneThread(): Promise<Device> {
  const { openCpu } = await import('@voxelgrad/tensor/node');
  return openCpu({ threads: 1 });
}
