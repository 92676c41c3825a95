/**
 * Scores a folder of predictions against a folder of references, file by file, as nnU-Net does (`evaluate_predictions.compute_metrics_on_folder`).
 * Files belong together by name. On request also surface distances and volumes, which nnU-Net does not have.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { type Image, spatialShape, type VoxelArray } from '@voxelgrad/io';
import { readImageFile } from '@voxelgrad/io/node';
import { VoxelgradError } from '@voxelgrad/tensor';
import { compareLabels, type RegionMetrics } from '../overlap.ts';
import { maskOf, type Region, regionName } from '../region.ts';
import { type CaseMetrics, namedMetrics, type Summary, summarize } from '../summary.ts';
import { compareSurfaces, type SurfaceMetrics } from '../surface.ts';

export interface FolderPair {
  readonly referenceFolder: string;
  readonly predictionFolder: string;
  /** '.nii.gz': what the names of both files end in. */
  readonly fileEnding: string;
}

export interface EvaluationOptions extends FolderPair {
  readonly regions: readonly Region[];
  /** Voxels that the reference marks with it do not count. */
  readonly ignoreLabel?: number | undefined;
  /** What is scored instead of a prediction, such as the prediction after postprocessing. */
  readonly transform?: (prediction: Image, name: string) => Promise<VoxelArray>;
  /** Accept references without a prediction. */
  readonly allowMissing?: boolean;
  /** Compute surfaces too; millimetres within which two surfaces count as the same for the surface Dice. */
  readonly surfaceTolerance?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Told once how many cases there are. */
  readonly onStart?: (cases: number) => void;
  readonly onCase?: (name: string, cases: number) => void;
}

/** What goes beyond overlap, for one region of one case. */
export interface ShapeMetrics extends SurfaceMetrics {
  /** Millilitres. */
  readonly referenceVolume: number;
  readonly predictionVolume: number;
  /** (prediction − reference) / reference; NaN where the reference has none. */
  readonly relativeVolumeError: number;
}

export interface FolderEvaluation {
  readonly summary: Summary;
  /** In the order of `summary.metric_per_case`, by `regionName`; empty unless asked for. */
  readonly shapes: readonly Readonly<Record<string, ShapeMetrics>>[];
}

/** Names of the predictions, sorted. Throws 'dataset' where there are none, or one has no reference, or (unless allowed) a reference has no prediction. */
async function pairedFiles(pair: FolderPair, allowMissing = false): Promise<string[]> {
  const { referenceFolder, predictionFolder, fileEnding } = pair;
  const [predictions, references] = await Promise.all([predictionFolder, referenceFolder].map(listing(fileEnding)));
  const problem = (what: string, names: readonly string[], help: string): VoxelgradError =>
    new VoxelgradError('dataset', {
      what,
      expected: `${names.length} more: ${names.slice(0, 5).join(', ')}${names.length > 5 ? ', …' : ''}`,
      got: 'nothing of that name',
      help,
    });
  if (predictions!.length === 0)
    throw new VoxelgradError('dataset', {
      what: predictionFolder,
      expected: `predictions that end in ${fileEnding}`,
      got: 'none',
    });
  const withoutReference = predictions!.filter((name) => !references!.includes(name));
  if (withoutReference.length > 0)
    throw problem(referenceFolder, withoutReference, 'Each prediction needs a reference with the same file name.');
  const withoutPrediction = references!.filter((name) => !predictions!.includes(name));
  if (withoutPrediction.length > 0 && !allowMissing)
    throw problem(
      predictionFolder,
      withoutPrediction,
      'Predict these as well, or pass --chill to score only what is there.',
    );
  return predictions!;
}

const listing =
  (ending: string) =>
  async (folder: string): Promise<string[]> => {
    if (!existsSync(folder))
      throw new VoxelgradError('file', { what: folder, expected: 'a folder', got: 'nothing there' });
    return (await readdir(folder)).filter((name) => name.endsWith(ending)).sort();
  };

export async function evaluateFolder(options: EvaluationOptions): Promise<FolderEvaluation> {
  const { referenceFolder, predictionFolder, regions, surfaceTolerance } = options;
  const names = await pairedFiles(options, options.allowMissing);
  options.onStart?.(names.length);
  const cases: CaseMetrics[] = [];
  const shapes: Record<string, ShapeMetrics>[] = [];
  for (const name of names) {
    options.signal?.throwIfAborted();
    const files = { reference_file: join(referenceFolder, name), prediction_file: join(predictionFolder, name) };
    const reference = await readImageFile(files.reference_file);
    const predicted = await readImageFile(files.prediction_file);
    checkSameGrid(reference, predicted, files.prediction_file);
    const data = (await options.transform?.(predicted, name)) ?? predicted.data;
    const prediction = { ...predicted, data };
    const metrics = compareLabels(reference.data, prediction.data, regions, options.ignoreLabel);
    cases.push({ ...files, metrics: namedMetrics(regions, metrics) });
    if (surfaceTolerance !== undefined)
      shapes.push(
        Object.fromEntries(
          regions.map((region, r) => [
            regionName(region),
            shapeMetrics(reference, prediction, region, metrics[r]!, surfaceTolerance),
          ]),
        ),
      );
    options.onCase?.(name, names.length);
  }
  return { summary: summarize(cases, regions), shapes };
}

/** Sizes of the two, axis by axis: as many voxels in another shape would be compared voxel by voxel, and wrongly. */
function checkSameGrid(reference: Image, prediction: Image, file: string): void {
  if (reference.shape.join() !== prediction.shape.join())
    throw new VoxelgradError('shape', {
      what: file,
      expected: `[${reference.shape.join(', ')}], as the reference has`,
      got: `[${prediction.shape.join(', ')}]`,
      help: 'Both files must lie on the same voxel grid: resample the prediction to the reference first.',
    });
}

function shapeMetrics(
  reference: Image,
  prediction: Image,
  region: Region,
  { n_ref, n_pred }: RegionMetrics,
  tolerance: number,
): ShapeMetrics {
  const millilitres = reference.spacing.reduce((product, step) => product * step, 1) / 1000;
  return {
    ...compareSurfaces(
      maskOf(reference.data, region),
      maskOf(prediction.data, region),
      spatialShape(reference),
      reference.spacing,
      tolerance,
    ),
    referenceVolume: n_ref * millilitres,
    predictionVolume: n_pred * millilitres,
    relativeVolumeError: n_ref === 0 ? Number.NaN : (n_pred - n_ref) / n_ref,
  };
}
