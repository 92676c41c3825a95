/**
 * The slices that a DICOM file holds: one in the files that scanners wrote for decades, many in an enhanced multi-frame file, where what is common to
 * all frames is in the shared functional groups and the rest in those of each frame (PS3.3, C.7.6.16).
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { DataSet } from 'dicom-parser';
import { unit, type Vector3 } from '../affine.ts';
import type { FileSource } from '../source.ts';
import { decimals, items, type Tag, tags, text, wholeNumber } from './attributes.ts';
import { type DicomFile, refuseDicom } from './file.ts';
import { checkPixelData } from './frame-bytes.ts';
import { type PixelFormat, pixelFormat } from './pixel-format.ts';

/** A slice and where it is. Pixels stay in the file. World is DICOM's LPS+, in mm. */
export interface Slice {
  readonly source: FileSource;
  /** Index of the frame in its file, from 0. */
  readonly frame: number;
  readonly frames: number;
  readonly format: PixelFormat;
  /** Centre of the first voxel. */
  readonly position: Vector3;
  /** Unit vectors along a row (x) and down a column (y). */
  readonly rowDirection: Vector3;
  readonly columnDirection: Vector3;
  /** Millimetres between rows (y) and between columns (x). */
  readonly pixelSpacing: readonly [number, number];
  /** Millimetres; only a slice that is alone needs it. */
  readonly thickness: number;
  readonly slope: number;
  readonly intercept: number;
  /** What tells apart images of one place: time, echo, acquisition, … */
  readonly distinction: Readonly<Partial<Record<Tag, string>>>;
}

export interface SeriesIdentity {
  /** Series Instance UID; empty where the files have none. */
  readonly uid: string;
  readonly description: string;
  readonly modality: string;
}

/** Undefined for DICOM files without an image: directories, reports, presentation states. */
export function seriesOf({ dataset }: DicomFile): SeriesIdentity | undefined {
  if (dataset.elements[tags.pixelData] === undefined) return undefined;
  return {
    // Some anonymizers empty it: then all files without one are one series, and must be one volume.
    uid: text(dataset, 'seriesInstanceUid') ?? '',
    description: text(dataset, 'seriesDescription') ?? '',
    modality: text(dataset, 'modality') ?? '',
  };
}

/** Throws 'format' for what is damaged or cannot be placed in the patient. */
export function slicesOf(file: DicomFile): Slice[] {
  const { dataset, source } = file;
  const { path } = source;
  const format = pixelFormat(dataset, path);
  const groups = items(dataset, 'frameGroups');
  const frames = wholeNumber(dataset, 'numberOfFrames', [1, 2 ** 20], path, 1);
  checkPixelData(file, format, frames);
  if (groups.length === 0 && frames > 1)
    throw refuseDicom(path, 'frames that say where they are', `${frames} frames without functional groups`);
  if (groups.length !== frames && groups.length > 0)
    throw refuseDicom(path, `${frames} functional groups, one a frame`, `${groups.length}`);
  const shared = items(dataset, 'sharedGroups');
  return Array.from({ length: frames }, (_, frame) => {
    const own = groups[frame];
    // A functional group is a sequence of one item in the frame's own groups or in the shared ones; elsewhere attributes stand at the top.
    const find = (group: Tag): DataSet =>
      (own && items(own, group)[0]) ?? (shared[0] && items(shared[0], group)[0]) ?? dataset;
    return {
      source,
      frame,
      frames,
      format,
      ...place(find, path),
      ...scale(find, path),
      distinction: distinguish(file),
    };
  });
}

function place(find: (group: Tag) => DataSet, path: string) {
  const position = decimals(find('planePosition'), 'imagePosition', 3, path);
  const orientation = decimals(find('planeOrientation'), 'imageOrientation', 6, path);
  const measures = find('pixelMeasures');
  const spacing = decimals(measures, 'pixelSpacing', 2, path);
  if (position === undefined || orientation === undefined || spacing === undefined)
    throw new VoxelgradError('format', {
      what: path,
      expected: 'Image Position (Patient), Image Orientation (Patient) and Pixel Spacing',
      got: 'no such attributes',
      help: 'this is no slice of a volume; leave it out',
    });
  if (!spacing.every((step) => step > 0)) throw refuseDicom(path, 'a pixel spacing above 0', spacing.join(', '));
  const [rx, ry, rz, cx, cy, cz] = orientation as [number, number, number, number, number, number];
  const lengths = [Math.hypot(rx, ry, rz), Math.hypot(cx, cy, cz)];
  const cosine = rx * cx + ry * cy + rz * cz;
  if (lengths.some((length) => Math.abs(length - 1) > 1e-3) || Math.abs(cosine) > 1e-3)
    throw refuseDicom(path, 'an orientation of two unit vectors at right angles', orientation.join(', '));
  const thickness =
    decimals(measures, 'spacingBetweenSlices', 1, path)?.[0] ?? decimals(measures, 'sliceThickness', 1, path)?.[0] ?? 0;
  return {
    position: position as unknown as Vector3,
    rowDirection: unit([rx, ry, rz]),
    columnDirection: unit([cx, cy, cz]),
    pixelSpacing: spacing as unknown as readonly [number, number],
    thickness: Math.abs(thickness),
  };
}

function scale(find: (group: Tag) => DataSet, path: string) {
  const transformation = find('pixelValueTransformation');
  const slope = decimals(transformation, 'rescaleSlope', 1, path)?.[0] ?? 1;
  const intercept = decimals(transformation, 'rescaleIntercept', 1, path)?.[0] ?? 0;
  if (slope === 0) throw refuseDicom(path, 'a rescale slope other than 0', '0');
  return { slope, intercept };
}

const distinctions = [
  'acquisitionNumber',
  'temporalPosition',
  'triggerTime',
  'echoTime',
  'diffusionBValue',
  'imageType',
] as const;

function distinguish({ dataset }: DicomFile): Slice['distinction'] {
  return Object.fromEntries(
    distinctions.flatMap((tag) => (text(dataset, tag) === undefined ? [] : [[tag, text(dataset, tag)]])),
  );
}
