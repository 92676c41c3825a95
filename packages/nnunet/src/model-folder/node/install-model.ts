/**
 * Unpacks an exported model into nnU-Net's results, as nnUNetv2_install_pretrained_model_from_zip does. Nothing is believed: names of entries cannot
 * leave the folder, sizes are checked, every file appears whole, and the archive must hold a model.
 */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { folderFromZip, openZip, type ZipLimits } from '@voxelgrad/io';
import { openFile, writeFileAtomic } from '@voxelgrad/io/node';
import { findModels } from '../locate.ts';

export interface InstallOptions {
  readonly limits?: Partial<ZipLimits>;
  readonly signal?: AbortSignal | undefined;
  /** Called after each file with the number done and in all. */
  readonly onFile?: (name: string, files: number) => void;
}

/** Writes the archive's files below `results`; returns the folders of its models, relative to it. Throws 'dataset' where it holds none. */
export async function installModel(zip: string, results: string, options: InstallOptions = {}): Promise<string[]> {
  const archive = await openZip(await openFile(zip), options.limits);
  const models = await findModels(folderFromZip(archive));
  const entries = [...archive.entries.values()].filter(({ name }) => !name.endsWith('/'));
  for (const entry of entries) {
    options.signal?.throwIfAborted();
    const path = join(results, entry.name);
    await mkdir(dirname(path), { recursive: true });
    await writeFileAtomic(path, await archive.read(entry));
    options.onFile?.(entry.name, entries.length);
  }
  return models.map(({ path }) => path.slice(archive.source.path.length + 1));
}
