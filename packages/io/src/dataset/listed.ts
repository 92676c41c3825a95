/**
 * Data sets that a dataset.json describes: nnU-Net's raw layout (one file a channel, `case_0000.nii.gz`, or an explicit `dataset`
 * table) and the Decathlon's (one 4-D file a case, listed in `training`).
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import { type FileSource, type Folder, missingFile } from '../source.ts';
import { type Case, type DataSet, imageEnding } from './dataset.ts';
import { type DatasetDescription, readDatasetJson } from './dataset-json.ts';

export type Split = 'training' | 'test';

/** `test` reads imagesTs, where segmentations (labelsTs) need not be. Throws 'dataset' or 'file' for what is missing, by name. */
export async function openListed(root: Folder, json: FileSource, split: Split): Promise<DataSet> {
  const description = await readDatasetJson(json);
  const suffix = split === 'training' ? 'Tr' : 'Ts';
  const images = await listOrNothing(root, `images${suffix}`);
  const ending =
    description.fileEnding ?? imageEnding(images.find((name) => /\.nii(\.gz)?$/.test(name)) ?? images[0] ?? '.nii.gz');
  const shared = {
    name: description.name ?? root.name,
    channelNames: description.channelNames,
    labels: description.labels,
    fileEnding: ending,
    ...(description.numTraining === undefined || split === 'test' ? {} : { numTraining: description.numTraining }),
  };
  if (description.explicit !== undefined && split === 'training')
    return { ...shared, layout: 'nnunet', cases: await explicitCases(root, description, json.path) };
  const names = caseNames(images, ending);
  if (names.length > 0)
    return {
      ...shared,
      layout: 'nnunet',
      strayLabels: (await listOrNothing(root, `labels${suffix}`))
        .filter((file) => file.endsWith(ending) && !names.includes(file.slice(0, -ending.length)))
        .map((file) => `labels${suffix}/${file}`),
      cases: await openImages(root.folder(`images${suffix}`), {
        ...shared,
        labels: { folder: root.folder(`labels${suffix}`), required: split === 'training' },
      }),
    };
  const listed =
    split === 'training' ? description.training : description.test?.map((image) => ({ image, label: undefined }));
  if (listed !== undefined && listed.length > 0)
    return { ...shared, layout: 'msd', cases: await decathlonCases(root, listed, description.channelNames.length) };
  throw new VoxelgradError('dataset', {
    what: `no case in ${root.path}`,
    expected: `images${suffix}/CASE_0000${ending}, or a list of files in dataset.json`,
    got:
      images.length === 0 ? `no images${suffix}` : `${images.slice(0, 3).join(', ')}${images.length > 3 ? ', …' : ''}`,
  });
}

async function listOrNothing(root: Folder, name: string): Promise<readonly string[]> {
  const { folders } = await root.list();
  return folders.includes(name) ? (await root.folder(name).list()).files : [];
}

/** `a_0000.nii.gz`, `a_0001.nii.gz` → `a`. */
function caseNames(files: readonly string[], ending: string): string[] {
  const names = files
    .filter((file) => file.endsWith(ending))
    .map((file) => /^(.+)_\d{4}$/.exec(file.slice(0, -ending.length))?.[1])
    .filter((name) => name !== undefined);
  return [...new Set(names)].sort();
}

interface NamedFiles {
  readonly channelNames: readonly string[];
  readonly fileEnding: string;
  /** Where segmentations are, and whether each case must have one. */
  readonly labels?: { readonly folder: Folder; readonly required: boolean };
}

/**
 * The cases of a folder of images `CASE_0000.nii.gz`, as nnU-Net names them. Files are looked for by name; what is missing is told for all cases at
 * once. Throws 'dataset' where there is no case, or one has other channels than `channelNames`.
 */
