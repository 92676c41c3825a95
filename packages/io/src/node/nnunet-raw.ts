/**
 * Any data set that can be opened as nnU-Net's raw layout: `imagesTr/CASE_0000.nii.gz`, `labelsTr/CASE.nii.gz` and, when all cases are there,
 * `dataset.json`. Images of the Decathlon that hold several channels are split, labels are renumbered where they have gaps. A case whose files are
 * there is passed over, so that an interrupted conversion goes on where it was.
 */
import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { VoxelgradError } from '@voxelgrad/tensor';
import { type Case, type DataSet, datasetJson, imageEnding, readCase, readLabel } from '../dataset/dataset.ts';
import { renumbered } from '../dataset/nnunet-labels.ts';
import { type Image, selectChannel } from '../image.ts';
import { readImage } from '../read-image.ts';
import type { FileSource } from '../source.ts';
import { writeFileAtomic } from './atomic-write.ts';
import { writeImageFile } from './images.ts';

export interface NnunetRawOptions {
  /** Of all images; `.nii.gz` by default. */
  readonly fileEnding?: '.nii.gz' | '.nii' | '.nrrd' | '.mha' | '.tif' | '.png';
  /** 'test' writes imagesTs, without labels and without dataset.json. */
  readonly split?: 'training' | 'test';
  /** Cases that are converted together: (de)compression runs on threads. One, unless told. */
  readonly atOnce?: number;
  /** Called after each case. */
  readonly onCase?: (name: string, index: number, count: number) => void;
}

/** Writes the data set to a folder, which is made. Throws 'dataset' for cases that cannot be read as one, 'file' where the disk refuses. */
export async function writeNnunetRaw(dataset: DataSet, folder: string, options: NnunetRawOptions = {}): Promise<void> {
  const { fileEnding = '.nii.gz', split = 'training', atOnce = 1, onCase } = options;
  const change = renumbered(dataset);
  const [images, labels] = split === 'training' ? ['imagesTr', 'labelsTr'] : ['imagesTs', undefined];
  await mkdir(join(folder, images!), { recursive: true });
  if (labels !== undefined) await mkdir(join(folder, labels), { recursive: true });
  const convert = async (entry: Case, index: number): Promise<void> => {
    if (labels !== undefined && entry.label === undefined)
      throw new VoxelgradError('dataset', {
        what: `case ${entry.name}`,
        expected: 'a segmentation to train on',
        got: 'none',
        help: "convert it with split 'test', or take it out",
      });
    const channelPath = (i: number) =>
      join(folder, images!, `${entry.name}_${String(i).padStart(4, '0')}${fileEnding}`);
    await writeChannels(entry, channelPath, fileEnding);
    if (labels !== undefined)
      await writeLabel(entry, join(folder, labels, `${entry.name}${fileEnding}`), fileEnding, change?.values);
    onCase?.(entry.name, index, dataset.cases.length);
  };
  await forEachCase(dataset.cases, atOnce, convert);
  if (split === 'test') return;
  const described = { ...dataset, fileEnding, ...(change === undefined ? {} : { labels: change.labels }) };
  await writeFileAtomic(join(folder, 'dataset.json'), `${JSON.stringify(datasetJson(described), undefined, 2)}\n`);
}

/** None is begun after one has failed. */
async function forEachCase(
  cases: readonly Case[],
  atOnce: number,
  run: (entry: Case, index: number) => Promise<void>,
): Promise<void> {
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < cases.length) {
      const index = next++;
      await run(cases[index]!, index).catch((error: unknown) => {
        next = cases.length;
        throw error;
      });
    }
  };
  await Promise.all(Array.from({ length: atOnce }, lane));
}

async function writeChannels(entry: Case, path: (channel: number) => string, ending: string): Promise<void> {
  const missing = [];
  for (const i of entry.channels.keys()) if (!(await isThere(path(i)))) missing.push(i);
  if (missing.length === 0) return;
  if (entry.channels.every(({ file, channel }) => channel === undefined && canCopy(file, ending))) {
    for (const i of missing) await writeFileAtomic(path(i), entry.channels[i]!.file.stream());
    return;
  }
  // Read once as a case, so that channels of different shapes are refused; written in the type that their file has.
  await readCase({ name: entry.name, channels: entry.channels });
  const files = new Map<FileSource, Image>();
  for (const i of missing) {
    const { file, channel = 0 } = entry.channels[i]!;
    const image = files.get(file) ?? (await readImage(file));
    files.set(file, image);
    await writeImageFile(path(i), selectChannel(image, channel, file.path));
  }
}

async function writeLabel(
  entry: Case,
  path: string,
  ending: string,
  values: ReadonlyMap<number, number> | undefined,
): Promise<void> {
  if (entry.label === undefined || (await isThere(path))) return;
  if (values === undefined && entry.label.channel === undefined && canCopy(entry.label.file, ending)) {
    await writeFileAtomic(path, entry.label.file.stream());
    return;
  }
  const label = await readLabel(entry.label);
  const data = values === undefined ? label.data : label.data.map((value) => newValue(value, values, entry));
  await writeImageFile(path, { ...label, data });
}

function newValue(value: number, values: ReadonlyMap<number, number>, entry: Case): number {
  const to = values.get(value);
  if (to !== undefined) return to;
  throw new VoxelgradError('dataset', {
    what: entry.label!.file.path,
    expected: `labels ${[...values.keys()].join(', ')}`,
    got: String(value),
  });
}

/** A file with the right ending is copied as it is, header and all. TIFF has its spacing in another file. */
const canCopy = (file: FileSource, ending: string): boolean =>
  ending !== '.tif' && imageEnding(file.name).toLowerCase() === ending;

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    (found) => found.isFile(),
    () => false,
  );
