/** Tuned choices in Node: a file for each adapter and driver, in the user's folder for what can be made again. */
import { createHash } from 'node:crypto';
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { VoxelgradError } from '../../errors.ts';
import type { ChoiceStore } from './choices.ts';

/** VOXELGRAD_TUNED, else the system's place for caches. Not the temporary folder: what is kept decides the last bits of results. */
function defaultFolder(): string {
  const { VOXELGRAD_TUNED = '', XDG_CACHE_HOME = '', LOCALAPPDATA = '' } = process.env;
  if (VOXELGRAD_TUNED !== '') return VOXELGRAD_TUNED;
  if (process.platform === 'win32' && LOCALAPPDATA !== '') return join(LOCALAPPDATA, 'voxelgrad', 'tuned');
  if (process.platform === 'darwin') return join(homedir(), 'Library', 'Caches', 'voxelgrad', 'tuned');
  return join(XDG_CACHE_HOME === '' ? join(homedir(), '.cache') : XDG_CACHE_HOME, 'voxelgrad', 'tuned');
}

/** Keeps choices in `folder`, which need not be there. */
export function tunedFolder(folder = defaultFolder()): ChoiceStore {
  const fileOf = (adapter: string): string => {
    const readable = adapter.replace(/[^a-zA-Z0-9]+/g, '-').slice(0, 60);
    return join(folder, `${readable}-${createHash('sha256').update(adapter).digest('hex').slice(0, 12)}.json`);
  };
  return {
    read: (adapter) => readIfThere(fileOf(adapter)),
    write: async (adapter, text) => {
      const file = fileOf(adapter);
      try {
        await mkdir(folder, { recursive: true });
        await replace(file, text);
      } catch (cause) {
        throw new VoxelgradError('file', {
          what: `the tuned choices of this adapter cannot be written to ${file}`,
          help: 'set VOXELGRAD_TUNED to a folder that you may write to',
          cause,
        });
      }
    },
  };
}

async function readIfThere(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    if (cause instanceof Error && 'code' in cause && (cause.code === 'ENOENT' || cause.code === 'ENOTDIR'))
      return undefined;
    throw new VoxelgradError('file', {
      what: `the tuned choices of this adapter, ${file}, cannot be read`,
      help: 'make the file readable, or set VOXELGRAD_TUNED to another folder',
      cause,
    });
  }
}

/** The file appears whole or not at all. */
async function replace(file: string, text: string): Promise<void> {
  const temporary = `${file}.${process.pid}-${Date.now()}.tmp`;
  try {
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(text);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } finally {
    await rm(temporary, { force: true });
  }
}
