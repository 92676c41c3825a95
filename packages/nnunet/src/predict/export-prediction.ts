/**
 * From logits on the network's grid to a segmentation on the image's (nnunetv2/inference/export_prediction.py, v2.8.1): logits are resampled, then
 * decided on, then laid into the box that was cropped, and the axes turned back.
 */
import { type Box, insertIntoBox, type Labels, type NumpyStream } from '@voxelgrad/io';
import type { Device, Shape, Triple } from '@voxelgrad/tensor';
import type { Configuration, Plans } from '../plan/plans.ts';
import { inOrder } from '../plan/target-spacing.ts';
import type { CaseProperties } from '../preprocess/preprocess-case.ts';
import { transposeVolume } from '../preprocess/transpose.ts';
import type { Probabilities } from '../select/probabilities.ts';
import { PieceDecision } from './decision.ts';
import { type LogitStream, streamOf } from './logit-cells.ts';
import { MemoryRoom, PieceProbabilities } from './piece-probabilities.ts';
import { CellResampler, type Grid } from './resample-cells.ts';
import { type ProbabilityScratch, ScratchRoom } from './scratch-probabilities.ts';
import type { Volume } from './sliding-window.ts';

export interface ExportContext {
  readonly plans: Plans;
  readonly configuration: Configuration;
  readonly labels: Labels;
  readonly device: Device;
  /** Values of logits that are resampled at a time, where that is possible; 16 million by default. */
  readonly resampledValues?: number;
}

export interface ExportOptions {
  /** Also give probabilities: whole, or by way of a scratch, where they stay until they are taken class after class. */
  readonly probabilities?: boolean | ProbabilityScratch;
  /** Extents [d, h, w] of the grids that cases preprocessed for a cascade's next stages have. */
  readonly nextStages?: readonly Triple[];
}

export interface ExportedPrediction {
  /** `[z, y, x]` of the whole image, as it was read. */
  readonly segmentation: Uint8Array | Uint16Array;
  /** `[classes, z, y, x]` of the whole image; outside of the crop the background is certain. */
  readonly probabilities?: Probabilities;
  /** The same, where a scratch was given. */
  readonly probabilityStream?: NumpyStream;
  /**
   * Segmentations `[d, h, w]` for each of the next stages. As in nnU-Net (`resample_and_save`), the spacing is that of the configuration that predicted.
   */
  readonly nextStages: readonly (Uint8Array | Uint16Array)[];
}

/** All that is made of a case's logits, in one go, so that these need never be whole. */
export async function exportPrediction(
  { shape, cells }: LogitStream,
  properties: CaseProperties,
  context: ExportContext,
  { probabilities = false, nextStages = [] }: ExportOptions = {},
): Promise<ExportedPrediction> {
  const { labels, plans } = context;
  const classes = shape[3]!;
  const cropped = croppedGrid(properties, context);
  const spacing = networkSpacing(properties, context);
  const decision = new PieceDecision(classes, cropped.size, labels);
  const room =
    typeof probabilities === 'object'
      ? new ScratchRoom(probabilities, classes, properties, plans, labels)
      : probabilities
        ? new MemoryRoom(classes, properties, plans, labels)
        : undefined;
  const ofWhole = room === undefined ? undefined : new PieceProbabilities(room, classes, properties, labels);
  const next = nextStages.map((size) => ({
    resampler: resamplerTo({ size, from: spacing, to: spacing }, shape, context),
    decision: new PieceDecision(classes, size, labels),
  }));
  const resampler = resamplerTo(cropped, shape, context);
  for await (const cell of cells) {
    for await (const piece of resampler.add(cell)) {
      decision.add(piece);
      await ofWhole?.add(piece);
    }
    for (const { resampler, decision } of next) for await (const piece of resampler.add(cell)) decision.add(piece);
  }
  const whole = insertIntoBox(decision.segmentation, triple(properties.shape_before_cropping), boxOf(properties));
  return {
    segmentation: transposeVolume(whole, properties.shape_before_cropping, plans.transpose_backward),
    ...(room instanceof MemoryRoom ? { probabilities: room.probabilities } : {}),
    ...(room instanceof ScratchRoom ? { probabilityStream: room.stream } : {}),
    nextStages: next.map(({ decision }) => decision.segmentation),
  };
}

/** The segmentation `[z, y, x]` of the whole image, as it was read. */
export const segmentationOfLogits = async (
  logits: Volume,
  properties: CaseProperties,
  context: ExportContext,
): Promise<Uint8Array | Uint16Array> => (await exportPrediction(streamOf(logits), properties, context)).segmentation;

/** Probabilities `[classes, z, y, x]` of the whole image; outside of the crop the background is certain. */
export const probabilitiesOfLogits = async (
  logits: Volume,
  properties: CaseProperties,
  context: ExportContext,
): Promise<Probabilities> =>
  (await exportPrediction(streamOf(logits), properties, context, { probabilities: true })).probabilities!;

const resamplerTo = (
  grid: Grid,
  shape: Shape,
  { configuration, device, resampledValues: values = 16e6 }: ExportContext,
): CellResampler => new CellResampler({ shape, grid, configuration, device, values });

/** Spacing of the network's grid; what a configuration in the plane leaves open is the image's. */
function networkSpacing(properties: CaseProperties, { plans, configuration }: ExportContext): readonly number[] {
  const planned = configuration.spacing;
  return planned.length === 2 ? [inOrder(properties.spacing, plans.transpose_forward)[0]!, ...planned] : planned;
}

/** From the network's grid to that which the crop had. */
const croppedGrid = (properties: CaseProperties, context: ExportContext): Grid => ({
  size: triple(properties.shape_after_cropping_and_before_resampling),
  from: networkSpacing(properties, context),
  to: inOrder(properties.spacing, context.plans.transpose_forward),
});

const triple = (shape: readonly number[]): Triple => shape as unknown as Triple;

const boxOf = ({ bbox_used_for_cropping: bounds }: CaseProperties): Box => ({
  lower: triple(bounds.map(([low]) => low!)),
  upper: triple(bounds.map(([, high]) => high!)),
});
