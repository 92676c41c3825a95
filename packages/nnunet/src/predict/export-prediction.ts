/**
 * From logits on the network's grid to a segmentation on the image's (nnunetv2/inference/export_prediction.py, v2.8.1): logits are resampled, then
 * decided on, then laid into the box that was cropped, and the axes turned back.
 */
import { type Box, insertIntoBox, type Labels } from '@voxelgrad/io';
import { type Device, fromArray, noGrad, type Triple } from '@voxelgrad/tensor';
import type { Configuration, Plans } from '../plan/plans.ts';
import { inOrder } from '../plan/target-spacing.ts';
import type { CaseProperties } from '../preprocess/preprocess-case.ts';
import { resamplingOf } from '../preprocess/resampling.ts';
import { transposeVolume } from '../preprocess/transpose.ts';
import type { Probabilities } from '../select/probabilities.ts';
import { Decision } from './decision.ts';
import type { Volume } from './sliding-window.ts';

export interface ExportContext {
  readonly plans: Plans;
  readonly configuration: Configuration;
  readonly labels: Labels;
  readonly device: Device;
  /** Values of resampled logits that may be in memory at once; 64 million by default. */
  readonly resampledValues?: number;
}

/** The segmentation `[z, y, x]` of the whole image, as it was read. */
export async function segmentationOfLogits(
  logits: Volume,
  properties: CaseProperties,
  context: ExportContext,
): Promise<Uint8Array | Uint16Array> {
  const decided = await decide(logits, croppedGrid(properties, context), context);
  const whole = insertIntoBox(decided, triple(properties.shape_before_cropping), boxOf(properties));
  return transposeVolume(whole, properties.shape_before_cropping, context.plans.transpose_backward);
}

/**
 * The segmentation `[d, h, w]` on the grid that another configuration's preprocessed cases have, for a cascade's next stage. As in nnU-Net
 * (`resample_and_save`), the spacing is that of the configuration that predicted.
 */
export function segmentationForNextStage(
  logits: Volume,
  size: Triple,
  properties: CaseProperties,
  context: ExportContext,
): Promise<Uint8Array | Uint16Array> {
  const spacing = networkSpacing(properties, context);
  return decide(logits, { size, from: spacing, to: spacing }, context);
}

async function decide(logits: Volume, grid: Grid, context: ExportContext): Promise<Uint8Array | Uint16Array> {
  const decision = new Decision(voxels(grid.size), context.labels);
  for await (const { values, first, count } of resampledLogits(logits, grid, context))
    decision.add(values, first, count);
  return decision.segmentation;
}

/** Probabilities `[classes, z, y, x]` of the whole image; outside of the crop the background is certain. */
export async function probabilitiesOfLogits(
  logits: Volume,
  properties: CaseProperties,
  context: ExportContext,
): Promise<Probabilities> {
  const { labels, plans } = context;
  const classes = logits.shape[3]!;
  const cropped = properties.shape_after_cropping_and_before_resampling;
  const size = voxels(cropped);
  const planes = Array.from({ length: classes }, () => new Float32Array(size));
  for await (const { values, first, count } of resampledLogits(logits, croppedGrid(properties, context), context))
    for (let c = 0; c < count; c++)
      for (let voxel = 0; voxel < size; voxel++) planes[first + c]![voxel] = values[voxel * count + c]!;
  if (labels.regions) for (const plane of planes) sigmoid(plane);
  else softmax(planes);
  const whole = triple(properties.shape_before_cropping);
  const data = new Float32Array(classes * voxels(whole));
  for (const [c, plane] of planes.entries()) {
    const outside = c === 0 && !labels.regions ? 1 : 0;
    const inserted = insertIntoBox(plane, whole, boxOf(properties), 1, outside);
    data.set(transposeVolume(inserted, whole, plans.transpose_backward), c * voxels(whole));
  }
  return { shape: [classes, ...inOrder(whole, plans.transpose_backward)], data };
}

interface LogitGroup {
  /** `[voxels, count]` */
  readonly values: Float32Array;
  /** The first of these classes. */
  readonly first: number;
  readonly count: number;
}

interface Grid {
  readonly size: Triple;
  /** mm */
  readonly from: readonly number[];
  readonly to: readonly number[];
}

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

/** Logits of a few classes at a time, on another grid. */
async function* resampledLogits(
  { shape, data }: Volume,
  { size, from, to }: Grid,
  { configuration, device, resampledValues = 64e6 }: ExportContext,
): AsyncIterable<LogitGroup> {
  const [d, h, w, classes] = shape as readonly [number, number, number, number];
  if (size[0] === d && size[1] === h && size[2] === w) {
    yield { values: data, first: 0, count: classes };
    return;
  }
  const resampling = resamplingOf(configuration.resampling_fn_probabilities);
  const most = Math.max(1, Math.floor(resampledValues / Math.max(voxels(size), d * h * w)));
  for (let first = 0; first < classes; first += most) {
    const count = Math.min(most, classes - first);
    const x = fromArray(pickClasses(data, classes, first, count), [1, d, h, w, count], { device });
    const out = noGrad(() => resampling.data(x, size, from, to, configuration.resampling_fn_probabilities_kwargs));
    const values = out.data();
    for (const tensor of new Set([x, out])) tensor.dispose();
    yield { values: (await values) as Float32Array, first, count };
  }
}

function pickClasses(data: Float32Array, classes: number, first: number, count: number): Float32Array {
  if (count === classes) return data;
  const picked = new Float32Array((data.length / classes) * count);
  for (let from = first, to = 0; to < picked.length; from += classes, to += count)
    for (let c = 0; c < count; c++) picked[to + c] = data[from + c]!;
  return picked;
}

function sigmoid(values: Float32Array): void {
  for (let i = 0; i < values.length; i++) values[i] = 1 / (1 + Math.exp(-values[i]!));
}

/** Over the classes, at every voxel. */
function softmax(planes: readonly Float32Array[]): void {
  for (let voxel = 0; voxel < planes[0]!.length; voxel++) {
    let largest = Number.NEGATIVE_INFINITY;
    for (const plane of planes) largest = Math.max(largest, plane[voxel]!);
    let total = 0;
    for (const plane of planes) total += Math.exp(plane[voxel]! - largest);
    for (const plane of planes) plane[voxel] = Math.exp(plane[voxel]! - largest) / total;
  }
}

const voxels = (shape: readonly number[]): number => shape.reduce((product, extent) => product * extent, 1);
const triple = (shape: readonly number[]): Triple => shape as unknown as Triple;

const boxOf = ({ bbox_used_for_cropping: bounds }: CaseProperties): Box => ({
  lower: triple(bounds.map(([low]) => low!)),
  upper: triple(bounds.map(([, high]) => high!)),
});
