/**
 * Preprocessed cases on disk, a folder each. A case is written into a hidden folder beside its place, its files synced, and renamed into it: what has
 * the name of a case is whole. Several processes may fill one store; where two write the same case, the last one stays.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, open, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { VoxelgradError } from '@voxelgrad/tensor';
import { type CaseSource, type CaseTarget, checkSize } from '../store/case-source.ts';
import { isStored, type OpenCaseOptions, openCase } from '../store/open.ts';
import type { PreprocessedCase, StoredLabels } from '../store/preprocessed-case.ts';
import type { StoredCase } from '../store/stored-case.ts';
import { type StoreOptions, storeCase, storePrevious } from '../store/write.ts';
import { isRunning, syncFolder, writeError } from './atomic-write.ts';
import { readError } from './files.ts';

/** Writes a case to `FOLDER/NAME`, atomically, in place of one that is there. The folder is made if need be. Throws as `storeCase`, and 'file'. */
export async function writeCase(
  folder: string,
  name: string,
  stored: PreprocessedCase,
  options: StoreOptions,
): Promise<void> {
  const place = casePath(folder, name);
  await replaceFolder(place, (target) => storeCase(target, stored, options, `case ${name}`));
}

export interface PreviousOptions {
  /** Writes to this folder's `NAME/previous.zarr`, so that cases may have one of each model; by default beside the images. */
  readonly into?: string;
}

/** Adds the segmentation of the stage before to a stored case, in the chunks of its image, or replaces it, atomically. */
export async function writePrevious(
  folder: string,
  name: string,
  previous: StoredLabels,
  { into = folder }: PreviousOptions = {},
): Promise<void> {
  const stored = await openStoredCase(folder, name);
  const place = join(casePath(into, name), 'previous.zarr');
  await replaceFolder(place, (target) => {
    const inside = {
      set: (path: string, bytes: Uint8Array) => target.set(path.replace(/^previous\.zarr\//, ''), bytes),
    };
    return storePrevious(inside, stored, previous, `case ${name}`);
  });
}

export interface OpenStoredCaseOptions extends Omit<OpenCaseOptions, 'previous'> {
  /** The folder that `writePrevious` wrote into, if not that of the case. */
  readonly previousFolder?: string | undefined;
}

/** Opens `FOLDER/NAME`. Throws as `openCase`. */
export async function openStoredCase(
  folder: string,
  name: string,
  { previousFolder = folder, ...options }: OpenStoredCaseOptions = {},
): Promise<StoredCase> {
  const previous = caseOnDisk(casePath(previousFolder, name));
  return openCase(caseOnDisk(casePath(folder, name)), { name, previous, ...options });
}

/** True where `FOLDER/NAME` is stored whole and, if one is given, with this key: then preprocessing may pass over it. */
export async function isCaseStored(folder: string, name: string, key?: string): Promise<boolean> {
  return isStored(caseOnDisk(casePath(folder, name)), key);
}

/** Names of the cases in a store, sorted; empty where there is no such folder. */
export async function listStoredCases(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: unknown) => {
    if (isCode(cause, 'ENOENT')) return [];
    throw readError(folder, cause);
  });
  return entries
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .map((entry) => entry.name)
    .sort((a, b) => (a < b ? -1 : 1));
}

/** Removes what processes that were killed while they wrote left behind. What processes that still run are writing stays. */
export async function cleanStore(folder: string): Promise<void> {
  const entries = await readdir(folder).catch(() => []);
  for (const entry of entries) {
    const writer = temporaryName.exec(entry)?.[1];
    if (writer !== undefined && !isRunning(Number(writer)))
      await rm(join(folder, entry), { recursive: true, force: true });
  }
}

function caseOnDisk(path: string): CaseSource {
  return {
    path,
    async get(name, limit) {
      const file = join(path, name);
      const handle = await open(file, 'r').catch((cause: unknown) => {
        if (isCode(cause, 'ENOENT') || isCode(cause, 'ENOTDIR')) return undefined;
        throw readError(file, cause);
      });
      if (handle === undefined) return undefined;
      try {
        const { size } = await handle.stat();
        checkSize(file, size, limit);
        return await handle.readFile();
      } catch (cause) {
        throw readError(file, cause);
      } finally {
        await handle.close();
      }
    },
  };
}

/** With the writer's process id. */
const temporaryName = /^\..*\.(\d+)-[0-9a-f]{12}(?:\.tmp|\.\d+\.old)$/;

/** Fills a new folder and puts it in the place of `path`. Whatever goes wrong, what was there stays, and nothing is left beside it. */
async function replaceFolder(path: string, fill: (target: CaseTarget) => Promise<void>): Promise<void> {
  const parent = dirname(resolve(path));
  const unique = `${process.pid}-${randomBytes(6).toString('hex')}`;
  const temporary = `${join(parent, `.${path.slice(parent.length + 1)}`)}.${unique}.tmp`;
  try {
    await mkdir(temporary, { recursive: true });
    const files = folderTarget(temporary);
    await fill(files);
    await files.sync();
    await moveInto(temporary, path);
    await syncFolder(parent);
  } catch (cause) {
    await rm(temporary, { recursive: true, force: true }).catch(() => undefined);
    throw writeError(path, cause);
  }
}

/** A folder cannot be renamed over another one that has files: the old one steps aside first. */
async function moveInto(temporary: string, path: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    try {
      await rename(temporary, path);
      return;
    } catch (cause) {
      // Another writer may put its own case there in between; some rounds later one of the two is the last.
      if (attempt === 20 || !(isCode(cause, 'ENOTEMPTY') || isCode(cause, 'EEXIST') || isCode(cause, 'EPERM')))
        throw cause;
      const aside = `${temporary.slice(0, -4)}.${attempt}.old`;
      await rename(path, aside).catch((error: unknown) => {
        if (!isCode(error, 'ENOENT')) throw error;
      });
      await rm(aside, { recursive: true, force: true });
    }
  }
}

/** A disk takes several requests at once in little more time than one. */
const filesAtOnce = 16;

async function syncFile(file: string): Promise<void> {
  const handle = await open(file, 'r+');
  await handle.sync().finally(() => handle.close());
}

/** Files in a new folder. `sync` comes once, when all are written: the first call then brings most of them to the disk together. */
function folderTarget(folder: string): CaseTarget & { sync(): Promise<void> } {
  const made = new Map<string, Promise<unknown>>();
  const written: string[] = [];
  return {
    async set(name, bytes) {
      const file = join(folder, name);
      const parent = dirname(file);
      if (!made.has(parent)) made.set(parent, mkdir(parent, { recursive: true }));
      await made.get(parent);
      await writeFile(file, bytes, { flag: 'wx' });
      written.push(file);
    },
    async sync() {
      for (let i = 0; i < written.length; i += filesAtOnce)
        await Promise.all(written.slice(i, i + filesAtOnce).map(syncFile));
    },
  };
}

function casePath(folder: string, name: string): string {
  if (!/^[^./\\][^/\\]*$/.test(name))
    throw new VoxelgradError('option', {
      what: 'name of a case',
      expected: 'a name without slashes or a leading dot',
      got: name,
    });
  return join(folder, name);
}

const isCode = (cause: unknown, code: string): boolean =>
  cause instanceof Error && 'code' in cause && cause.code === code;
