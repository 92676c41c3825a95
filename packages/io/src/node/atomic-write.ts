/**
 * Files appear whole or not at all: written under a temporary name in the same folder, synced, renamed over the old one.
 * A full disk, a broken quota or a read-only folder gives one typed error; the temporary file is removed and the old file stays.
 */
import { type FileHandle, open, readdir, realpath, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { VoxelgradError } from '@voxelgrad/tensor';

export type Content = string | Uint8Array | Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

let counter = 0;

/** Writes `content` to `path`, atomically. The folder must exist. Throws 'file'. An error thrown by `content` itself passes through. */
export async function writeFileAtomic(path: string, content: Content): Promise<void> {
  const target = await followLink(path);
  const temporary = join(dirname(target), `.${basename(target)}.${process.pid}-${counter++}.tmp`);
  let handle: FileHandle | undefined;
  try {
    handle = await open(temporary, 'wx');
    const mode = await existingMode(target);
    if (mode !== undefined) await handle.chmod(mode);
    await writeAll(handle, content);
    await handle.sync();
    await handle.close();
    await rename(temporary, target);
  } catch (cause) {
    if (handle !== undefined) {
      await handle.close().catch(() => undefined);
      await rm(temporary, { force: true }).catch(() => undefined);
    }
    throw writeError(path, cause);
  }
  await syncFolder(dirname(target));
}

async function writeAll(handle: FileHandle, content: Content): Promise<void> {
  if (typeof content === 'string' || content instanceof Uint8Array) {
    await handle.writeFile(content);
    return;
  }
  for await (const chunk of content) await handle.writeFile(chunk);
}

/** Removes from a folder what processes that were killed while they wrote left behind. Files of processes that still run stay. */
export async function removeLeftovers(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    const writer = /^\..+\.(\d+)-\d+\.tmp$/.exec(name)?.[1];
    if (writer !== undefined && !isRunning(Number(writer))) await rm(join(folder, name), { force: true });
  }
}

/** True for processes of this machine. */
export function isRunning(id: number): boolean {
  try {
    return process.kill(id, 0);
  } catch (error) {
    // A process of another user exists, but may not be signalled.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** A link stays a link: what it points to is replaced. */
async function followLink(path: string): Promise<string> {
  return realpath(path).catch(() => path);
}

async function existingMode(path: string): Promise<number | undefined> {
  return stat(path).then(
    (found) => found.mode & 0o777,
    () => undefined,
  );
}

/** Makes the rename itself durable. Not every system can sync a folder; the file's content is safe either way. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, 'r').catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close().catch(() => undefined);
}

const reasons: Readonly<Record<string, { got: string; help: string }>> = {
  ENOSPC: {
    got: 'no space left on the disk',
    help: 'free some space or write to another disk; nothing was left behind',
  },
  EDQUOT: {
    got: 'the disk quota is used up',
    help: 'free some space or write to another disk; nothing was left behind',
  },
  EACCES: { got: 'no permission to write there', help: 'choose a folder that you may write to' },
  EPERM: { got: 'no permission to write there', help: 'choose a folder that you may write to' },
  EROFS: { got: 'the disk is read-only', help: 'choose another folder' },
  ENOENT: { got: 'its folder does not exist', help: 'create the folder first' },
  ENOTDIR: { got: 'its folder is not a folder', help: 'choose another path' },
  EISDIR: { got: 'a folder of that name is there', help: 'choose another name' },
  EIO: { got: 'the disk reports an error', help: 'check the disk; nothing was left behind' },
};

/** The typed error for a failed system call; anything else is passed on as it is. */
export function writeError(path: string, cause: unknown): unknown {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : undefined;
  if (code === undefined || code.startsWith('ERR_') || cause instanceof VoxelgradError) return cause;
  const { got, help } = reasons[code] ?? { got: code, help: 'see the cause' };
  return new VoxelgradError('file', { what: `cannot write ${path}`, got, help, cause });
}
