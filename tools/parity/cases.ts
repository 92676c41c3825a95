/**
 * Golden cases on disk: folders with an `index.json` that lists cases, each with attributes, a tolerance and a safetensors file. The layout is
 * PyTorch's (channels first).
 */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readSafetensors, type SafetensorsEntry } from '@voxelgrad/nn';
import { VoxelgradError } from '@voxelgrad/tensor';

export interface ParityCase {
  readonly name: string;
  /** The folder's name: ops, losses, optim… */
  readonly area: string;
  readonly folder: string;
  readonly op: string;
  readonly attrs: Record<string, unknown>;
  readonly tolerance: Record<string, number>;
  readonly file?: string;
  /** Files beside the index: images, JSON, folders. */
  readonly files?: Readonly<Record<string, string | readonly string[]>>;
}

/** All cases of a folder with an index.json, or of the folders inside it that have one. */
export async function readCases(folder: string): Promise<ParityCase[]> {
  const folders = [folder];
  if (existsSync(folder))
    for (const entry of await readdir(folder, { withFileTypes: true }))
      if (entry.isDirectory()) folders.push(join(folder, entry.name));
  const found: ParityCase[] = [];
  for (const candidate of folders.sort()) {
    const index = join(candidate, 'index.json');
    if (!existsSync(index)) continue;
    const { cases } = JSON.parse(await readFile(index, 'utf8')) as { cases?: Omit<ParityCase, 'area' | 'folder'>[] };
    for (const entry of cases ?? []) found.push({ ...entry, area: basename(candidate), folder: candidate });
  }
  if (found.length === 0)
    throw new VoxelgradError('file', {
      what: folder,
      expected: 'a folder with golden cases (index.json)',
      got: existsSync(folder) ? 'one without' : 'nothing there',
      help: 'name the folder with the fixtures as an argument',
    });
  return found;
}

export type CaseTensors = ReadonlyMap<string, SafetensorsEntry>;

export async function readTensors({ folder, file, name }: ParityCase): Promise<CaseTensors> {
  if (file === undefined)
    throw new VoxelgradError('format', { what: `the case ${name}`, expected: 'a file with tensors', got: 'none' });
  return readSafetensors(new Uint8Array(await readFile(join(folder, file))));
}
