/**
 * Where bytes come from: a file on disk (node/files.ts), a Blob or a dropped folder (browser-source.ts), or memory.
 * Readers see only this, so each of them runs in Node and in a page.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import { gunzipBlob, readBlob } from './gzip-members.ts';

export interface StreamOptions {
  /** Undo this compression on the way. Broken or truncated data throws a 'format' error that names the file. */
  readonly decompress?: 'gzip' | 'zlib';
  /** Byte of the file to begin at. */
  readonly offset?: number;
  /** Stored bytes to read; up to the end of the file by default. */
  readonly length?: number;
}

export interface FileSource {
  /** Last part of the path: its ending says what the file is. */
  readonly name: string;
  /** As messages show it. */
  readonly path: string;
  /** Bytes as stored. */
  readonly size: number;
  stream(options?: StreamOptions): AsyncIterable<Uint8Array>;
  /** A file in the same folder; undefined where there is none. */
  sibling(name: string): Promise<FileSource | undefined>;
}

/** Names are sorted by code unit, as Python sorts them; names that begin with a dot are left out. */
export interface FolderListing {
  readonly files: readonly string[];
  readonly folders: readonly string[];
}

export interface Folder {
  readonly name: string;
  readonly path: string;
  list(): Promise<FolderListing>;
  folder(name: string): Folder;
  /** By a path relative to this folder, with forward slashes; undefined where there is no such file. */
  file(path: string): Promise<FileSource | undefined>;
}

export function missingFile(path: string, help?: string): VoxelgradError {
  return new VoxelgradError('file', { what: path, got: 'no such file', ...(help === undefined ? {} : { help }) });
}

/** All bytes of a small text file, for example dataset.json; refuses more than `limit` bytes before reading. */
export async function readText(source: FileSource, limit = 64 * 2 ** 20): Promise<string> {
  if (source.size > limit)
    throw new VoxelgradError('format', {
      what: source.path,
      expected: `at most ${limit} bytes`,
      got: `${source.size}`,
    });
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of source.stream()) text += decoder.decode(chunk, { stream: true });
  return text + decoder.decode();
}

/** A file that is in memory already. */
export function sourceFromBytes(
  bytes: Uint8Array<ArrayBuffer>,
  path: string,
  siblings: readonly FileSource[] = [],
): FileSource {
  return sourceFromBlob(new Blob([bytes]), path, async (name) => siblings.find((source) => source.name === name));
}

export function sourceFromBlob(
  blob: Blob,
  path: string,
  sibling: FileSource['sibling'] = async () => undefined,
): FileSource {
  return {
    name: path.slice(path.lastIndexOf('/') + 1),
    path,
    size: blob.size,
    sibling,
    async *stream({ decompress, offset = 0, length = blob.size - offset } = {}) {
      const stored = length === blob.size ? blob : blob.slice(offset, offset + length);
      try {
        // The web's `deflate` is zlib's format.
        yield* decompress === 'gzip' ? gunzipBlob(stored) : readBlob(stored, decompress && 'deflate');
      } catch (cause) {
        throw decompress
          ? brokenCompression(path, decompress, cause)
          : new VoxelgradError('file', { what: path, got: 'cannot be read', cause });
      }
    },
  };
}

export function brokenCompression(path: string, form: 'gzip' | 'zlib', cause: unknown): VoxelgradError {
  return new VoxelgradError('format', {
    what: path,
    expected: `whole ${form} data`,
    got: cause instanceof Error ? cause.message : String(cause),
    help: 'the file is truncated or damaged, or not compressed at all in spite of its name; copy or download it again',
    cause,
  });
}
