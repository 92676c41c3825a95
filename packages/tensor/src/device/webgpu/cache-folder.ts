/** Folders for files that can be made again: native libraries extracted or built on first use, shared by all processes of one user. */
import { existsSync } from 'node:fs';
import { lstat, mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { dirname, join } from 'node:path';
import { VoxelgradError } from '../../errors.ts';

async function cacheRoot(): Promise<string> {
  const { uid } = userInfo();
  const root = join(tmpdir(), `voxelgrad-${uid}`);
  await mkdir(root, { recursive: true, mode: 0o700 });
  // Libraries are loaded from here, and anyone can make folders in the temporary folder.
  const status = await lstat(root);
  if (!status.isDirectory() || status.uid !== uid || (status.mode & 0o022) !== 0)
    throw new VoxelgradError('file', {
      what: `the cache folder ${root}`,
      expected: 'a folder that only this user can write to',
      help: 'remove it',
    });
  return root;
}

/**
 * The folder `name` with `files` in it, which `fill` makes if they are not all there. It appears whole or not at all, also with several processes
 * at once; systems that clean their temporary folder file by file may leave it in pieces, and then it is made again.
 */
export async function cacheFolder(
  name: string,
  files: readonly string[],
  fill: (folder: string) => Promise<void>,
): Promise<string> {
  const folder = join(await cacheRoot(), name);
  const isWhole = (): boolean => files.every((file) => existsSync(join(folder, file)));
  if (isWhole()) return folder;
  const unfinished = await mkdtemp(join(dirname(folder), 'unfinished-'));
  try {
    await fill(unfinished);
    // Another process may have been faster, and may be loading from its folder.
    if (!isWhole()) {
      await rm(folder, { recursive: true, force: true });
      await rename(unfinished, folder);
    }
  } catch (error) {
    if (!isWhole()) throw error;
  } finally {
    await rm(unfinished, { recursive: true, force: true });
  }
  return folder;
}
