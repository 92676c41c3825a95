/**
 * Mean and variance of normalisation groups with one read of memory. Blocks of rows that stay in the cache are passed over twice (sum, then
 * squared deviations from the block's mean, with the correction for that mean's rounding), and blocks are merged in f64 by the formulas of
 * Chan, Golub and LeVeque (1979): as accurate as two passes over everything.
 */
import { highDoubles, lowDoubles, madd } from '../../device/cpu/simd.as';
import { channelValue, Norm, partialsOf, restOf, sampleOffset, spread } from './norm.as';

/** Means of the columns of some rows. */
@inline
function blockMeans(x: usize, rowBytes: usize, rows: i32, means: usize): void {
  const scale = f32x4.splat(<f32>1 / <f32>rows);
  for (let j: usize = 0; j < rowBytes; j += 16) v128.store(means + j, f32x4.splat(0));
  let row = 0;
  for (; row + 4 <= rows; row += 4) {
    for (let j: usize = 0; j < rowBytes; j += 16) {
      let from = x + j;
      const x0 = v128.load(from);
      const x1 = v128.load((from += rowBytes));
      const x2 = v128.load((from += rowBytes));
      const x3 = v128.load((from += rowBytes));
      v128.store(means + j, f32x4.add(v128.load(means + j), f32x4.add(f32x4.add(x0, x1), f32x4.add(x2, x3))));
    }
    x += rowBytes << 2;
  }
  for (; row < rows; row++) {
    for (let j: usize = 0; j < rowBytes; j += 16) v128.store(means + j, f32x4.add(v128.load(means + j), v128.load(x + j)));
    x += rowBytes;
  }
  for (let j: usize = 0; j < rowBytes; j += 16) v128.store(means + j, f32x4.mul(v128.load(means + j), scale));
}

/** Sums of deviations from the means, which rounding leaves near 0, and of their squares. */
@inline
function blockDeviations(x: usize, rowBytes: usize, rows: i32, means: usize, sums: usize, squares: usize): void {
  for (let j: usize = 0; j < rowBytes; j += 16) {
    v128.store(sums + j, f32x4.splat(0));
    v128.store(squares + j, f32x4.splat(0));
  }
  let row = 0;
  for (; row + 4 <= rows; row += 4) {
    for (let j: usize = 0; j < rowBytes; j += 16) {
      let from = x + j;
      const mean = v128.load(means + j);
      const d0 = f32x4.sub(v128.load(from), mean);
      const d1 = f32x4.sub(v128.load((from += rowBytes)), mean);
      const d2 = f32x4.sub(v128.load((from += rowBytes)), mean);
      const d3 = f32x4.sub(v128.load((from += rowBytes)), mean);
      v128.store(sums + j, f32x4.add(v128.load(sums + j), f32x4.add(f32x4.add(d0, d1), f32x4.add(d2, d3))));
      const squared = f32x4.add(madd(d0, d0, f32x4.mul(d1, d1)), madd(d2, d2, f32x4.mul(d3, d3)));
      v128.store(squares + j, f32x4.add(v128.load(squares + j), squared));
    }
    x += rowBytes << 2;
  }
  for (; row < rows; row++) {
    for (let j: usize = 0; j < rowBytes; j += 16) {
      const deviation = f32x4.sub(v128.load(x + j), v128.load(means + j));
      v128.store(sums + j, f32x4.add(v128.load(sums + j), deviation));
      v128.store(squares + j, madd(deviation, deviation, v128.load(squares + j)));
    }
    x += rowBytes;
  }
}

/** Merges the statistics of a block of `rows` rows, two columns, into those of the `before` rows so far. */
@inline
function mergePair(mean: usize, squares: usize, before: f64, rows: f64, blockMean: v128, sum: v128, blockSquares: v128): void {
  const correction = f64x2.div(sum, f64x2.splat(rows));
  const share = rows / (before + rows);
  const delta = f64x2.sub(f64x2.add(blockMean, correction), v128.load(mean));
  const within = f64x2.sub(blockSquares, f64x2.mul(sum, correction));
  const between = f64x2.mul(f64x2.mul(delta, delta), f64x2.splat(before * share));
  v128.store(mean, f64x2.add(v128.load(mean), f64x2.mul(delta, f64x2.splat(share))));
  v128.store(squares, f64x2.add(v128.load(squares), f64x2.add(within, between)));
}

/** The same for one number each: the other side has `count` values of the given mean and sum of squared deviations. */
@inline
function merge(mean: usize, squares: usize, before: f64, count: f64, otherMean: f64, otherSquares: f64): void {
  const share = count / (before + count);
  const delta = otherMean - load<f64>(mean);
  store<f64>(mean, load<f64>(mean) + delta * share);
  store<f64>(squares, load<f64>(squares) + otherSquares + delta * delta * before * share);
}

