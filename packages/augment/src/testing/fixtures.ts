/**
 * The golden numbers of nnU-Net's own transforms, where this checkout has them beside it (`../shared/fixtures/augmentation`). For tests only.
 */
import { existsSync, readFileSync } from 'node:fs';
import { readSafetensors, type SafetensorsEntry } from '@voxelgrad/nn';

const folder = new URL('../../../../../shared/fixtures/augmentation/', import.meta.url);

/** For `it.skipIf`: the reason is printed once. */
export const skipWithoutFixtures = !existsSync(new URL('index.json', folder));
if (skipWithoutFixtures)
  console.warn(`comparisons with nnU-Net's transforms are skipped: ${folder.pathname} is missing`);

export interface AugmentationCase {
  readonly name: string;
  readonly operation: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly tolerance: Readonly<Record<string, number>>;
  readonly tensors: ReadonlyMap<string, SafetensorsEntry>;
}

interface IndexEntry {
  readonly name: string;
  readonly op: string;
  readonly attrs: Record<string, unknown>;
  readonly tolerance: Record<string, number>;
  readonly file?: string;
}

const entries: readonly IndexEntry[] = skipWithoutFixtures
  ? []
  : (JSON.parse(readFileSync(new URL('index.json', folder), 'utf8')) as { cases: IndexEntry[] }).cases;

export function augmentationCase(name: string): AugmentationCase {
  const entry = entries.find((candidate) => candidate.name === name);
  if (entry === undefined) throw new Error(`there is no case ${name} in ${folder.pathname}`);
  return {
    name,
    operation: entry.op,
    attributes: entry.attrs,
    tolerance: entry.tolerance,
    tensors: entry.file === undefined ? new Map() : readSafetensors(readFileSync(new URL(entry.file, folder))),
  };
}

/** Names of the cases of one transform. */
export const casesOf = (operation: string): string[] =>
  entries.filter((entry) => entry.op === operation).map((entry) => entry.name);
