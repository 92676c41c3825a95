/**
 * What is scored: a label, or a region made of several labels (the whole tumour is 1, 2 or 3). Names are those that nnU-Net's files use, which are
 * Python's: '1', '(1, 2, 3)', '(3,)'.
 */
import type { Labels, VoxelArray } from '@voxelgrad/io';
import { VoxelgradError } from '@voxelgrad/tensor';

export type Region = number | readonly number[];

export interface ScoredRegion {
  readonly name: string;
  readonly region: Region;
}

/** What of a data set is scored: a region as its list of values, a plain label as its value. */
export const scoredRegions = ({ classes, regions }: Labels): ScoredRegion[] =>
  classes.map(({ name, values }) => ({ name, region: regions ? values : values[0]! }));

export const labelsOf = (region: Region): readonly number[] => (typeof region === 'number' ? [region] : region);

export function regionName(region: Region): string {
  if (typeof region === 'number') return String(region);
  return region.length === 1 ? `(${region[0]},)` : `(${region.join(', ')})`;
}

/** The region that `regionName` gave this name. Throws 'format' for any other text. */
export function parseRegionName(name: string): Region {
  if (/^\d+$/.test(name)) return Number(name);
  if (/^\(\d+(,|(, ?\d+)+)\)$/.test(name)) return name.match(/\d+/g)!.map(Number);
  throw new VoxelgradError('format', {
    what: 'name of a label or region',
    expected: "'1' or '(1, 2)'",
    got: `'${name}'`,
  });
}

/** 1 where `labels` is of the region, else 0. */
export function maskOf(labels: VoxelArray, region: Region): Uint8Array {
  const wanted = new Set(labelsOf(region));
  const mask = new Uint8Array(labels.length);
  for (let voxel = 0; voxel < mask.length; voxel++) if (wanted.has(labels[voxel]!)) mask[voxel] = 1;
  return mask;
}

/** Throws 'shape' unless the arrays have one value for each voxel of `shape`. */
export function checkVoxels(shape: readonly number[], ...volumes: readonly ArrayLike<unknown>[]): void {
  const voxels = shape.reduce((product, extent) => product * extent, 1);
  const odd = volumes.find((volume) => volume.length !== voxels);
  if (odd !== undefined)
    throw new VoxelgradError('shape', {
      what: `a volume of shape [${shape.join(', ')}]`,
      expected: `${voxels} values`,
      got: `${odd.length}`,
    });
}
