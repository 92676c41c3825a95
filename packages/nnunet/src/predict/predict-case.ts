/**
 * From a case's images to its segmentation, the whole way of nnU-Net 2.8's predictor: preprocessing as the plans say, windows with mirroring, folds
 * averaged, and back to the grid of the images, with their geometry to the bit.
 */
import {
  type Case,
  type DatasetDescription,
  type Image,
  type Labels,
  type LoadedCase,
  type NumpyStream,
  type PreprocessedCase,
  readCase,
} from '@voxelgrad/io';
import { type Device, VoxelgradError } from '@voxelgrad/tensor';
import type { SegmentationNetwork } from '../networks/unet.ts';
import { foregroundLabels, previousStageOf } from '../plan/channels.ts';
import type { Configuration, Plans } from '../plan/plans.ts';
import { asReaderTurns, type Preprocessed, preprocessCase } from '../preprocess/preprocess-case.ts';
import type { Probabilities } from '../select/probabilities.ts';
import { type ExportOptions, exportPrediction } from './export-prediction.ts';
import { onOriginalGrid } from './original-grid.ts';
import { predictSlidingWindow, type SlidingWindowOptions, streamSlidingWindow, type Volume } from './sliding-window.ts';

/** What predicts: see `openModel`, whose result has all of it but the networks. */
export interface Predictor {
  readonly plans: Plans;
  readonly configuration: Configuration;
  readonly description: Pick<DatasetDescription, 'labels'>;
  /** One for each fold; their logits are averaged. */
  readonly networks: readonly SegmentationNetwork[];
  readonly device: Device;
  /** Axes to mirror along. */
  readonly mirrorAxes: readonly number[];
}

export interface CasePredictionOptions
  extends Pick<SlidingWindowOptions, 'step' | 'batchSize' | 'signal' | 'onWindow'> {
  /** Predict every mirroring of each window too; true by default. */
  readonly mirror?: boolean;
  /** Also give probabilities: see ExportOptions. */
  readonly probabilities?: ExportOptions['probabilities'];
  /** Of a cascade: the segmentation that the stage before gave for these images. */
  readonly previous?: Image<Uint8Array | Int16Array>;
}

export interface CasePrediction {
  /** On the grid of the first image, with its geometry. */
  readonly segmentation: Image<Uint8Array | Uint16Array>;
  readonly properties: Preprocessed['properties'];
  readonly probabilities?: Probabilities;
  readonly probabilityStream?: NumpyStream;
}

/** Reads a case and predicts it. */
export const predictCase = async (
  predictor: Predictor,
  entry: Case,
  options: CasePredictionOptions = {},
): Promise<CasePrediction> => predictImages(predictor, await readCase(entry), options);

/** Predicts images that are in memory already. Throws 'dataset' where they are not what the plans say. */
export async function predictImages(
  predictor: Predictor,
  loaded: LoadedCase,
  options: CasePredictionOptions = {},
): Promise<CasePrediction> {
  const { mirror = true, previous, probabilities = false, ...windows } = options;
  const { plans, description, networks, device } = predictor;
  const { input, properties } = await prepare(predictor, loaded, previous);
  const logits = streamSlidingWindow(networks, device, input, { ...windows, ...windowsOf(predictor, mirror) });
  const context = { ...predictor, labels: description.labels };
  const exported = await exportPrediction(logits, properties, context, { probabilities });
  const { nextStages: _, ...found } = exported;
  return { ...found, properties, segmentation: onOriginalGrid(plans, loaded.channels[0]!, found.segmentation) };
}

/** The averaged logits `[d, h, w, classes]` on the grid that the network sees, and how to lay them over the images. */
export async function predictLogits(
  predictor: Predictor,
  loaded: LoadedCase,
  { mirror = true, previous, ...options }: CasePredictionOptions = {},
): Promise<{ readonly logits: Volume; readonly properties: Preprocessed['properties'] }> {
  const { input, properties } = await prepare(predictor, loaded, previous);
  const windows = { ...options, ...windowsOf(predictor, mirror) };
  return { logits: await predictSlidingWindow(predictor.networks, predictor.device, input, windows), properties };
}

const windowsOf = ({ configuration, mirrorAxes }: Predictor, mirror: boolean) => ({
  patch: configuration.patch_size,
  mirrorAxes: mirror ? mirrorAxes : [],
});

/** What the network sees of the images, and how to lay its results over them. */
async function prepare(
  predictor: Predictor,
  loaded: LoadedCase,
  previous: CasePredictionOptions['previous'],
): Promise<{ readonly input: Volume; readonly properties: Preprocessed['properties'] }> {
  const { plans, configuration, device } = predictor;
  const { labels } = predictor.description;
  checkPrevious(configuration, previous);
  const images = asReaderTurns(plans, previous === undefined ? withoutLabel(loaded) : { ...loaded, label: previous });
  const preprocessed = await preprocessCase(images, { plans, configuration, labels, device: async () => device });
  const found = previous === undefined ? undefined : preprocessed.seg;
  return { input: networkInput(preprocessed, found, labels), properties: preprocessed.properties };
}

const withoutLabel = ({ name, channels }: LoadedCase): LoadedCase => ({ name, channels });

function checkPrevious(configuration: Configuration, previous: unknown): void {
  const stage = previousStageOf(configuration);
  if ((stage === undefined) === (previous === undefined)) return;
  throw new VoxelgradError('option', {
    what: 'prediction',
    expected: previous === undefined ? `the segmentation that ${stage} gives` : 'no segmentation of a stage before',
    got: previous === undefined ? 'none' : 'one',
    help:
      previous === undefined
        ? `A cascade predicts in two steps: first with ${stage}, then with --previous-predictions and the folder of what that found.`
        : 'Leave out --previous-predictions: only the second stage of a cascade takes them.',
  });
}

/** What a network sees of a preprocessed case: the image and, in a cascade, one further channel for each label that the stage before `found`. */
export function networkInput(
  { shape, channels, data }: Pick<PreprocessedCase, 'shape' | 'channels' | 'data'>,
  found: ArrayLike<number> | undefined,
  labels: Labels,
): Volume {
  if (found === undefined) return { shape: [...shape, channels], data };
  const values = foregroundLabels(labels);
  const wide = channels + values.length;
  const joined = new Float32Array((data.length / channels) * wide);
  for (let voxel = 0; voxel < found.length; voxel++) {
    joined.set(data.subarray(voxel * channels, (voxel + 1) * channels), voxel * wide);
    const place = values.indexOf(found[voxel]!);
    if (place >= 0) joined[voxel * wide + channels + place] = 1;
  }
  return { shape: [...shape, wide], data: joined };
}
