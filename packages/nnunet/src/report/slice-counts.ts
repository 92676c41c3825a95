/** Which slice of a volume shows most of a structure. */

/** Voxels of the masks in each slice, for each of the three axes. */
export function voxelsPerSlice(masks: readonly Uint8Array[], shape: readonly number[]): Float64Array[] {
  const [depth, height, width] = shape as [number, number, number];
  const counts = [new Float64Array(depth), new Float64Array(height), new Float64Array(width)] as const;
  for (const mask of masks)
    for (let voxel = 0; voxel < mask.length; voxel++) {
      if (mask[voxel] === 0) continue;
      counts[0][Math.floor(voxel / (height * width))]!++;
      counts[1][Math.floor(voxel / width) % height]!++;
      counts[2][voxel % width]!++;
    }
  return [...counts];
}

/** The slice with the most voxels; the middle one where there are none. */
export function fullestSlice(counts: Float64Array): number {
  const most = counts.reduce((largest, count) => Math.max(largest, count), 0);
  return most === 0 ? Math.floor(counts.length / 2) : counts.indexOf(most);
}
