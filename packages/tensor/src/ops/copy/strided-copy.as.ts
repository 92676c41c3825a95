/**
 * Copies boxes between memories with any strides: whole runs where the innermost axis is contiguous on both sides, else element by element in
 * tiles over the two axes that are contiguous on one side each, so that cache lines are used whole on both sides.
 */
import { copyRun } from '../../device/cpu/runs.as';

/** Six axes, slowest first; strides in bytes. */
@unmanaged
class StridedCopy {
  x: usize;
  out: usize;
  n0: i32; n1: i32; n2: i32; n3: i32; n4: i32; n5: i32;
  f0: i32; f1: i32; f2: i32; f3: i32; f4: i32; f5: i32;
  t0: i32; t1: i32; t2: i32; t3: i32; t4: i32; t5: i32;
  /** Rows: how many runs there are, and how many an item copies. Tiles: the same of boxes over the last two axes. */
  rows: i32;
  rowsPerItem: i32;
  /** Runs: pieces that a run is cut into, and their bytes. Tiles: tiles along axes 4 and 5 that a box is cut into, and their extents. */
  pieces4: i32;
  pieces5: i32;
  chunk4: i32;
  chunk5: i32;
}

/** The byte offset of a row over axes 0 … 4 with these strides. */
@inline
function rowOffset(q: StridedCopy, row: i32, s0: i32, s1: i32, s2: i32, s3: i32, s4: i32): i32 {
  const i3 = row / q.n4;
  const i2 = i3 / q.n3;
  const i1 = i2 / q.n2;
  const i0 = i1 / q.n1;
  return i0 * s0 + (i1 - i0 * q.n1) * s1 + (i2 - i1 * q.n2) * s2 + (i3 - i2 * q.n3) * s3 + (row - i3 * q.n4) * s4;
}

/** The innermost axis counts bytes. */
export function copyRuns(q: StridedCopy, item: i32, thread: i32): void {
  const group = item / q.pieces5;
  const first = (item - group * q.pieces5) * q.chunk5;
  const bytes = min(q.chunk5, q.n5 - first);
  let row = group * q.rowsPerItem;
  const end = min(row + q.rowsPerItem, q.rows);
  while (row < end) {
    let from = q.x + rowOffset(q, row, q.f0, q.f1, q.f2, q.f3, q.f4) + first;
    let to = q.out + rowOffset(q, row, q.t0, q.t1, q.t2, q.t3, q.t4) + first;
    const stop = min(end, (row / q.n4 + 1) * q.n4);
    for (; row < stop; row++) {
      copyRun(to, from, bytes);
      from += q.f4;
      to += q.t4;
    }
  }
}

/** Columns of axis 5 that are copied together: their lines on the side that is contiguous along axis 4 stay in the cache. */
const COLUMNS: i32 = 16;

@inline
function copyElements<T>(q: StridedCopy, x: usize, out: usize, extent4: i32, extent5: i32): void {
  for (let i = 0; i < extent4; i++) {
    let from = x + i * q.f4;
    let to = out + i * q.t4;
    for (let j = 0; j < extent5; j++) {
      store<T>(to, load<T>(from));
      from += q.f5;
      to += q.t5;
    }
  }
}

/** Four by four words, contiguous along axis 4 in x and along axis 5 in the target. */
@inline
function transposeFour(from: usize, fromStride: usize, to: usize, toStride: usize): void {
  const a = v128.load(from);
  const b = v128.load((from += fromStride));
  const c = v128.load((from += fromStride));
  const d = v128.load(from + fromStride);
  const ab = i8x16.shuffle(a, b, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
  const cd = i8x16.shuffle(c, d, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
  const highAb = i8x16.shuffle(a, b, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
  const highCd = i8x16.shuffle(c, d, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
  v128.store(to, i8x16.shuffle(ab, cd, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
  v128.store((to += toStride), i8x16.shuffle(ab, cd, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31));
  v128.store((to += toStride), i8x16.shuffle(highAb, highCd, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23));
  v128.store(to + toStride, i8x16.shuffle(highAb, highCd, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31));
}

@inline
function transposeWords(q: StridedCopy, x: usize, out: usize, extent4: i32, extent5: i32): void {
  const whole4 = extent4 & ~3;
  const whole5 = extent5 & ~3;
  for (let i = 0; i < whole4; i += 4)
    for (let j = 0; j < whole5; j += 4)
      transposeFour(x + (<usize>i << 2) + j * q.f5, q.f5, out + i * q.t4 + (<usize>j << 2), q.t4);
  copyElements<u32>(q, x + (<usize>whole4 << 2), out + whole4 * q.t4, extent4 - whole4, extent5);
  copyElements<u32>(q, x + whole5 * q.f5, out + (<usize>whole5 << 2), whole4, extent5 - whole5);
}

/** Words along axis 5 in the opposite order: x points to the first, which lies last. */
@inline
function reverseWords(q: StridedCopy, x: usize, out: usize, extent4: i32, extent5: i32): void {
  const whole5 = extent5 & ~3;
  for (let i = 0; i < extent4; i++) {
    let from = x + i * q.f4 - 12;
    let to = out + i * q.t4;
    for (let j = 0; j < whole5; j += 4) {
      const value = v128.load(from);
      v128.store(to, i8x16.shuffle(value, value, 12, 13, 14, 15, 8, 9, 10, 11, 4, 5, 6, 7, 0, 1, 2, 3));
      from -= 16;
      to += 16;
    }
  }
  copyElements<u32>(q, x - (<usize>whole5 << 2), out + (<usize>whole5 << 2), extent4, extent5 - whole5);
}

@inline
function copyTile<T>(q: StridedCopy, x: usize, out: usize, extent4: i32, extent5: i32): void {
  if (sizeof<T>() == 4 && q.f5 == -4 && q.t5 == 4) {
    reverseWords(q, x, out, extent4, extent5);
    return;
  }
  for (let column = 0; column < extent5; column += COLUMNS) {
    const columns = min(COLUMNS, extent5 - column);
    const from = x + column * q.f5;
    const to = out + column * q.t5;
    if (sizeof<T>() == 4 && q.f4 == 4 && q.t5 == 4) transposeWords(q, from, to, extent4, columns);
    else copyElements<T>(q, from, to, extent4, columns);
  }
}

@inline
function copyTiles<T>(q: StridedCopy, item: i32): void {
  const strip = item / q.pieces5;
  const start5 = (item - strip * q.pieces5) * q.chunk5;
  const group = strip / q.pieces4;
  const start4 = (strip - group * q.pieces4) * q.chunk4;
  const end = min((group + 1) * q.rowsPerItem, q.rows);
  for (let box = group * q.rowsPerItem; box < end; box++) {
    const from = q.x + rowOffset(q, box * q.n4, q.f0, q.f1, q.f2, q.f3, 0) + start4 * q.f4 + start5 * q.f5;
    const to = q.out + rowOffset(q, box * q.n4, q.t0, q.t1, q.t2, q.t3, 0) + start4 * q.t4 + start5 * q.t5;
    copyTile<T>(q, from, to, min(q.chunk4, q.n4 - start4), min(q.chunk5, q.n5 - start5));
  }
}

export function copyTilesByte(q: StridedCopy, item: i32, thread: i32): void { copyTiles<u8>(q, item); }
export function copyTilesHalf(q: StridedCopy, item: i32, thread: i32): void { copyTiles<u16>(q, item); }
export function copyTilesWord(q: StridedCopy, item: i32, thread: i32): void { copyTiles<u32>(q, item); }
