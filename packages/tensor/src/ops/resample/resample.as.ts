/**
 * Resampling of `[n, d, h, w, c]` by one sparse matrix for each axis (see axis-weights.ts). For each row of the result, the rows that it is made
 * of are first summed with their weights into one, which is then resampled along the width.
 */
import { madd, storeLanes32 } from '../../device/cpu/simd.as';

/** Tables hold the first entry of each row, and entries of a byte offset and a weight. */
@unmanaged
class Resample {
  x: usize;
  out: usize;
  depthStarts: usize;
  depthEntries: usize;
  heightStarts: usize;
  heightEntries: usize;
  widthStarts: usize;
  widthEntries: usize;
  /** For one channel and two neighbours for each voxel: all offsets of the left one, all its weights, all weights of the right one; else 0. */
  widthPairs: usize;
  /** Elements between these three lists. */
  pairsStride: i32;
  widthIsIdentity: i32;
  scratch: usize;
  scratchBytes: usize;
  /** Bytes of the scratch memory for the list of rows; the summed row follows. */
  listBytes: usize;
  sampleBytes: usize;
  /** Elements of a row of x. */
  inputRow: i32;
  depth: i32;
  height: i32;
  width: i32;
  channels: i32;
  rows: i32;
  rowsPerItem: i32;
}

@inline
function entryCount(starts: usize, i: i32): i32 {
  const at = starts + (<usize>i << 2);
  return load<i32>(at, 4) - load<i32>(at);
}

@inline
function firstEntry(starts: usize, entries: usize, i: i32): usize {
  return entries + (<usize>load<i32>(starts + (<usize>i << 2)) << 3);
}

/** Writes address and weight of each row that the row (z, y) is made of; returns how many. */
function listRows(q: Resample, sample: usize, z: i32, y: i32, list: usize): i32 {
  const depthCount = entryCount(q.depthStarts, z);
  const heightCount = entryCount(q.heightStarts, y);
  let depthEntry = firstEntry(q.depthStarts, q.depthEntries, z);
  for (let i = 0; i < depthCount; i++) {
    let heightEntry = firstEntry(q.heightStarts, q.heightEntries, y);
    for (let j = 0; j < heightCount; j++) {
      store<usize>(list, sample + load<usize>(depthEntry) + load<usize>(heightEntry));
      store<f32>(list, load<f32>(depthEntry, 4) * load<f32>(heightEntry, 4), 4);
      list += 8;
      heightEntry += 8;
    }
    depthEntry += 8;
  }
  return depthCount * heightCount;
}

@inline
function sumFour(list: usize, count: i32, at: usize): v128 {
  let sum = f32x4.splat(0);
  for (let k = 0; k < count; k++) {
    const line = list + (<usize>k << 3);
    sum = madd(v128.load(load<usize>(line) + at), v128.load32_splat(line, 4), sum);
  }
  return sum;
}

/** The weighted sum of the listed rows of `size` elements. */
function sumRows(list: usize, count: i32, to: usize, size: i32): void {
  let at: usize = 0;
  for (; size >= 16; size -= 16) {
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    for (let k = 0; k < count; k++) {
      const line = list + (<usize>k << 3);
      const from = load<usize>(line) + at;
      const weight = v128.load32_splat(line, 4);
      s0 = madd(v128.load(from), weight, s0);
      s1 = madd(v128.load(from, 16), weight, s1);
      s2 = madd(v128.load(from, 32), weight, s2);
      s3 = madd(v128.load(from, 48), weight, s3);
    }
    v128.store(to + at, s0);
    v128.store(to + at, s1, 16);
    v128.store(to + at, s2, 32);
    v128.store(to + at, s3, 48);
    at += 64;
  }
  for (; size >= 4; size -= 4) {
    v128.store(to + at, sumFour(list, count, at));
    at += 16;
  }
  if (size > 0) storeLanes32(to + at, sumFour(list, count, at), size);
}

/** One channel, two neighbours for each voxel: four voxels at a time. */
function resampleWidthPairs(q: Resample, row: usize, to: usize): void {
  const stride = <usize>q.pairsStride << 2;
  let pair = q.widthPairs;
  let left = q.width;
  for (; left > 0; left -= 4) {
    let first = v128.load64_zero(row + load<usize>(pair));
    first = v128.load64_lane(row + load<usize>(pair, 4), first, 1);
    let second = v128.load64_zero(row + load<usize>(pair, 8));
    second = v128.load64_lane(row + load<usize>(pair, 12), second, 1);
    const lower = i8x16.shuffle(first, second, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
    const upper = i8x16.shuffle(first, second, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
    const sum = madd(lower, v128.load(pair + stride), f32x4.mul(upper, v128.load(pair + 2 * stride)));
    if (left >= 4) v128.store(to, sum);
    else storeLanes32(to, sum, left);
    pair += 16;
    to += 16;
  }
}

/** Four channels at a time; what a voxel writes past its channels, the next ones overwrite. */
function resampleWidth(q: Resample, row: usize, to: usize): void {
  const channels = q.channels;
  const starts = q.widthStarts;
  let entry = q.widthEntries;
  for (let x = 0; x < q.width; x++) {
    const end = firstEntry(starts, q.widthEntries, x + 1);
    for (let c = 0; c < channels; c += 4) {
      const from = row + (<usize>c << 2);
      let sum = f32x4.splat(0);
      for (let e = entry; e < end; e += 8) sum = madd(v128.load(from + load<usize>(e)), v128.load32_splat(e, 4), sum);
      if ((q.width - x) * channels - c < 4) storeLanes32(to + (<usize>c << 2), sum, channels - c);
      else v128.store(to + (<usize>c << 2), sum);
    }
    entry = end;
    to += <usize>channels << 2;
  }
}

export function resample(q: Resample, item: i32, thread: i32): void {
  const list = q.scratch + <usize>thread * q.scratchBytes;
  const summed = list + q.listBytes;
  const outBytes = <usize>(q.width * q.channels) << 2;
  const end = min(q.rows, (item + 1) * q.rowsPerItem);
  for (let index = item * q.rowsPerItem; index < end; index++) {
    const plane = index / q.height;
    const sample = plane / q.depth;
    const out = q.out + <usize>index * outBytes;
    const count = listRows(q, q.x + <usize>sample * q.sampleBytes, plane - sample * q.depth, index - plane * q.height, list);
    const single = count == 1 && load<f32>(list, 4) == 1;
    if (count == 0) memory.fill(out, 0, outBytes);
    else if (q.widthIsIdentity) {
      if (single) memory.copy(out, load<usize>(list), outBytes);
      else sumRows(list, count, out, q.inputRow);
    } else {
      let row = summed;
      if (single) row = load<usize>(list);
      else sumRows(list, count, summed, q.inputRow);
      if (q.widthPairs != 0) resampleWidthPairs(q, row, out);
      else resampleWidth(q, row, out);
    }
  }
}