export async function openImages(images: Folder, { channelNames, fileEnding, labels }: NamedFiles): Promise<Case[]> {
  const { files } = await images.list();
  const names = caseNames(files, fileEnding);
  if (names.length === 0)
    throw new VoxelgradError('dataset', {
      what: `no case in ${images.path}`,
      expected: `CASE_0000${fileEnding}`,
      got: `${files.slice(0, 3).join(', ')}${files.length > 3 ? ', …' : ''}` || 'an empty folder',
    });
  const labelled = new Set(labels === undefined ? [] : await filesIn(labels.folder));
  const present = new Set(files);
  const channelFile = (name: string, i: number) => `${name}_${String(i).padStart(4, '0')}${fileEnding}`;
  const inOneFile = channelNames.length > 1 && holdsColours(fileEnding) && !present.has(channelFile(names[0]!, 1));
  const cases: Case[] = [];
  const missing: string[] = [];
  for (const name of names) {
    const wanted = channelNames.map((_, i) => channelFile(name, inOneFile ? 0 : i));
    const label = `${name}${fileEnding}`;
    const absent = [...new Set(wanted)].filter((file) => !present.has(file)).map((file) => `${images.name}/${file}`);
    if (labels?.required && !labelled.has(label)) absent.push(`${labels.folder.name}/${label}`);
    missing.push(...absent);
    const extra = channelFile(name, channelNames.length);
    if (present.has(extra))
      throw new VoxelgradError('dataset', {
        what: `case ${name}`,
        expected: `${channelNames.length} channels, as dataset.json names`,
        got: extra,
      });
    if (absent.length > 0) continue;
    const opened = new Map<string, FileSource>();
    for (const file of new Set(wanted)) opened.set(file, await openOrThrow(images, file));
    const channels = wanted.map((file, channel) => ({ file: opened.get(file)!, ...(inOneFile ? { channel } : {}) }));
    const labelFile = labelled.has(label) ? await openOrThrow(labels!.folder, label) : undefined;
    cases.push({ name, channels, ...(labelFile === undefined ? {} : { label: { file: labelFile } }) });
  }
  if (missing.length > 0) throw lacks(images.path.slice(0, -images.name.length - 1), missing);
  return cases;
}

/** nnU-Net's NaturalImage2DIO: the channels of a picture are in one file, `case_0000.png`. */
const holdsColours = (ending: string): boolean => /^\.(png|bmp|tiff?)$/i.test(ending);

/** Names of the files in a folder that need not be there. */
const filesIn = async (folder: Folder): Promise<readonly string[]> =>
  folder.list().then(
    ({ files }) => files,
    () => [],
  );

async function explicitCases(
  root: Folder,
  { explicit = {}, channelNames }: DatasetDescription,
  what: string,
): Promise<Case[]> {
  const cases: Case[] = [];
  for (const [name, { images, label }] of Object.entries(explicit).sort(([a], [b]) => (a < b ? -1 : 1))) {
    if (images.length !== channelNames.length)
      throw new VoxelgradError('dataset', {
        what: `case ${name} in ${what}`,
        expected: `${channelNames.length} images, one for each channel`,
        got: `${images.length}`,
      });
    const channels = await Promise.all(images.map(async (path) => ({ file: await openOrThrow(root, path) })));
    cases.push({ name, channels, ...(label === undefined ? {} : { label: { file: await openOrThrow(root, label) } }) });
  }
  return cases;
}

async function decathlonCases(
  root: Folder,
  listed: readonly { image: string; label: string | undefined }[],
  channels: number,
): Promise<Case[]> {
  const cases: Case[] = [];
  for (const { image, label } of listed) {
    const file = await openOrThrow(root, image);
    const references =
      channels === 1 ? [{ file }] : Array.from({ length: channels }, (_, channel) => ({ file, channel }));
    const name = file.name.slice(0, -imageEnding(file.name).length);
    cases.push({
      name,
      channels: references,
      ...(label === undefined ? {} : { label: { file: await openOrThrow(root, label) } }),
    });
  }
  return cases.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function openOrThrow(root: Folder, path: string): Promise<FileSource> {
  const found = await root.file(path.replace(/^\.\//, ''));
  if (found === undefined) throw missingFile(path, `dataset.json in ${root.path} names it`);
  return found;
}

function lacks(root: string, missing: readonly string[], shown = 20): VoxelgradError {
  const more = missing.length > shown ? `, and ${missing.length - shown} more` : '';
  return new VoxelgradError('dataset', {
    what: `${root} lacks ${missing.length} file${missing.length === 1 ? '' : 's'}`,
    expected: `${missing.slice(0, shown).join(', ')}${more}`,
    help: 'complete the data set, or take the other files of these cases out',
  });
}
