/** An archive as a folder, so that whatever opens a folder opens a ZIP of one: exported models, data sets. */
import { folderTree, type OpenFile } from '../folder-tree.ts';
import { type FileSource, type Folder, sourceFromBlob } from '../source.ts';
import type { ZipArchive } from './archive.ts';
import type { ZipEntry } from './directory.ts';

/** Stored entries are read in place; deflated ones are unpacked into memory when they are first read. */
export function folderFromZip(archive: ZipArchive): Folder {
  const files = [...archive.entries.values()].filter(({ name }) => !name.endsWith('/'));
  return folderTree(new Map(files.map((entry) => [entry.name, opener(archive, entry)])), archive.source.path);
}

const opener =
  (archive: ZipArchive, entry: ZipEntry): OpenFile =>
  (path, sibling): FileSource => {
    let unpacked: Promise<FileSource> | undefined;
    return {
      name: path.slice(path.lastIndexOf('/') + 1),
      path,
      size: entry.size,
      sibling,
      async *stream({ offset = 0, length = entry.size - offset, ...rest } = {}) {
        if (entry.deflated) {
          unpacked ??= archive.read(entry).then((bytes) => sourceFromBlob(new Blob([bytes]), path, sibling));
          yield* (await unpacked).stream({ offset, length, ...rest });
        } else yield* archive.source.stream({ offset: (await archive.dataOffset(entry)) + offset, length, ...rest });
      },
    };
  };
