/** Small images for tests. */
import type { Affine } from '../affine.ts';
import type { Image, VoxelArray } from '../image.ts';
import { voxelCount } from '../image.ts';

/** 0.9 × 1.1 × 2.5 mm, turned by 30° about z, z flipped: no entry of the affine can be mistaken for another. */
// biome-ignore format: a matrix reads best as one
export const obliqueAffine: Affine = [
  0.9 * Math.cos(Math.PI / 6), -1.1 * Math.sin(Math.PI / 6), 0, -12.5,
  0.9 * Math.sin(Math.PI / 6), 1.1 * Math.cos(Math.PI / 6), 0, 33,
  0, 0, -2.5, 7.25,
  0, 0, 0, 1,
];

export function obliqueImage<Data extends VoxelArray>(shape: readonly number[], data: Data): Image<Data> {
  return { shape, data, spacing: [2.5, 1.1, 0.9], affine: obliqueAffine };
}

/** Voxel i holds i modulo `modulus`. */
export function countingVoxels<Data extends VoxelArray>(data: Data, modulus = 100): Data {
  for (let i = 0; i < data.length; i++) data[i] = i % modulus;
  return data;
}

export function countingImage(shape: readonly number[]): Image<Int16Array> {
  return obliqueImage(shape, countingVoxels(new Int16Array(voxelCount(shape))));
}
