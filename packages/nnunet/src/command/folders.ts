/**
 * Where data sets are, as nnU-Net has it: `nnUNet_raw/Dataset004_Hippocampus` and the same name below `nnUNet_preprocessed` and `nnUNet_results`.
 * The three roots are environment variables, or options of the same meaning.
 */
import { existsSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { VoxelgradError } from '@voxelgrad/tensor';
import type { OptionSpecs } from '../terminal/option-spec.ts';
import type { CommandContext } from './command.ts';

type Root = 'raw' | 'preprocessed' | 'results';

const held = { raw: 'raw data sets', preprocessed: 'preprocessed data sets', results: 'trained models' } as const;
const variables = { raw: 'nnUNet_raw', preprocessed: 'nnUNet_preprocessed', results: 'nnUNet_results' } as const;

/** Options that name the roots, to be spread into a command's. */
export const rootOptions = {
  raw: { type: 'string', placeholder: 'folder', help: 'Folder of the raw data sets, instead of $nnUNet_raw.' },
  preprocessed: {
    type: 'string',
    placeholder: 'folder',
    help: 'Folder of the preprocessed data sets, instead of $nnUNet_preprocessed.',
  },
  results: { type: 'string', placeholder: 'folder', help: 'Folder of the trained models, instead of $nnUNet_results.' },
} as const satisfies OptionSpecs;

/** The folder of all raw (preprocessed, trained) data sets. Throws 'option' where neither option nor variable tells. */
export function rootFolder(
  root: Root,
  options: Partial<Record<Root, string | undefined>>,
  { environment }: Pick<CommandContext, 'environment'>,
): string {
  const folder = options[root] ?? environment[variables[root]];
  if (folder !== undefined && folder !== '') return folder;
  throw new VoxelgradError('option', {
    what: `the folder of ${held[root]} is not told`,
    expected: `the environment variable ${variables[root]}, or --${root}`,
    help: `export ${variables[root]}=/where/they/are`,
  });
}

/**
 * 4, '4', '004', 'Dataset004_Hippocampus' → 'Dataset004_Hippocampus', looked for in `roots` in turn. Throws 'dataset' where none or several have that
 * number.
 */
export async function datasetName(identifier: string, roots: readonly string[]): Promise<string> {
  if (/^Dataset\d{3,}_/.test(identifier)) return identifier;
  const number = /^\d+$/.test(identifier) ? identifier.replace(/^0+(?=\d)/, '').padStart(3, '0') : undefined;
  if (number === undefined)
    throw new VoxelgradError('dataset', {
      what: `data set '${identifier}'`,
      expected: 'its number, or its name such as Dataset004_Hippocampus',
    });
  const there = await dataSetsIn(roots);
  const [name, ...others] = there.filter((folder) => folder.startsWith(`Dataset${number}_`));
  if (name !== undefined && others.length === 0) return name;
  throw new VoxelgradError('dataset', {
    what: `data set ${Number(identifier)}`,
    expected: `one folder Dataset${number}_NAME in ${roots.join(' or ')}`,
    got: name === undefined ? 'none' : [name, ...others].join(', '),
    help: name === undefined ? whatIsThere(there) : 'Give the whole name, or take one of them away.',
  });
}

/** Names of data sets, sorted. */
async function dataSetsIn(roots: readonly string[]): Promise<string[]> {
  const listings = roots.map((root) => (existsSync(root) ? readdir(root, { withFileTypes: true }) : []));
  const entries = (await Promise.all(listings)).flat();
  const names = entries.filter((entry) => !entry.isFile() && /^Dataset\d{3,}_/.test(entry.name));
  return [...new Set(names.map(({ name }) => name))].sort();
}

/** Raw data sets need a name first, the others a step before. */
const whatIsThere = (names: readonly string[]): string =>
  `${
    names.length === 0
      ? 'There is no data set'
      : `There are ${names.slice(0, 10).join(', ')}${names.length > 10 ? ', …' : ''}`
  }. A new one goes through voxelgrad plan-and-preprocess, then train; voxelgrad convert makes its folder.`;

/** The folder of a data set below one root, by number, name or path. Throws 'dataset' where it is not there. */
export async function datasetFolder(identifier: string, root: () => string): Promise<string> {
  if (!/^\d+$/.test(identifier) && existsSync(identifier)) return identifier;
  const folder = join(root(), await datasetName(identifier, [root()]));
  if (existsSync(folder)) return folder;
  throw new VoxelgradError('dataset', {
    what: `data set ${identifier}`,
    expected: folder,
    got: 'nothing there',
    help: whatIsThere(await dataSetsIn([root()])),
  });
}
