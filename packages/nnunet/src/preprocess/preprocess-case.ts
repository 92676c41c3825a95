/**
 * From the images of a case to what networks see (`DefaultPreprocessor.run_case_npy` of nnU-Net 2.8): axes transposed, cropped to what is not zero,
 * normalised, then resampled – in this order, so that zeros around the object stay what they are while they matter.
 */
import type { JsonObject, PreprocessedCase } from '@voxelgrad/io';
import { type Case, type Labels, type LoadedCase, readCase } from '@voxelgrad/io/datasets';
import { type Box, interleaveChannels, reorient, spatialShape, type VoxelArray } from '@voxelgrad/io/images';
import {
  type Device,
  fromArray,
  type HostArray,
  noGrad,
  sameShape,
  type Tensor,
  type Triple,
  VoxelgradError,
} from '@voxelgrad/tensor';
import { defaultPreprocessor } from '../plan/configuration.ts';
import type { Configuration, Plans } from '../plan/plans.ts';
import { inOrder, resampledShape } from '../plan/target-spacing.ts';
import { cropToNonzero } from './crop-to-nonzero.ts';
import { foregroundLocations } from './foreground-locations.ts';
import { normalize } from './normalize.ts';
import { resamplingOf } from './resampling.ts';
import { transposeVolume } from './transpose.ts';

export interface PreprocessingContext {
  readonly plans: Plans;
  /** Of these plans, with all that it inherits: see `configurationOf`. */
  readonly configuration: Configuration;
  readonly labels: Labels;
  /** Where images and segmentations are resampled. It is opened when the first image has another spacing than planned. */
  readonly device: () => Promise<Device>;
}

/** What it takes to lay a prediction for the preprocessed case over the original image. Shapes, box and spacing are those of the transposed image. */
export interface CaseProperties extends JsonObject {
  /** [z, y, x] in mm, of the image as it is in the file. */
  readonly spacing: readonly number[];
  readonly shape_before_cropping: readonly number[];
  /** [first, behind the last] voxel along each axis. */
  readonly bbox_used_for_cropping: readonly (readonly number[])[];
  readonly shape_after_cropping_and_before_resampling: readonly number[];
  /** Voxel (x, y, z) of the image, as it was read, to RAS+ mm, row by row. */
  readonly affine: readonly number[];
}

export type Preprocessed = PreprocessedCase & { readonly properties: CaseProperties };

/** What plans say of nnU-Net's class that reads the images. */
export type ImageReader = Pick<Plans, 'image_reader_writer'>;

/** The images of a case as the plans' reader would give them: turned to RAS where it is one that turns images. */
export const readCaseFor = async (plans: ImageReader, entry: Case): Promise<LoadedCase> =>
  asReaderTurns(plans, await readCase(entry));

/** The same for images that were read already. */
export function asReaderTurns({ image_reader_writer: reader }: ImageReader, loaded: LoadedCase): LoadedCase {
  if (!reader.endsWith('WithReorient')) return loaded;
  const channels = loaded.channels.map((image) => reorient(image, 'RAS'));
  return loaded.label === undefined
    ? { ...loaded, channels }
    : { ...loaded, channels, label: reorient(loaded.label, 'RAS') };
}

/** Throws 'dataset' for a case that does not fit the plans, 'option' for plans with a preprocessor that voxelgrad does not have. A case without a label gets neither segmentation nor locations. */
export async function preprocessCase(loaded: LoadedCase, context: PreprocessingContext): Promise<Preprocessed> {
  const { plans, configuration, labels } = context;
  checkPreprocessor(configuration.preprocessor_name);
  const cropped = cropAndNormalize(loaded, plans, configuration);
  const { shape, spacing, segmentation, foreground, properties } = cropped;
  const target = targetSpacing(configuration, spacing);
  const size = resampledShape(shape, spacing, target) as unknown as Triple;
  const image = await resampleImage(cropped, size, target, context);
  const resampled = (labels: Int16Array) => resampleLabels({ shape, spacing, labels }, size, target, context);
  const result = {
    shape: image.shape,
    data: foreground === undefined ? image.data : withForeground(image.data, await resampled(foreground)),
    channels: loaded.channels.length + (foreground === undefined ? 0 : 1),
    properties,
  };
  if (segmentation === undefined) return result;
  const seg = await resampled(segmentation);
  return { ...result, seg, ...foregroundLocations(seg, labels) };
}

/** `[d, h, w, c]` with one more channel: 1 in the foreground, else 0. */
function withForeground(data: Float32Array, foreground: Int16Array): Float32Array {
  const channels = data.length / foreground.length;
  const joined = new Float32Array(data.length + foreground.length);
  for (let voxel = 0; voxel < foreground.length; voxel++) {
    for (let c = 0; c < channels; c++) joined[voxel * (channels + 1) + c] = data[voxel * channels + c]!;
    joined[voxel * (channels + 1) + channels] = foreground[voxel]!;
  }
  return joined;
}

