/** Any folder of case folders, by patterns: `{ channels: { Flair: 'Flair*.nii*', T1c: 'T1c*.nii*' }, label: 'OTMultiClass*' }`. */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { Folder } from '../source.ts';
import { bratsLabels } from './brats.ts';
import { type CaseFolder, findCaseFolders, missingChannels, openMatch } from './case-folders.ts';
import { type Case, type DataSet, imageEnding } from './dataset.ts';
import { type LabelEntries, parseLabels } from './labels.ts';
import { arePaths, openByPaths } from './path-patterns.ts';

export interface PatternOptions {
  /**
   * Channel name → pattern for its file in a case folder; `*` is any text, `?` any character. With `{case}` or a slash in them, patterns are paths
   * in the data set's folder; see path-patterns.ts.
   */
  readonly channels: Readonly<Record<string, string>>;
  /** Pattern of the segmentation. */
  readonly label?: string;
  /** What its values mean, as in dataset.json. */
  readonly labels?: LabelEntries;
  readonly regionsClassOrder?: readonly number[];
}

/** FLAIR and T1c of BraTS 2013, normalised, with the segmentation in five classes. */
const brats2013: PatternOptions = {
  channels: { Flair: 'Flair_subtrMeanDivStd.nii*', T1c: 'T1c_subtrMeanDivStd.nii*' },
  label: 'OTMultiClass.nii*',
};

/** Opens a data set by patterns. Throws 'dataset' where no case is found, or one lacks a channel or has a file too many. */
export async function openByPattern(root: Folder, options: PatternOptions): Promise<DataSet> {
  if (arePaths(options)) return openByPaths(root, options);
  const channels = Object.entries(options.channels).map(([name, pattern]) => ({
    name,
    pattern,
    matches: glob(pattern),
  }));
  if (channels.length === 0)
    throw new VoxelgradError('option', { what: 'channels', expected: 'a pattern or more', got: 'none' });
  const folders = await findCaseFolders(root, (files) =>
    files.some((file) => channels.some(({ matches }) => matches(file))),
  );
  if (folders.length === 0)
    throw new VoxelgradError('dataset', {
      what: `no case in ${root.path}`,
      expected: `folders with files ${channels.map(({ pattern }) => pattern).join(', ')}`,
      help: 'check the path and the patterns; capital letters count',
    });
  const label = options.label === undefined ? undefined : glob(options.label);
  const cases: Case[] = [];
  for (const folder of folders) cases.push(await openCase(folder, channels, label));
  return {
    name: root.name,
    layout: 'pattern',
    channelNames: channels.map(({ name }) => name),
    fileEnding: imageEnding(cases[0]!.channels[0]!.file.name),
    cases,
    ...(options.labels === undefined
      ? {}
      : { labels: parseLabels(options.labels, options.regionsClassOrder, 'the options') }),
  };
}

/** The folders of BraTS 2013 in the form of `brats2013`; undefined where there are none. */
export async function openBrats2013(root: Folder): Promise<DataSet | undefined> {
  const matches = glob(brats2013.channels.Flair!);
  const found = await findCaseFolders(root, (files) => files.some(matches));
  if (found.length === 0) return undefined;
  return { ...(await openByPattern(root, brats2013)), labels: bratsLabels('1,2,3,4') };
}

interface ChannelPattern {
  readonly name: string;
  readonly pattern: string;
  matches(name: string): boolean;
}

async function openCase(
  entry: CaseFolder,
  channels: readonly ChannelPattern[],
  label?: (name: string) => boolean,
): Promise<Case> {
  const found = await Promise.all(channels.map(({ name, matches }) => openMatch(entry, name, matches)));
  const missing = channels.filter((_, i) => found[i] === undefined);
  if (missing.length > 0)
    throw missingChannels(
      entry.folder,
      missing.map(({ name }) => name),
      channels.filter((_, i) => found[i] !== undefined).map(({ name }) => name),
      `put a file ${missing.map(({ pattern }) => pattern).join(', ')} into ${entry.folder.path}`,
    );
  const file = label === undefined ? undefined : await openMatch(entry, 'the segmentation', label);
  return {
    name: entry.folder.name,
    channels: found.map((source) => ({ file: source! })),
    ...(file === undefined ? {} : { label: { file } }),
  };
}

function glob(pattern: string): (name: string) => boolean {
  const source = pattern
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*/g, '.*')
    .replace(/\?/g, '.');
  const expression = new RegExp(`^${source}$`);
  return (name) => expression.test(name);
}
