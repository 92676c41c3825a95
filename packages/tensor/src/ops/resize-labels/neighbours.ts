/**
 * For each voxel of a resized axis: the two voxels that it lies between and their weights, as SciPy's zoom with `grid_mode` computes them: in double precision,
 * outer edges stay where they are.
 */
export interface Neighbours {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly lowWeight: Float64Array;
  readonly highWeight: Float64Array;
}

export function neighboursAlong(extent: number, size: number): Neighbours {
  const ratio = extent / size;
  const [low, high] = [new Int32Array(size), new Int32Array(size)];
  const [lowWeight, highWeight] = [new Float64Array(size), new Float64Array(size)];
  for (let i = 0; i < size; i++) {
    const coordinate = Math.min(Math.max(ratio * (i + 0.5) - 0.5, 0), extent - 1);
    low[i] = Math.floor(coordinate);
    high[i] = Math.min(low[i]! + 1, extent - 1);
    highWeight[i] = coordinate - low[i]!;
    lowWeight[i] = 1 - highWeight[i]!;
  }
  return { low, high, lowWeight, highWeight };
}
