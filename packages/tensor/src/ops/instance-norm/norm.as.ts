/**
 * What the normalisation kernels share. A sample's `size` = space · channels elements are read as rows of `width` = repeats · channels columns, so
 * that rows are whole SIMD vectors even with one channel; a last row may be shorter. Tables hold a value for each column of such a row.
 */

@unmanaged
export class Norm {
  x: usize;
  dy: usize;
  /** y forward, dx backward. */
  out: usize;
  /** Absent ones are 0. */
  weight: usize;
  bias: usize;
  mean: usize;
  inverseDeviation: usize;
  dweight: usize;
  dbias: usize;
  /** f64 `[batch, splits, 2, channels]`. */
  partials: usize;
  /** f32 `[batch, 5, width]`: mean, factor, bias, and backward two more. */
  tables: usize;
  /** Working memory of each thread. */
  scratch: usize;
  scratchBytes: i32;
  batch: i32;
  size: i32;
  channels: i32;
  groups: i32;
  width: i32;
  /** Full rows of a sample. */
  rows: i32;
  /** Parts of a sample whose sums are made apart, and their rows. */
  splits: i32;
  rowsPerSplit: i32;
  /** Rows whose sums are made in f32. */
  blockRows: i32;
  /** Groups of channels of an item of the combining kernels, and items of a sample. */
  groupsPerItem: i32;
  groupItems: i32;
  /** Rows of an item of the kernels that write, and items of a sample. */
  rowsPerItem: i32;
  rowItems: i32;
  epsilon: f32;
  slope: f32;
}

export const TABLES: i32 = 5;

/** Elements behind the full rows of a sample. */
@inline
export function restOf(q: Norm): i32 {
  return q.size - q.rows * q.width;
}

@inline
export function sampleOffset(q: Norm, sample: i32): usize {
  return <usize>(sample * q.size) << 2;
}

/** A table of a sample. */
@inline
export function tableOf(q: Norm, sample: i32, table: i32): usize {
  return q.tables + (<usize>((sample * TABLES + table) * q.width) << 2);
}

/** Where the partial results of a split start; those of the second kind lie `channels` f64 behind. */
@inline
export function partialsOf(q: Norm, sample: i32, split: i32): usize {
  return q.partials + (<usize>((sample * q.splits + split) * 2 * q.channels) << 3);
}

/** Sets a channel's value in every repetition of the table. */
@inline
export function spread(q: Norm, sample: i32, table: i32, channel: i32, value: f32): void {
  const to = tableOf(q, sample, table);
  for (let column = channel; column < q.width; column += q.channels) store<f32>(to + (<usize>column << 2), value);
}

@inline
export function channelValue(values: usize, channel: i32, absent: f32): f32 {
  return values == 0 ? absent : load<f32>(values + (<usize>channel << 2));
}
