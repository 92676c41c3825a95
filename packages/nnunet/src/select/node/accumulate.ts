/**
 * The validation predictions of all folds in one folder, scored together: every training case was predicted once, by a model that had not seen it
 * (nnunetv2/evaluation/accumulate_cv_results.py).
 */
import { existsSync } from 'node:fs';
import { copyFile, mkdir, readdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Labels } from '@voxelgrad/io';
import { sidecarOf, writeFileAtomic } from '@voxelgrad/io/node';
import { VoxelgradError } from '@voxelgrad/tensor';
import { evaluateFolder } from '../../evaluate/node/evaluate-folder.ts';
import { scoredRegions } from '../../evaluate/region.ts';
import { formatSummary, type Summary } from '../../evaluate/summary.ts';
import { foldsName } from '../../experiment/model-name.ts';
import type { Fold } from '../../splits/splits.ts';

export interface CrossValidation {
  /** `…/nnUNetTrainer__nnUNetPlans__3d_fullres`. */
  readonly modelFolder: string;
  /** The truth of all training cases: `gt_segmentations` of the preprocessed data set. */
  readonly referenceFolder: string;
  readonly folds: readonly Fold[];
  readonly labels: Labels;
  readonly fileEnding: string;
}

export interface AccumulateOptions extends CrossValidation {
  readonly output?: string | undefined;
  /** Whether what is there already is made again; true by default. */
  readonly overwrite?: boolean;
  readonly signal?: AbortSignal | undefined;
  readonly onCase?: (name: string, cases: number) => void;
}

const accumulatedFolder = (modelFolder: string, folds: readonly Fold[]): string =>
  join(modelFolder, `crossval_results_folds_${foldsName(folds)}`);

export const validationFolder = (modelFolder: string, fold: Fold): string =>
  join(modelFolder, `fold_${fold}`, 'validation');

/** Throws 'dataset' where a fold was not validated, or two folds predicted the same case. Returns the folder and its summary. */
export async function accumulateCrossValidation(
  options: AccumulateOptions,
): Promise<{ readonly folder: string; readonly summary: Summary }> {
  const { modelFolder, folds, fileEnding, overwrite = true } = options;
  const folder = options.output ?? accumulatedFolder(modelFolder, folds);
  const files = new Map<string, string>();
  for (const fold of folds) {
    const validation = validationFolder(modelFolder, fold);
    if (!existsSync(join(validation, 'summary.json')))
      throw new VoxelgradError('dataset', {
        what: validation,
        expected: 'validation predictions with their summary.json',
        got: 'none',
        help: `Train fold ${fold} to its end, or validate it: voxelgrad train … --val.`,
      });
    for (const name of await readdir(validation)) {
      if (!name.endsWith(fileEnding)) continue;
      if (files.has(name))
        throw new VoxelgradError('dataset', {
          what: join(validation, name),
          expected: 'a case that no other fold validated',
          got: `another prediction in ${files.get(name)}`,
        });
      files.set(name, validation);
    }
  }
  if (overwrite) await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  for (const [name, source] of files)
    for (const from of [join(source, name), sidecarOf(join(source, name))])
      if (from !== undefined && existsSync(from) && !existsSync(join(folder, basename(from))))
        await copyFile(from, join(folder, basename(from)));
  for (const name of ['plans.json', 'dataset.json'])
    if (existsSync(join(modelFolder, name))) await copyFile(join(modelFolder, name), join(folder, name));
  return { folder, summary: await scoreMerged(folder, options) };
}

/** Scores a folder with the predictions of several folds, and leaves its `summary.json` there. With some of the folds only their cases are there. */
export async function scoreMerged(
  folder: string,
  { labels, ...options }: Omit<AccumulateOptions, 'modelFolder' | 'folds' | 'output'>,
): Promise<Summary> {
  const { summary } = await evaluateFolder({
    ...options,
    predictionFolder: folder,
    regions: scoredRegions(labels).map(({ region }) => region),
    ignoreLabel: labels.ignore,
    allowMissing: true,
  });
  await writeFileAtomic(join(folder, 'summary.json'), formatSummary(summary));
  return summary;
}
