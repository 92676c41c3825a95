/**
 * Cases as training wants them: cropped to where any channel is not zero, normalised to zero mean and unit deviation, channels last. Follows nnU-Net's
 * preprocessing but for the resampling: the examples' data sets have one voxel size.
 */
import {
  type Box,
  boundingBox,
  boxShape,
  type Case,
  cropToBox,
  type Geometry,
  insertIntoBox,
  interleaveChannels,
  nonzeroMask,
  readCase,
  spatialShape,
  zScore,
} from '@voxelgrad/io';
import type { Triple } from '@voxelgrad/tensor';

export interface PreparedCase {
  readonly name: string;
  /** Of the crop. */
  readonly shape: Triple;
  /** `[d, h, w, c]`, cropped and normalised. */
  readonly image: Float32Array;
  /** `[d, h, w]`, cropped; −1 outside of the nonzero mask. Absent for cases to predict only. */
  readonly label?: Int16Array;
  readonly box: Box;
  readonly fullShape: Triple;
  /** Whether it was normalised within the nonzero mask and is 0 outside. */
  readonly masked: boolean;
  readonly geometry: Geometry;
}

/** nnU-Net's threshold: where cropping takes this much away, statistics are those of the inside. */
const MASKED_BELOW = 0.75;

export async function prepareCase(entry: Case): Promise<PreparedCase> {
  const { channels, label } = await readCase(entry);
  const first = channels[0]!;
  const fullShape = spatialShape(first);
  const fullMask = nonzeroMask(
    channels.map(({ data }) => data),
    fullShape,
  );
  const box = boundingBox(fullMask, fullShape);
  const shape = boxShape(box);
  const croppedShare = shape.reduce((share, extent, axis) => (share * extent) / fullShape[axis]!, 1);
  const mask = cropToBox(fullMask, fullShape, box);
  const masked = croppedShare < MASKED_BELOW;
  const normalized = channels.map(({ data }) => zScore(cropToBox(data, fullShape, box), masked ? mask : undefined));
  const prepared = {
    name: entry.name,
    shape,
    image: interleaveChannels(normalized),
    box,
    fullShape,
    masked,
    geometry: first,
  };
  if (label === undefined) return prepared;
  const cropped = Int16Array.from(cropToBox(label.data, fullShape, box));
  for (let i = 0; i < cropped.length; i++) if (cropped[i] === 0 && mask[i] === 0) cropped[i] = -1;
  return { ...prepared, label: cropped };
}

/** A segmentation of the crop, put back into the whole volume. */
export const wholeVolume = (segmentation: Uint8Array, { fullShape, box }: PreparedCase): Uint8Array =>
  insertIntoBox(segmentation, fullShape, box);
