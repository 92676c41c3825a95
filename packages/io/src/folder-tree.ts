/** A folder made of paths and of what opens them: files dropped on a page, entries of an archive. */
import type { FileSource, Folder } from './source.ts';

/** Makes the source of a file; `path` is what messages call it. */
export type OpenFile = (path: string, sibling: FileSource['sibling']) => FileSource;

/** `files`: by path with forward slashes, relative to the folder that is made. */
export const folderTree = (files: ReadonlyMap<string, OpenFile>, name: string): Folder => subfolder(files, name, '');

/** `prefix` is '' or ends in a slash. */
function subfolder(files: ReadonlyMap<string, OpenFile>, root: string, prefix: string): Folder {
  const path = `${root}/${prefix}`.replace(/\/$/, '');
  const open = async (relative: string): Promise<FileSource | undefined> => {
    const key = normalize(`${prefix}${relative}`);
    const parent = key.slice(0, key.lastIndexOf('/') + 1);
    return files.get(key)?.(`${root}/${key}`, (name) => subfolder(files, root, parent).file(name));
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
