/**
 * The validation that ends a training: every held-out case predicted whole, from its preprocessed voxels, and compared with the truth
 * (`nnUNetTrainer.perform_actual_validation`). Its predictions are what cross-validation and ensembles are made of and, in a cascade, what the next
 * stage begins with.
 */
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { encodeNpz, type StoredCase } from '@voxelgrad/io';
import {
  isCaseStored,
  openStoredCase,
  readImageFile,
  ScratchFile,
  writeFileAtomic,
  writeImageFile,
  writePrevious,
} from '@voxelgrad/io/node';
import type { Device } from '@voxelgrad/tensor';
import { evaluateFolder } from '../../evaluate/node/evaluate-folder.ts';
import { scoredRegions } from '../../evaluate/region.ts';
import { formatSummary, type Summary } from '../../evaluate/summary.ts';
import type { SegmentationNetwork } from '../../networks/unet.ts';
import { nextStagesOf } from '../../plan/channels.ts';
import { configurationOf } from '../../plan/parse-plans.ts';
import type { Configuration } from '../../plan/plans.ts';
import { exportPrediction } from '../../predict/export-prediction.ts';
import { onOriginalGrid } from '../../predict/original-grid.ts';
import { networkInput } from '../../predict/predict-case.ts';
import { encodeProperties } from '../../predict/properties-pickle.ts';
import { streamSlidingWindow } from '../../predict/sliding-window.ts';
import { readProperties } from '../../preprocess/case-properties.ts';
import { nextStageFolder } from '../model-name.ts';
import type { FoldCases, PreprocessedDataSet } from './preprocessed.ts';

export interface FoldValidation {
  readonly dataSet: PreprocessedDataSet;
  readonly cases: FoldCases;
  readonly network: SegmentationNetwork;
  readonly device: Device;
  readonly mirrorAxes: readonly number[];
  /** The fold's folder; predictions go to `validation` in it. */
  readonly folder: string;
  /** Also writes CASE.npz, and CASE.pkl, which says where it lies. */
  readonly saveProbabilities: boolean;
  readonly signal?: AbortSignal | undefined;
  /** `done` of `windows` windows of a case are predicted. */
  readonly onWindow?: (name: string, done: number, windows: number) => void;
  readonly onCase?: (name: string, cases: number) => void;
}

export async function validateFold(validation: FoldValidation): Promise<Summary> {
  const { dataSet, cases, folder } = validation;
  const output = join(folder, 'validation');
  await mkdir(output, { recursive: true });
  for (const one of cases.validation) {
    validation.signal?.throwIfAborted();
    const scratch = validation.saveProbabilities ? await ScratchFile.open(output) : undefined;
    await validateCase(one, output, validation, scratch).finally(() => scratch?.remove());
    validation.onCase?.(one.name, cases.validation.length);
  }
  const { labels } = dataSet.description;
  const { summary } = await evaluateFolder({
    referenceFolder: join(dataSet.folder, 'gt_segmentations'),
    predictionFolder: output,
    fileEnding: dataSet.fileEnding,
    regions: scoredRegions(labels).map(({ region }) => region),
    ignoreLabel: labels.ignore,
    allowMissing: true,
  });
  await writeFileAtomic(join(output, 'summary.json'), formatSummary(summary));
  return summary;
}

async function validateCase(
  one: StoredCase,
  output: string,
  validation: FoldValidation,
  scratch: ScratchFile | undefined,
): Promise<void> {
  const { dataSet, cases, network, device, mirrorAxes, folder, signal } = validation;
  const { plans, fileEnding } = dataSet;
  const { configuration } = cases;
  const { labels } = dataSet.description;
  const stored = await one.whole();
  const input = networkInput(stored, stored.previous, labels);
  const logits = streamSlidingWindow([network], device, input, {
    patch: configuration.patch_size,
    mirrorAxes,
    signal,
    onWindow: (done, windows) => validation.onWindow?.(one.name, done, windows),
  });
  const properties = readProperties(one.properties, one.name);
  const stages = await storedNextStages(one, dataSet, configuration);
  const {
    segmentation,
    probabilityStream: probabilities,
    nextStages,
  } = await exportPrediction(
    logits,
    properties,
    { plans, configuration, labels, device },
    { probabilities: scratch ?? false, nextStages: stages.map(({ shape }) => shape) },
  );
  for (const [i, { stage, store }] of stages.entries())
    await writePrevious(store, one.name, nextStages[i]!, {
      into: nextStageFolder(join(folder, '..'), stage),
    });
  const truth = await readImageFile(join(dataSet.folder, 'gt_segmentations', one.name + fileEnding));
  if (probabilities !== undefined) {
    await writeFileAtomic(join(output, `${one.name}.npz`), encodeNpz({ probabilities }));
    await writeFileAtomic(join(output, `${one.name}.pkl`), encodeProperties(properties, truth, plans));
  }
  await writeImageFile(join(output, one.name + fileEnding), onOriginalGrid(plans, truth, segmentation));
}

/** Of a cascade's next stages those for which the case is preprocessed. */
async function storedNextStages(
  { name }: StoredCase,
  { plans, folder }: PreprocessedDataSet,
  configuration: Configuration,
) {
  const stages = [];
  for (const stage of nextStagesOf(configuration)) {
    const next = configurationOf(plans, stage);
    const store = join(folder, next.data_identifier);
    if (!(await isCaseStored(store, name))) continue;
    const { shape } = await openStoredCase(store, name);
    stages.push({ stage, store, shape });
  }
  return stages;
}
