/** Files and folders on disk, as the readers see them. */
import { createReadStream, type Stats } from 'node:fs';
import { open, readdir, stat } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { pipeline } from 'node:stream';
import { createGunzip, createInflate } from 'node:zlib';
import { VoxelgradError } from '@voxelgrad/tensor';
import { brokenCompression, type FileSource, type Folder, type FolderListing, missingFile } from '../source.ts';

const chunkBytes = 2 ** 20;

/** A file on disk. Throws 'file' where it is missing, is no file or may not be read. */
export async function openFile(path: string): Promise<FileSource> {
  const found = await statOrThrow(path);
  if (found === undefined) throw missingFile(path, 'check the path');
  if (!found.isFile())
    throw new VoxelgradError('file', { what: path, expected: 'a file', got: 'a folder or a device' });
  return fileSource(path, found.size);
}

/** A folder on disk. Throws 'file' where there is none. */
export async function openFolder(path: string): Promise<Folder> {
  const found = await statOrThrow(path);
  if (found === undefined)
    throw new VoxelgradError('file', { what: path, got: 'no such folder', help: 'check the path' });
  if (!found.isDirectory()) throw new VoxelgradError('file', { what: path, expected: 'a folder', got: 'a file' });
  return diskFolder(path);
}

function diskFolder(path: string): Folder {
  return {
    name: basename(resolve(path)),
    path,
    list: () => listFolder(path),
    folder: (name) => diskFolder(join(path, name)),
    file: (relative) => maybeFile(isAbsolute(relative) ? relative : join(path, relative)),
  };
}

function fileSource(path: string, size: number): FileSource {
  return {
    name: basename(path),
    path,
    size,
    sibling: (name) => maybeFile(join(dirname(path), name)),
    stream: ({ decompress, offset = 0, length = size - offset } = {}) => {
      const range = { start: offset, end: offset + length - 1, highWaterMark: chunkBytes };
      if (length === 0) return nothing();
      return decompress ? inflated(path, decompress, range) : plain(path, range);
    },
  };
}

async function maybeFile(path: string): Promise<FileSource | undefined> {
  const found = await statOrThrow(path);
  return found?.isFile() ? fileSource(path, found.size) : undefined;
}

async function listFolder(path: string): Promise<FolderListing> {
  const entries = await readdir(path, { withFileTypes: true }).catch((cause: unknown) => {
    throw readError(path, cause);
  });
  const files: string[] = [];
  const folders: string[] = [];
  for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
    if (entry.name.startsWith('.')) continue;
    const target = entry.isSymbolicLink() ? await statOrThrow(join(path, entry.name)) : entry;
    if (target?.isFile()) files.push(entry.name);
    else if (target?.isDirectory()) folders.push(entry.name);
  }
  return { files, folders };
}

/** Bytes of a file, the last one included. */
interface ByteRange {
  readonly start: number;
  readonly end: number;
  readonly highWaterMark: number;
}

async function* nothing(): AsyncIterable<Uint8Array> {}

async function* plain(path: string, range: ByteRange): AsyncIterable<Uint8Array> {
  try {
    yield* createReadStream(path, range) as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw readError(path, cause);
  }
}

/** Decompression runs on zlib's threads; several members in one file (pigz, bgzip, cat) are read as one. */
async function* inflated(path: string, form: 'gzip' | 'zlib', range: ByteRange): AsyncIterable<Uint8Array> {
  const handle = await open(path, 'r').catch((cause: unknown) => {
    throw readError(path, cause);
  });
  const compressed = handle.createReadStream(range);
  const inflate = form === 'gzip' ? createGunzip({ chunkSize: chunkBytes }) : createInflate({ chunkSize: chunkBytes });
  // Errors of either end reach the loop below through `inflate`.
  pipeline(compressed, inflate, () => undefined);
  try {
    yield* inflate as AsyncIterable<Uint8Array>;
  } catch (cause) {
    throw isZlibError(cause) ? brokenCompression(path, form, cause) : readError(path, cause);
  } finally {
    inflate.destroy();
    compressed.destroy();
  }
}

const isZlibError = (cause: unknown): boolean =>
  cause instanceof Error && 'code' in cause && String(cause.code).startsWith('Z_');

async function statOrThrow(path: string): Promise<Stats | undefined> {
  return stat(path).catch((cause: unknown) => {
    const code = cause instanceof Error && 'code' in cause ? cause.code : undefined;
    if (code === 'ENOENT' || code === 'ENOTDIR') return undefined;
    throw readError(path, cause);
  });
}

export function readError(path: string, cause: unknown): unknown {
  if (!(cause instanceof Error && 'code' in cause) || cause instanceof VoxelgradError) return cause;
  const denied = cause.code === 'EACCES' || cause.code === 'EPERM';
  return new VoxelgradError('file', {
    what: `cannot read ${path}`,
    got: denied ? 'no permission' : String(cause.code),
    ...(denied ? { help: 'check who may read the file' } : {}),
    cause,
  });
}
