/**
 * Preprocessed cases in a folder of the browser: the origin's private file system (`navigator.storage.getDirectory()`), which is on disk and outlives
 * the page, or a folder that the user opened. Browsers cannot rename folders; `properties.json`, which is written last and through a swap file of the
 * browser's own, is what makes a case whole.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import { type CaseSource, type CaseTarget, checkSize } from './case-source.ts';

/** The case whose files are in `folder`, to be read and written. Files in a page's storage throw 'file' where it is full. */
export function caseInDirectory(folder: FileSystemDirectoryHandle, path = folder.name): CaseSource & CaseTarget {
  return {
    path,
    async get(name, limit) {
      const file = await (await find(folder, name))?.getFile();
      if (file === undefined) return undefined;
      checkSize(`${path}/${name}`, file.size, limit);
      return new Uint8Array(await file.arrayBuffer());
    },
    async set(name, bytes) {
      try {
        const writable = await (await make(folder, name)).createWritable();
        await writable.write(new Uint8Array(bytes));
        await writable.close();
      } catch (cause) {
        const full = cause instanceof DOMException && cause.name === 'QuotaExceededError';
        throw new VoxelgradError('file', {
          what: `cannot write ${path}/${name}`,
          got: full ? "the page's storage is full" : cause instanceof Error ? cause.message : String(cause),
          ...(full ? { help: 'remove data sets that are stored, or free space on the disk' } : {}),
          cause,
        });
      }
    },
  };
}

/** Undefined where the file or a folder on the way is not there. */
async function find(folder: FileSystemDirectoryHandle, name: string): Promise<FileSystemFileHandle | undefined> {
  const parts = name.split('/');
  try {
    let at = folder;
    for (const part of parts.slice(0, -1)) at = await at.getDirectoryHandle(part);
    return await at.getFileHandle(parts.at(-1)!);
  } catch (cause) {
    if (cause instanceof DOMException && cause.name === 'NotFoundError') return undefined;
    throw new VoxelgradError('file', { what: `cannot read ${folder.name}/${name}`, got: String(cause), cause });
  }
}

async function make(folder: FileSystemDirectoryHandle, name: string): Promise<FileSystemFileHandle> {
  const parts = name.split('/');
  let at = folder;
  for (const part of parts.slice(0, -1)) at = await at.getDirectoryHandle(part, { create: true });
  return at.getFileHandle(parts.at(-1)!, { create: true });
}
