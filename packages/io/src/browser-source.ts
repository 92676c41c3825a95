/** A folder that was dropped on a page or chosen in a file dialog, as the readers see it. */
import { type FileSource, type Folder, sourceFromBlob } from './source.ts';

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

export function folderFromFiles(files: readonly PathFile[], name: string): Folder {
  return subfolder(new Map(files.map(({ path, blob }) => [path, blob])), name, '');
}

/** `prefix` is '' or ends in a slash. */
function subfolder(files: ReadonlyMap<string, Blob>, root: string, prefix: string): Folder {
  const path = `${root}/${prefix}`.replace(/\/$/, '');
  const open = async (relative: string): Promise<FileSource | undefined> => {
    const key = normalize(`${prefix}${relative}`);
    const blob = files.get(key);
    if (blob === undefined) return undefined;
    const parent = key.slice(0, key.lastIndexOf('/') + 1);
    return sourceFromBlob(blob, `${root}/${key}`, (name) => subfolder(files, root, parent).file(name));
  };
  return {
    name: path.slice(path.lastIndexOf('/') + 1),
    path,
    folder: (name) => subfolder(files, root, `${prefix}${name}/`),
    file: open,
    list: async () => {
      const inside = [...files.keys()].filter((key) => key.startsWith(prefix)).map((key) => key.slice(prefix.length));
      const visible = inside.filter((key) => !key.startsWith('.'));
      const folders = new Set(visible.filter((key) => key.includes('/')).map((key) => key.slice(0, key.indexOf('/'))));
      return { files: visible.filter((key) => !key.includes('/')).sort(), folders: [...folders].sort() };
    },
  };
}

/** Undoes `.` and `..`. */
function normalize(path: string): string {
  const parts: string[] = [];
  for (const part of path.split('/')) {
    if (part === '..') parts.pop();
    else if (part !== '.' && part !== '') parts.push(part);
  }
  return parts.join('/');
}
