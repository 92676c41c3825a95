/** Data sets as lists of cases, whatever their folders look like, and the reading of a case. */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { Vector3 } from '../affine.ts';
import { channelCount, type Image, selectChannel, spatialShape } from '../image.ts';
import { readImage } from '../read-image.ts';
import type { FileSource } from '../source.ts';
import { type Labels, labelEntries } from './labels.ts';

/** A volume in a file, not read yet. `channel` is set where the file holds several (4-D). */
export interface ImageReference {
  readonly file: FileSource;
  readonly channel?: number;
}

export interface Case {
  readonly name: string;
  /** In the order of the data set's `channelNames`. */
  readonly channels: readonly ImageReference[];
  readonly label?: ImageReference;
}

export type Layout = 'brats' | 'pattern' | 'msd' | 'nnunet';

export interface DataSet {
  readonly name: string;
  readonly layout: Layout;
  readonly channelNames: readonly string[];
  /** Undefined where nothing in the folder tells what the label values mean. */
  readonly labels?: Labels;
  /** Ending of the image files with its dot, `.nii.gz`: predictions get the same. */
  readonly fileEnding: string;
  /** Sorted by name. */
  readonly cases: readonly Case[];
  /** How many cases dataset.json promises. */
  readonly numTraining?: number;
  /** Segmentations that belong to no case, for want of its images: paths in the data set. */
  readonly strayLabels?: readonly string[];
}

export interface LoadedCase {
  readonly name: string;
  /** All of one shape [z, y, x]. */
  readonly channels: readonly Image<Float32Array>[];
  readonly label?: Image<Uint8Array | Int16Array>;
}

/** Reads the images of a case, each file once. Throws 'dataset' where their shapes differ or a label is no whole number. */
export async function readCase(entry: Case): Promise<LoadedCase> {
  const files = new Map<FileSource, Promise<Image>>();
  const load = (file: FileSource) => {
    const pending = files.get(file) ?? readImage(file, { as: 'float32' });
    files.set(file, pending);
    return pending;
  };
  const channels: Image<Float32Array>[] = [];
  for (const reference of entry.channels)
    channels.push(oneVolume(await load(reference.file), reference) as Image<Float32Array>);
  const label = entry.label === undefined ? undefined : await readLabel(entry.label);

  for (const [i, image] of [...channels, ...(label === undefined ? [] : [label])].entries()) {
    const shape = image.shape.join(' × ');
    const expected = channels[0]!.shape.join(' × ');
    if (shape === expected) continue;
    const file = (entry.channels[i] ?? entry.label)!.file.path;
    throw new VoxelgradError('dataset', {
      what: `case ${entry.name}: shape of ${file}`,
      expected: `${expected}, as ${entry.channels[0]!.file.name} has`,
      got: shape,
      help: 'all images of a case must be registered to one grid',
    });
  }
  return label === undefined ? { name: entry.name, channels } : { name: entry.name, channels, label };
}

/** A segmentation as whole numbers. Values within 0.001 of one count as it: some files store labels with a scale. */
export async function readLabel(reference: ImageReference): Promise<Image<Uint8Array | Int16Array>> {
  const image = oneVolume(await readImage(reference.file), reference);
  if (image.data instanceof Uint8Array) return { ...image, data: image.data };
  const what = reference.file.path;
  let [low, high] = [0, 0];
  for (let i = 0; i < image.data.length; i++) {
    const value = image.data[i]!;
    const whole = Math.round(value);
    if (!(Math.abs(value - whole) <= 1e-3))
      throw new VoxelgradError('dataset', { what, expected: 'whole label values', got: `${value}` });
    if (whole < low) low = whole;
    if (whole > high) high = whole;
  }
  if (low < -32768 || high > 32767)
    throw new VoxelgradError('dataset', {
      what,
      expected: 'label values of 16 bits',
      got: `${low < -32768 ? low : high}`,
    });
  const data = low >= 0 && high <= 255 ? new Uint8Array(image.data.length) : new Int16Array(image.data.length);
  for (let i = 0; i < data.length; i++) data[i] = Math.round(image.data[i]!);
  return { ...image, data };
}

function oneVolume(read: Image, { file, channel }: ImageReference): Image {
  const image = read.flat ? { ...read, spacing: flatSpacing(read.spacing) } : read;
  if (channel !== undefined) return selectChannel(image, channel, file.path);
  if (channelCount(image) !== 1)
    throw new VoxelgradError('dataset', {
      what: file.path,
      expected: 'one volume',
      got: `${channelCount(image)} (shape ${image.shape.join(' × ')})`,
      help: 'split it into one file for each channel',
    });
  return image.shape.length === 3 ? image : { ...image, shape: spatialShape(image) };
}

/** Slices of their own are far apart (nnunetv2/imageio/simpleitk_reader_writer.py): nothing is resampled or convolved across them. */
const flatSpacing = ([, y, x]: Vector3): Vector3 => [999 * Math.max(y, x), y, x];

/** The dataset.json of a data set, as nnU-Net writes it. */
export function datasetJson(dataset: DataSet): Record<string, unknown> {
  const { labels } = dataset;
  return {
    name: dataset.name,
    channel_names: Object.fromEntries(dataset.channelNames.map((name, i) => [String(i), name])),
    ...(labels === undefined ? {} : { labels: labelEntries(labels) }),
    ...(labels?.regionsClassOrder === undefined ? {} : { regions_class_order: labels.regionsClassOrder }),
    numTraining: dataset.cases.length,
    file_ending: dataset.fileEnding,
  };
}

/** The ending of an image's name with its dot; the double ones are kept whole. */
export function imageEnding(name: string): string {
  return /(\.nii|\.img|\.hdr)?\.[^.]+$/i.exec(name)?.[0] ?? '';
}
