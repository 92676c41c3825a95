/** Postprocessing of folders of predictions: finding the steps, writing them down, applying them. */
import { mkdir, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { type Image, type Labels, readRange, readText, spatialShape, type VoxelArray, withData } from '@voxelgrad/io';
import { openFile, readImageFile, writeFileAtomic, writeImageFile } from '@voxelgrad/io/node';
import { evaluateFolder, type FolderPair } from '../../evaluate/node/evaluate-folder.ts';
import { formatPythonJson } from '../../evaluate/python-json.ts';
import { scoredRegions } from '../../evaluate/region.ts';
import { formatSummary, type Summary } from '../../evaluate/summary.ts';
import { type Determined, determinePostprocessing } from '../determine.ts';
import { decodeSteps, encodeSteps } from '../pickle.ts';
import { type KeepLargest, postprocess, stepsFromJson, stepsToJson } from '../steps.ts';

export interface DetermineOptions extends FolderPair {
  readonly labels: Labels;
  /** Whether the predictions after postprocessing stay; true by default. */
  readonly keepPostprocessed?: boolean;
  readonly signal?: AbortSignal | undefined;
  /** A round is one pass over all cases, for one candidate. */
  readonly onCase?: (round: number, name: string, cases: number) => void;
}

/** What a round tries, for people. */
export const roundName = (round: number): string => (round === 1 ? 'as predicted' : `candidate ${round - 1}`);

/**
 * Finds the steps on the predictions of a folder, which need not be of all references, and leaves there `postprocessing.json` and `.pkl`, the `summary.json` without them, and in `postprocessed/` the
 * predictions after them with their own `summary.json`, as nnU-Net does, unless they are not wanted.
 */
export async function determineForFolder(options: DetermineOptions): Promise<Determined> {
  const { labels, predictionFolder, signal } = options;
  const regions = scoredRegions(labels).map(({ region }) => region);
  let round = 0;
  const evaluate = async (steps: readonly KeepLargest[]): Promise<Summary> => {
    round++;
    const { summary } = await evaluateFolder({
      ...options,
      regions,
      ignoreLabel: labels.ignore,
      allowMissing: true,
      transform: async (image) => after(image, steps),
      onCase: (name, cases) => options.onCase?.(round, name, cases),
    });
    return summary;
  };
  const determined = await determinePostprocessing(labels, evaluate);
  await writeFileAtomic(join(predictionFolder, 'summary.json'), formatSummary(determined.before));
  const output = join(predictionFolder, 'postprocessed');
  if (options.keepPostprocessed ?? true) await writePostprocessed(determined, output, signal);
  else await rm(output, { recursive: true, force: true });
  await writeFileAtomic(join(predictionFolder, 'postprocessing.json'), describe(determined));
  await writeFileAtomic(join(predictionFolder, 'postprocessing.pkl'), encodeSteps(determined.steps));
  return determined;
}

async function writePostprocessed(
  { steps, after: summary }: Determined,
  output: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const names = summary.metric_per_case.map(({ prediction_file }) => prediction_file);
  const written = await applyToFiles(names, output, steps, { signal });
  const cases = summary.metric_per_case.map((each, i) => ({ ...each, prediction_file: written[i]! }));
  await writeFileAtomic(join(output, 'summary.json'), formatSummary({ ...summary, metric_per_case: cases }));
}

const describe = ({ steps, before, after }: Determined): string => {
  const withoutCases = ({ foreground_mean, mean }: Summary) => ({ foreground_mean, mean });
  return formatPythonJson({
    input_folder: withoutCases(before),
    postprocessed: withoutCases(after),
    ...stepsToJson(steps),
  });
};

const after = (image: Image, steps: readonly KeepLargest[]): VoxelArray =>
  postprocess(image.data, spatialShape(image), steps);

/** The steps in a postprocessing.json or .pkl. */
export async function readSteps(path: string): Promise<KeepLargest[]> {
  const source = await openFile(path);
  if (!path.endsWith('.pkl')) return stepsFromJson(await readText(source), path);
  return decodeSteps(await readRange(source, 0, source.size), path);
}

export interface ApplyOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onCase?: (file: string, cases: number) => void;
}

/** Writes each segmentation, after the steps, under its name into `output`. Returns the files written. */
export async function applyToFiles(
  files: readonly string[],
  output: string,
  steps: readonly KeepLargest[],
  { signal, onCase }: ApplyOptions = {},
): Promise<string[]> {
  await mkdir(output, { recursive: true });
  const written: string[] = [];
  for (const file of files) {
    signal?.throwIfAborted();
    const image = await readImageFile(file);
    const target = join(output, basename(file));
    await writeImageFile(target, withData(image, image.shape, after(image, steps)));
    written.push(target);
    onCase?.(file, files.length);
  }
  return written;
}
