/** The fingerprint of a data set on disk, its cases shared among threads. */
import type { DataSet } from '@voxelgrad/io';
import { runInWorkers } from '../../parallel/node/worker-pool.ts';
import { type ImageReader, readCaseFor } from '../../preprocess/preprocess-case.ts';
import { type CaseFingerprint, combineFingerprints, fingerprintOfCase } from '../extract.ts';
import type { DatasetFingerprint } from '../fingerprint.ts';
import { samplesPerCase } from '../foreground-intensities.ts';
import type { FingerprintSetup } from './fingerprint-worker.ts';

export interface ExtractOptions {
  /** The folder that `dataSet` was opened from. */
  readonly folder: string;
  /** The one that plans will name: shapes and spacings are those that preprocessing sees. */
  readonly reader: ImageReader;
  /** One: no further thread is made. */
  readonly threads: number;
  readonly signal: AbortSignal;
  /** Called after each case. */
  readonly onCase?: (name: string) => void;
}

/** Throws 'dataset' for cases without segmentation, and the signal's reason. */
export async function extractFingerprint(dataSet: DataSet, options: ExtractOptions): Promise<DatasetFingerprint> {
  const { cases } = dataSet;
  const samples = samplesPerCase(cases.length);
  const found = new Array<CaseFingerprint>(cases.length);
  const take = (index: number, fingerprint: CaseFingerprint): void => {
    found[index] = fingerprint;
    options.onCase?.(cases[index]!.name);
  };
  if (options.threads === 1)
    for (const [index, entry] of cases.entries()) {
      options.signal.throwIfAborted();
      take(index, fingerprintOfCase(await readCaseFor(options.reader, entry), samples));
    }
  else
    await runInWorkers<number, CaseFingerprint>({
      module: new URL('./fingerprint-worker.ts', import.meta.url),
      setup: { folder: options.folder, reader: options.reader, samples } satisfies FingerprintSetup,
      threads: options.threads,
      jobs: [...cases.keys()],
      onResult: (fingerprint, index) => take(index, fingerprint),
      signal: options.signal,
    });
  return combineFingerprints(found);
}
