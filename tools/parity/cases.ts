/**
 * Golden cases on disk: folders with an `index.json` that lists cases, each with attributes, a tolerance and a safetensors file. The layout is
 * PyTorch's (channels first).
 */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { readSafetensors, type SafetensorsEntry } from '@voxelgrad/nn';
import { VoxelgradError } from '@voxelgrad/tensor';

export interface ParityCase {
  readonly name: string;
  /** What its index.json calls its group, else the folder's name: ops, losses, optim… */
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
    const { group = basename(resolve(candidate)), cases = [] } = await readIndex(index);
    for (const entry of cases) found.push({ ...entry, area: group, folder: candidate });
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

interface Index {
  readonly group?: string;
  /** Absent in an index of folders. */
  readonly cases?: readonly Omit<ParityCase, 'area' | 'folder'>[];
}

async function readIndex(path: string): Promise<Index> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Index;
  } catch (cause) {
    throw new VoxelgradError('format', { what: path, expected: 'JSON', got: (cause as Error).message, cause });
  }
}

export type CaseTensors = ReadonlyMap<string, SafetensorsEntry>;

export async function readTensors({ folder, file, name }: ParityCase): Promise<CaseTensors> {
  if (file === undefined)
    throw new VoxelgradError('format', { what: `the case ${name}`, expected: 'a file with tensors', got: 'none' });
  return readSafetensors(new Uint8Array(await readFile(join(folder, file))));
}

/** A tensor of the case; throws 'format' where the file has none of that name. */
export function golden(tensors: CaseTensors, name: string): SafetensorsEntry {
  const entry = tensors.get(name);
  if (entry === undefined)
    throw new VoxelgradError('format', { what: 'a golden case', expected: `the tensor ${name}`, got: 'none' });
  return entry;
}
