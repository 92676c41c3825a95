/** A small preprocessed case for tests: no two voxels that are near each other are alike. */
import { interleaveChannels } from '../preprocess/crop.ts';
import type { PreprocessedCase, Shape3 } from '../store/preprocessed-case.ts';

export function preprocessedCase(shape: Shape3, channels: number): PreprocessedCase {
  const voxels = shape[0] * shape[1] * shape[2];
  const data = interleaveChannels(
    Array.from({ length: channels }, (_, c) => Float32Array.from({ length: voxels }, (_, i) => Math.sin(i * 0.37 + c))),
  );
  return {
    shape,
    channels,
    data,
    seg: Int16Array.from({ length: voxels }, (_, i) => (i % 7) - 1),
    previous: Int16Array.from({ length: voxels }, (_, i) => i % 300),
    classLocations: [
      { labels: [1], voxels: Uint32Array.of(2, 9, voxels - 1) },
      { labels: [2, 3], voxels: Uint32Array.of(3, 4) },
    ],
    annotatedLocations: Uint32Array.of(0, 5),
    properties: { spacing: [1, 0.7, 0.7], shapeBeforeCropping: [...shape], name: 'ü' },
  };
}

/** The box of an array `[d, h, w, c]`, voxel by voxel: the plain way, to compare with. */
export function boxOf(data: ArrayLike<number>, shape: Shape3, channels: number, lower: Shape3, size: Shape3): number[] {
  const values: number[] = [];
  for (let z = lower[0]; z < lower[0] + size[0]; z++)
    for (let y = lower[1]; y < lower[1] + size[1]; y++)
      for (let x = lower[2]; x < lower[2] + size[2]; x++)
        for (let c = 0; c < channels; c++) values.push(data[((z * shape[1] + y) * shape[2] + x) * channels + c]!);
  return values;
}
