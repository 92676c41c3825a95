/**
 * Where the voxels of each class or region are, so that a patch can be centred on one (nnunetv2/preprocessing/preprocessors/default_preprocessor.py:
 * `_sample_foreground_locations`): of n voxels, max(min(10000, n), ⌈1 % of n⌉) are kept.
 */
import type { Triple } from '@voxelgrad/tensor';
import type { HostRandom } from '../random/host-random.ts';
import type { LabelArray } from './training-case.ts';

export interface ClassLocations {
  /** One label for a class, several for a region. */
  readonly labels: readonly number[];
  /** Linear voxel indices `(z · height + y) · width + x`. */
  readonly voxels: Uint32Array;
}

/** How many of `count` voxels nnU-Net keeps. */
export const keptLocations = (count: number): number => Math.max(Math.min(10_000, count), Math.ceil(count * 0.01));

/** The locations of each class or region that is present, in ascending order; which ones are kept is drawn from `random`. */
export function collectClassLocations(
  label: LabelArray,
  classes: readonly (readonly number[])[],
  random: HostRandom,
): ClassLocations[] {
  return classes.flatMap((labels) => {
    const found = findVoxels(label, new Set(labels));
    return found.length === 0 ? [] : [{ labels, voxels: choose(found, keptLocations(found.length), random).sort() }];
  });
}

function findVoxels(label: LabelArray, labels: ReadonlySet<number>): Uint32Array {
  let count = 0;
  for (let i = 0; i < label.length; i++) if (labels.has(label[i]!)) count++;
  const found = new Uint32Array(count);
  let next = 0;
  for (let i = 0; i < label.length; i++) if (labels.has(label[i]!)) found[next++] = i;
  return found;
}

/** `count` of the entries without replacement: the first steps of a Fisher–Yates shuffle. Reorders `entries`. */
function choose(entries: Uint32Array, count: number, random: HostRandom): Uint32Array {
  if (count === entries.length) return entries;
  for (let i = 0; i < count; i++) {
    const j = random.integer(i, entries.length);
    const chosen = entries[j]!;
    entries[j] = entries[i]!;
    entries[i] = chosen;
  }
  return entries.slice(0, count);
}

/** Depth, height and width of the voxel with a linear index. */
export function voxelAt(index: number, shape: Triple): Triple {
  const row = Math.floor(index / shape[2]);
  return [Math.floor(row / shape[1]), row % shape[1], index % shape[2]];
}
