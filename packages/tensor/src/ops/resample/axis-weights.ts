/**
 * Resampling along one axis as a sparse matrix: for each voxel of the result the voxels it is made of and their weights. Resampling a volume is
 * one such matrix for each axis, and the gradient is their transposes, so both need only one kernel.
 */
export interface AxisWeights {
  /** Entries of row i are those from `starts[i]` to `starts[i + 1]`, in ascending order of index. */
  readonly starts: readonly number[];
  readonly indices: readonly number[];
  readonly weights: readonly number[];
}

/** The cubic convolution of Keys with a = −0.75: the weights of the four voxels around a point at `t` between the middle two. */
function cubicWeights(t: number): readonly number[] {
  const a = -0.75;
  const near = (d: number) => ((a + 2) * d - (a + 3)) * d * d + 1;
  const far = (d: number) => ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  return [far(1 + t), near(t), near(1 - t), far(2 - t)];
}

/** PyTorch decides in single precision which voxel is the nearest: where the coordinate is a whole number, that matters. */
function nearestIndex(i: number, scale: number, offset: number): number {
  if (scale === 0) return Math.floor(offset);
  return Math.floor(Math.fround(Math.fround(i + offset / scale) * Math.fround(scale)));
}

function sources(
  mode: 'nearest' | 'linear' | 'cubic',
  i: number,
  scale: number,
  offset: number,
): readonly (readonly [number, number])[] {
  if (mode === 'nearest') return [[nearestIndex(i, scale, offset), 1]];
  const coordinate = i * scale + offset;
  const first = Math.floor(coordinate);
  const t = coordinate - first;
  if (mode === 'cubic') return cubicWeights(t).map((weight, k) => [first - 1 + k, weight]);
  return [
    [first, 1 - t],
    [first + 1, t],
  ];
}

/** The matrix that resamples an axis of `input` voxels to `output` voxels; indices outside are those of the edge. */
export function axisWeights(
  mode: 'nearest' | 'linear' | 'cubic',
  input: number,
  output: number,
  scale: number,
  offset: number,
): AxisWeights {
  const starts = [0];
  const indices: number[] = [];
  const weights: number[] = [];
  for (let i = 0; i < output; i++) {
    const row = new Map<number, number>();
    for (const [index, weight] of sources(mode, i, scale, offset)) {
      const inside = Math.min(Math.max(index, 0), input - 1);
      if (weight !== 0 && input > 0) row.set(inside, (row.get(inside) ?? 0) + weight);
    }
    for (const [index, weight] of row) {
      indices.push(index);
      weights.push(weight);
    }
    starts.push(indices.length);
  }
  return { starts, indices, weights };
}

/** The transposed matrix, which has `columns` rows. */
export function transposed({ starts, indices, weights }: AxisWeights, columns: number): AxisWeights {
  const rows = Array.from({ length: columns }, () => [] as [number, number][]);
  for (let i = 0; i + 1 < starts.length; i++)
    for (let k = starts[i]!; k < starts[i + 1]!; k++) rows[indices[k]!]!.push([i, weights[k]!]);
  const result = { starts: [0], indices: [] as number[], weights: [] as number[] };
  for (const row of rows) {
    for (const [index, weight] of row) {
      result.indices.push(index);
      result.weights.push(weight);
    }
    result.starts.push(result.indices.length);
  }
  return result;
}

/** Whether the matrix changes nothing. */
export const isIdentity = ({ starts, indices, weights }: AxisWeights, input: number): boolean =>
  starts.length === input + 1 &&
  indices.length === input &&
  starts.every((start, i) => start === i) &&
  indices.every((index, i) => index === i && weights[i] === 1);

/** The most entries in a row. */
export const longestRow = ({ starts }: AxisWeights): number =>
  starts.reduce((longest, start, i) => Math.max(longest, start - (starts[i - 1] ?? 0)), 0);
