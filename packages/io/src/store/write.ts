/**
 * Writes a preprocessed case into a target: `data.zarr`, `seg.zarr` and `previous.zarr` (Zarr v3, zstd), `locations.json` and, last of all,
 * `properties.json`: a case that has it is whole.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { CaseTarget } from './case-source.ts';
import { chunkShapeFor } from './chunk-shape.ts';
import { encodeLocations } from './locations.ts';
import type { JsonObject, PreprocessedCase, Shape3, StoredLabels } from './preprocessed-case.ts';
import { writeArray } from './stored-array.ts';
import type { StoredCase } from './stored-case.ts';

export const storeVersion = 1;

export interface StoreOptions {
  /** Depth, height and width of the patches that will be read; chunks are cut after it. */
  readonly patchSize: Shape3;
  /** Cases of fewer bytes are one chunk; 1 MiB unless told. */
  readonly wholeBelow?: number;
  /** What the case was made from and how, in words of the caller's: a case that was stored with another key counts as not stored. */
  readonly key?: string;
}

/** Writes all files of a case. Throws 'shape' where arrays do not fit the shape, 'option' where labels do not fit int16. */
export async function storeCase(
  target: CaseTarget,
  stored: PreprocessedCase,
  { patchSize, wholeBelow, key = '' }: StoreOptions,
  what = 'case',
): Promise<void> {
  checkCase(stored, what);
  const { shape, channels, data, seg, previous, classLocations = [], annotatedLocations, properties = {} } = stored;
  const chunk = chunkShapeFor(shape, patchSize, channels, wholeBelow);
  await writeArray(target, 'data.zarr', { data, shape: [...shape, channels], chunkShape: [...chunk, channels] });
  if (seg !== undefined) await writeLabels(target, 'seg.zarr', seg, shape, chunk, what);
  if (previous !== undefined) await writeLabels(target, 'previous.zarr', previous, shape, chunk, what);
  const locations = { classLocations, ...(annotatedLocations === undefined ? {} : { annotatedLocations }) };
  await target.set('locations.json', encodeLocations(locations));
  await target.set('properties.json', encodeProperties({ version: storeVersion, key, properties }));
}

/** The segmentation of the stage before, added to a case of this shape and these chunks: written to `previous.zarr` of the target. */
export async function storePrevious(
  target: CaseTarget,
  { shape, chunkShape }: Pick<StoredCase, 'shape' | 'chunkShape'>,
  previous: StoredLabels,
  what = 'case',
): Promise<void> {
  checkLength(previous.length, shape[0] * shape[1] * shape[2], 'previous segmentation', what);
  await writeLabels(target, 'previous.zarr', previous, shape, chunkShape, what);
}

const encodeProperties = (properties: JsonObject): Uint8Array =>
  new TextEncoder().encode(`${JSON.stringify(properties, undefined, 2)}\n`);

async function writeLabels(
  target: CaseTarget,
  name: string,
  labels: StoredLabels,
  shape: Shape3,
  chunkShape: Shape3,
  what: string,
): Promise<void> {
  await writeArray(target, name, { data: toInt16(labels, what), shape, chunkShape });
}

function toInt16(labels: StoredLabels, what: string): Int16Array {
  if (labels instanceof Int16Array) return labels;
  const converted = Int16Array.from(labels);
  const misfit = converted.findIndex((label, i) => label !== labels[i]);
  if (misfit >= 0)
    throw new VoxelgradError('option', {
      what: `labels of ${what}`,
      expected: 'numbers from −32768 to 32767',
      got: `${labels[misfit]} at voxel ${misfit}`,
    });
  return converted;
}

function checkCase({ shape, channels, data, seg, previous }: PreprocessedCase, what: string): void {
  if (![...shape, channels].every((extent) => Number.isInteger(extent) && extent >= 1))
    throw new VoxelgradError('shape', {
      what,
      expected: 'extents and channels of 1 or more',
      got: `[${shape.join(', ')}] with ${channels} channels`,
    });
  const voxels = shape[0] * shape[1] * shape[2];
  checkLength(data.length, voxels * channels, 'data', what);
  if (seg !== undefined) checkLength(seg.length, voxels, 'segmentation', what);
  if (previous !== undefined) checkLength(previous.length, voxels, 'previous segmentation', what);
}

function checkLength(got: number, expected: number, part: string, what: string): void {
  if (got !== expected)
    throw new VoxelgradError('shape', { what: `${part} of ${what}`, expected: `${expected} values`, got: `${got}` });
}
