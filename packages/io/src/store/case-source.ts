/**
 * Where a stored case lies: memory, a folder on disk or dropped on a page, or a web server. The reader asks for whole small files by name, one for
 * each chunk, and says how large they may honestly be, so that none is taken into memory that cannot be what it should.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { Folder } from '../source.ts';

export interface CaseSource {
  /** Names the case in messages. */
  readonly path: string;
  /** The bytes of a file by its name within the case, `data.zarr/c/0/1/2/0`; undefined where there is none. More than `limit` bytes throw 'format'. */
  get(name: string, limit: number): Promise<Uint8Array<ArrayBuffer> | undefined>;
}

/** Takes the files of a case as they are written. */
export interface CaseTarget {
  set(name: string, bytes: Uint8Array): Promise<void>;
}

/** A case in memory: its files, by name. */
export class CaseMemory implements CaseSource, CaseTarget {
  readonly path: string;
  readonly files = new Map<string, Uint8Array<ArrayBuffer>>();

  constructor(path = 'case in memory') {
    this.path = path;
  }

  async get(name: string, limit: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const bytes = this.files.get(name);
    if (bytes !== undefined) checkSize(`${this.path}/${name}`, bytes.length, limit);
    return bytes;
  }

  async set(name: string, bytes: Uint8Array): Promise<void> {
    this.files.set(name, bytes.slice());
  }
}

/** A case in a folder that a page was given; on disk, `openStoredCase` of `@voxelgrad/io/node` takes fewer system calls. */
export function caseInFolder(folder: Folder): CaseSource {
  return {
    path: folder.path,
    async get(name, limit) {
      const file = await folder.file(name);
      if (file === undefined) return undefined;
      checkSize(file.path, file.size, limit);
      const bytes = new Uint8Array(file.size);
      let filled = 0;
      for await (const chunk of file.stream()) {
        checkSize(file.path, filled + chunk.length, bytes.length);
        bytes.set(chunk, filled);
        filled += chunk.length;
      }
      return bytes.subarray(0, filled);
    },
  };
}

export interface HttpOptions {
  /** For authorization, a cache, or tests. */
  readonly fetch?: (url: string) => Promise<Response>;
}

/** A case behind a URL. A file that the server does not have (404) is a missing one; any other refusal throws 'file'. */
export function caseAtUrl(url: string, { fetch: get = (address) => fetch(address) }: HttpOptions = {}): CaseSource {
  const root = url.replace(/\/+$/, '');
  return {
    path: root,
    async get(name, limit) {
      const address = `${root}/${name}`;
      const failed = (got: string, cause?: unknown) => new VoxelgradError('file', { what: address, got, cause });
      const response = await get(address).catch((cause: unknown) => {
        throw failed('no answer from the server', cause);
      });
      if (response.status === 404) return undefined;
      if (!response.ok || response.body === null) throw failed(`HTTP status ${response.status}`);
      return takeBody(response.body, address, limit).catch((cause: unknown) => {
        throw cause instanceof VoxelgradError ? cause : failed('the connection broke', cause);
      });
    },
  };
}

/** Counts what comes: a length that a server states need not be true. */
async function takeBody(body: ReadableStream<Uint8Array>, address: string, limit: number) {
  const parts: Uint8Array[] = [];
  let size = 0;
  const reader = body.getReader();
  try {
    for (let part = await reader.read(); !part.done; part = await reader.read()) {
      size += part.value.length;
      checkSize(address, size, limit);
      parts.push(part.value);
    }
  } finally {
    await reader.cancel().catch(() => undefined);
  }
  const bytes = new Uint8Array(size);
  let filled = 0;
  for (const part of parts) {
    bytes.set(part, filled);
    filled += part.length;
  }
  return bytes;
}

export function checkSize(path: string, size: number, limit: number): void {
  if (size > limit)
    throw new VoxelgradError('format', { what: path, expected: `at most ${limit} bytes`, got: `${size}` });
}
