/** A folder that was dropped on a page or chosen in a file dialog, as the readers see it. */
import { folderTree } from './folder-tree.ts';
import { type Folder, sourceFromBlob } from './source.ts';

export interface PathFile {
  /** With forward slashes, relative to what was dropped: `case_1/case_1-t1c.nii.gz`. */
  readonly path: string;
  readonly blob: Blob;
}

/** From `<input type="file" webkitdirectory>`: the paths in it begin with the name of the chosen folder. */
export function folderFromFileList(files: Iterable<File>): Folder {
  const list = [...files].map((file): PathFile => ({ path: file.webkitRelativePath || file.name, blob: file }));
  const top = list[0]?.path.split('/')[0] ?? '';
  const common = top !== '' && list.every(({ path }) => path.startsWith(`${top}/`));
  if (!common) return folderFromFiles(list, 'files');
  return folderFromFiles(
    list.map(({ path, blob }) => ({ path: path.slice(top.length + 1), blob })),
    top,
  );
}

export const folderFromFiles = (files: readonly PathFile[], name: string): Folder =>
  folderTree(
    new Map(
      files.map(({ path, blob }) => [path, (full: string, sibling) => sourceFromBlob(blob, full, sibling)] as const),
    ),
    name,
  );
