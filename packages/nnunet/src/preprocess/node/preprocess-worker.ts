/** Preprocessing of cases on a thread of its own, with a cpu device of one thread for those that must be resampled. */
import { type Labels, openDataSet } from '@voxelgrad/io/datasets';
import { openFolder } from '@voxelgrad/io/node/disk';
import type { Device } from '@voxelgrad/tensor';
import { serveJobs } from '../../parallel/node/serve-jobs.ts';
import { configurationOf, parsePlans } from '../../plan/parse-plans.ts';
import type { PreprocessingContext } from '../preprocess-case.ts';
import { CaseLine } from './case-line.ts';

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
  const line = new CaseLine(context, setup.target);
  return async ({ index, key }) => (await line.compute(cases[index]!, key)).stored;
});

/** Loaded when it is needed: many data sets have one spacing. */
async function openOneThread(): Promise<Device> {
  const { openCpu } = await import('@voxelgrad/tensor/node');
  return openCpu({ threads: 1, wideSimd: false });
}
