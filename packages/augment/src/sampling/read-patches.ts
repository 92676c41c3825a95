/**
 * Copies patches into one host array each for images and labels. Outside of a case images are 0 and labels −1.
 */
import { type Triple, VoxelgradError } from '@voxelgrad/tensor';
import type { PatchPlace } from './patch-sampler.ts';
import type { TimeSlice } from './time-slice.ts';

export const outsideLabel = -1;

export interface HostPatches {
  /** `[n, d, h, w, c]`. */
  readonly image: Float32Array;
  /** `[n, d, h, w]`. */
  readonly label: Int32Array;
  /** `[n, d, h, w]`, for a cascade. */
  readonly previous?: Int32Array;
}

const volume = (size: Triple): number => size[0] * size[1] * size[2];

/** Arrays for `count` patches. */
export const allocatePatches = (count: number, size: Triple, channels: number, cascade = false): HostPatches => ({
  image: new Float32Array(count * volume(size) * channels),
  label: new Int32Array(count * volume(size)),
  ...(cascade ? { previous: new Int32Array(count * volume(size)) } : {}),
});

/** Reads places of one size into `target`, which must have room for them. Throws 'dataset' for a cascade's case without its stage before. */
export async function readPatches(places: readonly PatchPlace[], target: HostPatches, slice: TimeSlice): Promise<void> {
  for (const [index, place] of places.entries()) await readPatch(place, index * volume(place.size), target, slice);
}

async function readPatch(
  { case: source, start, size }: PatchPlace,
  offset: number,
  target: HostPatches,
  slice: TimeSlice,
): Promise<void> {
  if (target.previous !== undefined && source.hasPrevious !== true)
    throw new VoxelgradError('dataset', {
      what: `case ${source.name}`,
      expected: 'a segmentation by the stage before of the cascade',
      got: 'none',
    });
  const low = start.map((first) => Math.max(first, 0));
  const inside = start.map((first, axis) => Math.min(first + size[axis]!, source.shape[axis]!) - low[axis]!);
  const voxels = volume(size);
  if (inside.some((extent, axis) => extent < size[axis]!)) {
    target.image.fill(0, offset * source.channels, (offset + voxels) * source.channels);
    target.label.fill(outsideLabel, offset, offset + voxels);
    target.previous?.fill(outsideLabel, offset, offset + voxels);
  }
  if (inside.some((extent) => extent <= 0)) return;
  const [low0, low1, low2] = low as [number, number, number];
  const planeVoxels = size[1] * size[2];
  const firstVoxel = offset + (low0 - start[0]) * planeVoxels + (low1 - start[1]) * size[2] + low2 - start[2];
  const box = { ...target, firstVoxel, rowVoxels: size[2], planeVoxels };
  await source.readBox([low0, low1, low2], inside as [number, number, number], box, slice);
}
