/** Fingerprints of cases on a thread of its own. */
import { openDataSet } from '@voxelgrad/io/datasets';
import { openFolder } from '@voxelgrad/io/node/disk';
import { serveJobs } from '../../parallel/node/serve-jobs.ts';
import { type ImageReader, readCaseFor } from '../../preprocess/preprocess-case.ts';
import { type CaseFingerprint, fingerprintOfCase } from '../extract.ts';

export interface FingerprintSetup {
  /** The data set's folder. */
  readonly folder: string;
  readonly reader: ImageReader;
  readonly samples: number;
}

serveJobs<FingerprintSetup, number, CaseFingerprint>(async ({ folder, reader, samples }) => {
  const { cases } = await openDataSet(await openFolder(folder));
  return async (index) => fingerprintOfCase(await readCaseFor(reader, cases[index]!), samples);
});
