/** How the intensities of an image become grey. */
import type { VoxelArray } from '@voxelgrad/io';

/** Intensities of black and white: the 0.5th and 99.9th percentile of an even sample of the voxels above the smallest, which is the surrounding air. */
export function greyWindow(image: VoxelArray): [number, number] {
  const step = Math.max(1, Math.floor(image.length / 200_000));
  const sample = Float64Array.from({ length: Math.ceil(image.length / step) }, (_, i) => image[i * step]!)
    .filter(Number.isFinite)
    .sort();
  const inside = sample.filter((value) => value > sample[0]!);
  const at = (share: number): number => inside[Math.round((inside.length - 1) * share)] ?? 0;
  return [at(0.005), at(0.999)];
}