/** Another one would make other voxels, which the weights of a network do not fit. */
function checkPreprocessor(name: string): void {
  if (name !== defaultPreprocessor)
    throw new VoxelgradError('option', { what: 'preprocessor of the plans', expected: defaultPreprocessor, got: name });
}

/** Slices of 2-D configurations are resampled in the plane only. */
const targetSpacing = ({ spacing }: Configuration, current: readonly number[]): readonly number[] =>
  spacing.length === 2 ? [current[0]!, ...spacing] : spacing;

interface Cropped {
  readonly shape: Triple;
  /** Transposed. */
  readonly spacing: readonly number[];
  /** `[d, h, w, c]`, normalised. */
  readonly image: Float32Array;
  readonly segmentation: Int16Array | undefined;
  /** 1 where no image is 0, else 0; where the plans ask for it. */
  readonly foreground: Int16Array | undefined;
  readonly properties: CaseProperties;
}

function cropAndNormalize({ name, channels, label }: LoadedCase, plans: Plans, configuration: Configuration): Cropped {
  const first = channels[0]!;
  const schemes = configuration.normalization_schemes;
  if (channels.length !== schemes.length)
    throw new VoxelgradError('dataset', {
      what: `case ${name}`,
      expected: `${schemes.length} channels, as in the plans`,
      got: String(channels.length),
    });
  const fileShape = spatialShape(first);
  const order = plans.transpose_forward;
  const wholeShape = inOrder(fileShape, order) as unknown as Triple;
  const cropped = cropToNonzero(
    channels.map(({ data }) => transposeVolume(data, fileShape, order)),
    wholeShape,
    `case ${name}`,
    label && transposeVolume<VoxelArray>(label.data, fileShape, order),
  );
  // Labelled voxels count, even where all channels are 0: nnU-Net's mask is what its segmentation has not as −1.
  const inside = configuration.use_mask_for_norm.some(Boolean)
    ? Uint8Array.from(cropped.segmentation, (value) => (value >= 0 ? 1 : 0))
    : undefined;
  // Before normalisation, which makes 0 of what is in the middle. (NVIDIA's paper says so; its code looks at z-scores.)
  const foreground =
    configuration.foreground_mask_channel === true
      ? Int16Array.from(cropped.channels[0]!, (_, i) => (cropped.channels.every((channel) => channel[i] !== 0) ? 1 : 0))
      : undefined;
  for (const [c, channel] of cropped.channels.entries()) {
    const intensities = plans.foreground_intensity_properties_per_channel[c];
    normalize(channel, schemes[c]!, {
      what: `channel ${c} of case ${name}`,
      ...(inside !== undefined && configuration.use_mask_for_norm[c] === true ? { mask: inside } : {}),
      ...(intensities === undefined ? {} : { intensities }),
    });
  }
  return {
    shape: cropped.shape,
    spacing: inOrder(first.spacing, order),
    image: cropped.channels.length === 1 ? cropped.channels[0]! : interleaveChannels(cropped.channels),
    segmentation: label && cropped.segmentation,
    foreground,
    properties: {
      spacing: first.spacing,
      shape_before_cropping: wholeShape,
      bbox_used_for_cropping: boundsOf(cropped.box),
      shape_after_cropping_and_before_resampling: cropped.shape,
      affine: first.affine,
    },
  };
}

const boundsOf = ({ lower, upper }: Box): number[][] => lower.map((low, axis) => [low, upper[axis]!]);

type Resampled = Pick<Cropped, 'shape' | 'spacing'>;

async function resampleImage(
  { shape, spacing, image }: Resampled & Pick<Cropped, 'image'>,
  size: Triple,
  target: readonly number[],
  { configuration, device }: PreprocessingContext,
): Promise<{ shape: Triple; data: Float32Array }> {
  if (sameShape(size, shape)) return { shape, data: image };
  const channels = image.length / (shape[0] * shape[1] * shape[2]);
  const x = fromArray(image, [1, ...shape, channels], { device: await device() });
  const resampling = resamplingOf(configuration.resampling_fn_data);
  const out = noGrad(() => resampling.data(x, size, spacing, target, configuration.resampling_fn_data_kwargs));
  return { shape: out.shape.slice(1, 4) as unknown as Triple, data: (await readLast(x, out)) as Float32Array };
}

async function resampleLabels(
  { shape, spacing, labels }: Resampled & { readonly labels: Int16Array },
  size: Triple,
  target: readonly number[],
  { configuration, device }: PreprocessingContext,
): Promise<Int16Array> {
  if (sameShape(size, shape)) return labels;
  const x = fromArray(new Int32Array(labels), [1, ...shape], { device: await device() });
  const resampling = resamplingOf(configuration.resampling_fn_seg);
  const out = resampling.labels(x, size, spacing, target, configuration.resampling_fn_seg_kwargs);
  return new Int16Array(await readLast(x, out));
}

/** The values of what was made of `x`, after which neither is needed. */
async function readLast(x: Tensor, out: Tensor): Promise<HostArray> {
  try {
    return await out.data();
  } finally {
    for (const tensor of new Set([x, out])) tensor.dispose();
  }
}
