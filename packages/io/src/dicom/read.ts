/** DICOM series in a folder, on disk or dropped on a page: which there are, and one of them as an image. */
import { VoxelgradError } from '@voxelgrad/tensor';
import { allocateVoxels, type Image, type VoxelArray, type VoxelType } from '../image.ts';
import type { ReadOptions } from '../read-options.ts';
import type { FileSource, Folder } from '../source.ts';
import { type DicomFile, isDicom, readDicomFile } from './file.ts';
import { frameSamples } from './frame-bytes.ts';
import { type SeriesIdentity, type Slice, seriesOf, slicesOf } from './frames.ts';
import { sampleRange } from './pixel-format.ts';
import { type SliceStack, stackSlices } from './volume.ts';

export interface DicomSeries extends SeriesIdentity {
  readonly files: readonly FileSource[];
}

export interface ReadSeriesOptions extends ReadOptions {
  /** Series Instance UID; needed where a folder has several series. */
  readonly series?: string;
  /** Called after each slice. */
  readonly onSlice?: (done: number, of: number) => void;
}

/** Folders are searched this deep: patient, study, series, and some more. */
const deepest = 8;

/** The series of images among the files of a folder and the folders in it, by UID; what is no DICOM is passed over. */
export async function listDicomSeries(folder: Folder): Promise<DicomSeries[]> {
  const found = new Map<string, SeriesIdentity & { files: FileSource[] }>();
  for await (const source of filesIn(folder, deepest)) {
    if (!(await isDicom(source))) continue;
    const identity = seriesOf(await readDicomFile(source));
    if (identity === undefined) continue;
    const series = found.get(identity.uid);
    if (series === undefined) found.set(identity.uid, { ...identity, files: [source] });
    else series.files.push(source);
  }
  return [...found.values()].sort((a, b) => (a.uid < b.uid ? -1 : 1));
}

/**
 * The volume of a series, in Hounsfield units or whatever its slope and intercept make of its samples: integers where both are whole numbers, else
 * float32. Throws 'dataset' where the folder holds none or several series or the slices are not one volume, 'format' for damaged files.
 */
export async function readDicomSeries(folder: Folder, options: ReadSeriesOptions = {}): Promise<Image> {
  const all = await listDicomSeries(folder);
  const chosen = options.series === undefined ? all : all.filter(({ uid }) => uid === options.series);
  if (chosen.length !== 1) throw notOne(folder, all, options.series);
  return readDicomFiles(
    chosen[0]!.files,
    options,
    `series ${chosen[0]!.description || chosen[0]!.uid} in ${folder.path}`,
  );
}

/** The volume that some files are the slices of, or the frames of one multi-frame file. Throws as `readDicomSeries`. */
export async function readDicomFiles(
  files: readonly FileSource[],
  options: Omit<ReadSeriesOptions, 'series'> = {},
  what = files[0]?.path ?? 'DICOM',
): Promise<Image> {
  const slices: Slice[] = [];
  for (const source of files) {
    const file = await readDicomFile(source);
    for (const slice of slicesOf(file)) slices.push(slice);
  }
  if (slices.length === 0) throw new VoxelgradError('dataset', { what, expected: 'a slice or more', got: 'none' });
  const stack = stackSlices(slices, what);
  const data = await readVoxels(stack, options, what);
  const { rows, columns } = slices[0]!.format;
  return { shape: [slices.length, rows, columns], data, spacing: stack.spacing, affine: stack.affine };
}

async function readVoxels(
  { slices }: SliceStack,
  { as, onSlice }: ReadSeriesOptions,
  what: string,
): Promise<VoxelArray> {
  const { rows, columns } = slices[0]!.format;
  const pixels = rows * columns;
  let data: VoxelArray | undefined;
  let file: DicomFile | undefined;
  for (const [z, slice] of slices.entries()) {
    if (file?.source !== slice.source) file = await readDicomFile(slice.source);
    const samples = await frameSamples(file, slice.format, slice.frame, slice.frames);
    // Only now: a first slice that cannot be decoded costs no volume.
    data ??= allocateVoxels(as ?? valueType(slices), pixels * slices.length, what);
    const { slope, intercept } = slice;
    for (let i = 0; i < pixels; i++) data[z * pixels + i] = samples[i]! * slope + intercept;
    onSlice?.(z + 1, slices.length);
  }
  return data!;
}

/** The smallest type that holds whatever the samples of these slices can become. */
function valueType(slices: readonly Slice[]): VoxelType {
  let [low, high] = [0, 0];
  for (const { format, slope, intercept } of slices) {
    if (!Number.isInteger(slope) || !Number.isInteger(intercept)) return 'float32';
    const ends = sampleRange(format).map((value) => value * slope + intercept);
    [low, high] = [Math.min(low, ...ends), Math.max(high, ...ends)];
  }
  if (low >= 0 && high <= 255) return 'uint8';
  if (low >= -32768 && high <= 32767) return 'int16';
  if (low >= 0 && high <= 65535) return 'uint16';
  return low >= -(2 ** 31) && high < 2 ** 31 ? 'int32' : 'float64';
}

async function* filesIn(folder: Folder, depth: number): AsyncIterable<FileSource> {
  const { files, folders } = await folder.list();
  for (const name of files) {
    const file = await folder.file(name);
    if (file !== undefined) yield file;
  }
  if (depth > 0) for (const name of folders) yield* filesIn(folder.folder(name), depth - 1);
}

function notOne(folder: Folder, all: readonly DicomSeries[], wanted: string | undefined): VoxelgradError {
  const shown = all.map(
    ({ uid, description, modality, files }) => `${uid} (${modality} ${description}, ${files.length} files)`,
  );
  return new VoxelgradError('dataset', {
    what: folder.path,
    expected: wanted === undefined ? 'one DICOM series' : `the series ${wanted}`,
    got: all.length === 0 ? 'none' : shown.join('; '),
    help: all.length === 0 ? 'check the path' : 'say which one, by its UID',
  });
}
