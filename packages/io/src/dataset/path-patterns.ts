/**
 * Data sets whose cases are told by their paths, as in BIDS or in folders of images and masks:
 * `{ channels: { T1: '{case}/anat/{case}_T1w.nii.gz' }, label: 'derivatives/labels/{case}/anat/{case}_dseg.nii.gz' }`.
 * `{case}` is the case's name, the same wherever it stands, `{case:sub-*}` one of that form; `*` is any text within a name, `**` any folders, `?` any
 * character. In paths without it the first folder with a wildcard is the case, or else what the file's first wildcard stands for.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { FileSource, Folder } from '../source.ts';
import { type Case, type DataSet, imageEnding } from './dataset.ts';
import { parseLabels } from './labels.ts';
import type { PatternOptions } from './pattern.ts';

const deepest = 8;

const placeholder = /\{case(?::[^}/]*)?\}/;

/** Names of files have no slash. */
export const arePaths = ({ channels, label = '' }: Pick<PatternOptions, 'channels' | 'label'>): boolean =>
  [...Object.values(channels), label].some((pattern) => pattern.includes('/') || placeholder.test(pattern));

/** Opens a data set by path patterns. Throws 'dataset' where no case is found, one lacks a channel, or several files fit one place. */
export async function openByPaths(root: Folder, options: PatternOptions): Promise<DataSet> {
  const patterns = { ...options.channels, ...(options.label === undefined ? {} : { [labelKey]: options.label }) };
  const named = Object.values(patterns).some((pattern) => placeholder.test(pattern));
  const matchers = Object.entries(patterns).map(([name, pattern]) => ({
    name,
    expression: compile(named ? pattern : withCase(pattern)),
  }));
  const found = new Map<string, Map<string, FileSource>>();
  for await (const { path, file } of filesIn(root, '', deepest)) {
    for (const { name, expression } of matchers) {
      const entry = expression.exec(path)?.groups?.case;
      if (entry === undefined) continue;
      const files = found.get(entry) ?? new Map<string, FileSource>();
      found.set(entry, files);
      const before = files.get(name);
      if (before !== undefined) throw severalFiles(entry, name, before, file);
      files.set(name, file);
    }
  }
  const channelNames = Object.keys(options.channels);
  const cases = [...found].filter(([, files]) => channelNames.some((name) => files.has(name)));
  if (cases.length === 0)
    throw new VoxelgradError('dataset', {
      what: `no case in ${root.path}`,
      expected: `files ${Object.values(options.channels).join(', ')}`,
      help: 'check the path and the patterns; capital letters count',
    });
  checkComplete(root, cases, options);
  const sorted = cases.sort(([a], [b]) => (a < b ? -1 : 1));
  return {
    name: root.name,
    layout: 'pattern',
    channelNames,
    fileEnding: imageEnding(sorted[0]![1].get(channelNames[0]!)!.name),
    cases: sorted.map(([name, files]): Case => {
      const label = files.get(labelKey);
      const channels = channelNames.map((channel) => ({ file: files.get(channel)! }));
      return { name, channels, ...(label === undefined ? {} : { label: { file: label } }) };
    }),
    ...(options.labels === undefined
      ? {}
      : { labels: parseLabels(options.labels, options.regionsClassOrder, 'the options') }),
  };
}

/** No channel can be called so. */
const labelKey = '\0label';

function withCase(pattern: string): string {
  const parts = pattern.split('/');
  const at = parts.findIndex((part) => part !== '**' && /[*?]/.test(part));
  const part = parts[at];
  if (part === undefined)
    throw new VoxelgradError('option', { what: `pattern ${pattern}`, expected: 'a * for the name of the case' });
  const marked = at === parts.length - 1 ? part.replace(/[*?]/, '{case}') : `{case:${part}}`;
  return parts.with(at, marked).join('/');
}

function compile(pattern: string): RegExp {
  if (!placeholder.test(pattern))
    throw new VoxelgradError('option', {
      what: `pattern ${pattern}`,
      expected: '{case} in every pattern, if in any',
      got: 'none',
    });
  const parts = pattern.split(/(\{case(?::[^}/]*)?\}|\*\*\/|\*|\?)/);
  let named = false;
  const source = parts.map((part): string => {
    if (part === '**/') return '(?:[^/]+/)*';
    if (!placeholder.test(part)) return ofName(part);
    if (named) return '\\k<case>';
    named = true;
    const form = part.slice('{case:'.length, -1);
    const name =
      form === ''
        ? '[^/]+?'
        : form
            .split(/([*?])/)
            .map(ofName)
            .join('');
    return `(?<case>${name})`;
  });
  return new RegExp(`^${source.join('')}$`);
}

/** A piece of a pattern within one name. */
function ofName(part: string): string {
  if (part === '*') return '[^/]*';
  return part === '?' ? '[^/]' : part.replace(/[.+^${}()|[\]\\]/g, '\\$&');
}

async function* filesIn(
  folder: Folder,
  prefix: string,
  depth: number,
): AsyncIterable<{ path: string; file: FileSource }> {
  const { files, folders } = await folder.list();
  for (const name of files) {
    const file = await folder.file(name);
    if (file !== undefined) yield { path: `${prefix}${name}`, file };
  }
  if (depth > 0) for (const name of folders) yield* filesIn(folder.folder(name), `${prefix}${name}/`, depth - 1);
}

function checkComplete(
  root: Folder,
  cases: readonly [string, ReadonlyMap<string, FileSource>][],
  { channels }: PatternOptions,
): void {
  const missing = cases.flatMap(([name, files]) =>
    Object.entries(channels)
      .filter(([channel]) => !files.has(channel))
      .map(([channel, pattern]) => `${channel} of ${name} (${pattern.replace(new RegExp(placeholder, 'g'), name)})`),
  );
  if (missing.length > 0)
    throw new VoxelgradError('dataset', {
      what: `${root.path} lacks ${missing.length} file${missing.length === 1 ? '' : 's'}`,
      expected: `${missing.slice(0, 20).join(', ')}${missing.length > 20 ? ', …' : ''}`,
      help: 'complete the data set, or take the other files of these cases out',
    });
}

function severalFiles(entry: string, name: string, before: FileSource, file: FileSource): VoxelgradError {
  return new VoxelgradError('dataset', {
    what: `case ${entry}`,
    expected: `one file for ${name === labelKey ? 'the segmentation' : name}`,
    got: `${before.path} and ${file.path}`,
    help: 'make the pattern narrower',
  });
}