/** An item: the statistics of every channel over a split of a sample. */
export function normStatistics(q: Norm, item: i32, thread: i32): void {
  const sample = item / q.splits;
  const split = item - sample * q.splits;
  const firstRow = split * q.rowsPerSplit;
  const rows = min(q.rowsPerSplit, q.rows - firstRow);
  const width = q.width;
  const rowBytes = <usize>width << 2;
  const mean = q.scratch + <usize>thread * q.scratchBytes;
  const squares = mean + (rowBytes << 1);
  const blockMean = squares + (rowBytes << 1);
  const blockSum = blockMean + rowBytes;
  const blockSquares = blockSum + rowBytes;
  memory.fill(mean, 0, rowBytes << 2);
  const x = q.x + sampleOffset(q, sample) + <usize>firstRow * rowBytes;
  for (let row = 0; row < rows; row += q.blockRows) {
    const count = min(q.blockRows, rows - row);
    const from = x + <usize>row * rowBytes;
    blockMeans(from, rowBytes, count, blockMean);
    blockDeviations(from, rowBytes, count, blockMean, blockSum, blockSquares);
    for (let j: usize = 0; j < rowBytes; j += 16) {
      const means = v128.load(blockMean + j);
      const sums = v128.load(blockSum + j);
      const deviations = v128.load(blockSquares + j);
      const slot = j << 1;
      mergePair(mean + slot, squares + slot, <f64>row, <f64>count, lowDoubles(means), lowDoubles(sums), lowDoubles(deviations));
      mergePair(mean + slot + 16, squares + slot + 16, <f64>row, <f64>count, highDoubles(means), highDoubles(sums), highDoubles(deviations));
    }
  }
  if (rows > 0) foldChannels(q, mean, squares, rows);
  if (split == q.splits - 1) mergeRest(q, x + <usize>rows * rowBytes, mean, squares, rows * (width / q.channels));
  const to = partialsOf(q, sample, split);
  memory.copy(to, mean, <usize>q.channels << 3);
  memory.copy(to + (<usize>q.channels << 3), squares, <usize>q.channels << 3);
}

/** Merges the repetitions of each channel into the first. */
@inline
function foldChannels(q: Norm, mean: usize, squares: usize, rows: i32): void {
  let before = rows;
  for (let column = q.channels; column < q.width; column += q.channels) {
    for (let channel = 0; channel < q.channels; channel++) {
      const slot = <usize>channel << 3;
      const other = <usize>(column + channel) << 3;
      merge(mean + slot, squares + slot, <f64>before, <f64>rows, load<f64>(mean + other), load<f64>(squares + other));
    }
    before += rows;
  }
}

/** Merges the voxels behind the last full row. */
@inline
function mergeRest(q: Norm, x: usize, mean: usize, squares: usize, before: i32): void {
  for (let voxel = 0, voxels = restOf(q) / q.channels; voxel < voxels; voxel++) {
    for (let channel = 0; channel < q.channels; channel++) {
      const slot = <usize>channel << 3;
      merge(mean + slot, squares + slot, <f64>before, 1, <f64>load<f32>(x), 0);
      x += 4;
    }
    before++;
  }
}

/** Voxels of a split. */
@inline
function voxelsOf(q: Norm, split: i32): i32 {
  const repeats = q.width / q.channels;
  const rows = min(q.rowsPerSplit, q.rows - split * q.rowsPerSplit);
  return rows * repeats + (split == q.splits - 1 ? restOf(q) / q.channels : 0);
}

/** An item: the statistics of some groups of a sample, and the tables made from them. */
export function normCombine(q: Norm, item: i32, thread: i32): void {
  const sample = item / q.groupItems;
  const firstGroup = (item - sample * q.groupItems) * q.groupsPerItem;
  const lastGroup = min(firstGroup + q.groupsPerItem, q.groups);
  const perGroup = q.channels / q.groups;
  const partials = partialsOf(q, sample, 0);
  const second = <usize>q.channels << 3;
  for (let group = firstGroup; group < lastGroup; group++) {
    const first = group * perGroup;
    const mean = partials + (<usize>first << 3);
    for (let channel = first; channel < first + perGroup; channel++) {
      const slot = partials + (<usize>channel << 3);
      let voxels = voxelsOf(q, 0);
      for (let split = 1; split < q.splits; split++) {
        const count = voxelsOf(q, split);
        const other = slot + split * (second << 1);
        merge(slot, slot + second, <f64>voxels, <f64>count, load<f64>(other), load<f64>(other + second));
        voxels += count;
      }
      if (channel > first)
        merge(mean, mean + second, <f64>voxels * (channel - first), <f64>voxels, load<f64>(slot), load<f64>(slot + second));
    }
    const average = <f32>load<f64>(mean);
    const variance = load<f64>(mean + second) / (<f64>(q.size / q.channels) * perGroup);
    const inverse = <f32>(1 / Math.sqrt(variance + <f64>q.epsilon));
    const at = <usize>(sample * q.groups + group) << 2;
    store<f32>(q.mean + at, average);
    store<f32>(q.inverseDeviation + at, inverse);
    for (let channel = first; channel < first + perGroup; channel++) {
      spread(q, sample, 0, channel, average);
      spread(q, sample, 1, channel, inverse * channelValue(q.weight, channel, 1));
      spread(q, sample, 2, channel, channelValue(q.bias, channel, 0));
    }
  }
}
