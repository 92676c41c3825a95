/** Folders with one folder a case: finding them, and finding files in them. */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { FileSource, Folder } from '../source.ts';

export interface CaseFolder {
  readonly folder: Folder;
  readonly files: readonly string[];
}

/**
 * The folder itself, if it is a case; else the folders in it that are, and in the folders of those that are not
 * (BraTS 2018–2019 sort their cases into HGG and LGG). Looks no deeper, so that a wrong path costs little.
 */
export async function findCaseFolders(
  root: Folder,
  isCase: (files: readonly string[]) => boolean,
): Promise<CaseFolder[]> {
  const found: CaseFolder[] = [];
  const visit = async (folder: Folder, depth: number): Promise<void> => {
    const { files, folders } = await folder.list();
    if (isCase(files)) found.push({ folder, files });
    else if (depth > 0) for (const name of folders) await visit(folder.folder(name), depth - 1);
  };
  await visit(root, 2);
  return found.sort((a, b) => (a.folder.name < b.folder.name ? -1 : 1));
}

/** Opens the one file of a case that matches; undefined where none does. Throws 'dataset' where several do. */
export async function openMatch(
  { folder, files }: CaseFolder,
  what: string,
  matches: (name: string) => boolean,
): Promise<FileSource | undefined> {
  const names = files.filter(matches);
  if (names.length > 1)
    throw new VoxelgradError('dataset', {
      what: `case ${folder.name}`,
      expected: `one file for ${what}`,
      got: names.join(', '),
      help: `take all but one out of ${folder.path}`,
    });
  return names[0] === undefined ? undefined : folder.file(names[0]);
}

export function missingChannels(
  folder: Folder,
  missing: readonly string[],
  found: readonly string[],
  help: string,
): VoxelgradError {
  return new VoxelgradError('dataset', {
    what: `case ${folder.name} lacks ${missing.join(', ')}`,
    got: found.length === 0 ? 'none of its channels' : `only ${found.join(', ')}`,
    help,
  });
}
