/**
 * Batched matrix products. An item makes a tile of the result: it packs the part of b that it needs into panels of eight columns, so that the
 * inner loop reads them in order whatever b's layout, and multiplies four rows of a with a panel in registers.
 */
import { madd, storeLanes32 } from '../../device/cpu/simd.as';

/** Columns of a panel, rows of the micro-kernel, and steps along k that are packed at a time. */
const COLUMNS: i32 = 8;
const ROWS: i32 = 4;
const DEPTH: i32 = 256;

@unmanaged
class Matmul {
  a: usize;
  b: usize;
  /** The result, or with several splits their partial results one after the other. */
  out: usize;
  scratch: usize;
  m: i32;
  n: i32;
  k: i32;
  /** Strides in bytes. */
  aRow: i32;
  aStep: i32;
  bStep: i32;
  bColumn: i32;
  aBatch: i32;
  bBatch: i32;
  batches: i32;
  tileRows: i32;
  tileColumns: i32;
  rowTiles: i32;
  columnTiles: i32;
  splits: i32;
  depthPerSplit: i32;
}

/** Packs `depth` steps of `columns` columns of b as panels `[depth, 8]`; columns behind the last are 0. */
@inline
function pack(q: Matmul, b: usize, columns: i32, depth: i32, to: usize): void {
  for (let first = 0; first < columns; first += COLUMNS) {
    const count = min(COLUMNS, columns - first);
    const from = b + first * q.bColumn;
    if (q.bColumn == 4 && count == COLUMNS) {
      for (let step = 0; step < depth; step++) {
        const row = from + step * q.bStep;
        v128.store(to, v128.load(row));
        v128.store(to, v128.load(row, 16), 16);
        to += 32;
      }
      continue;
    }
    for (let step = 0; step < depth; step++) {
      const row = from + step * q.bStep;
      for (let j = 0; j < COLUMNS; j++) store<f32>(to + (<usize>j << 2), j < count ? load<f32>(row + j * q.bColumn) : 0);
      to += 32;
    }
  }
}

/** Stores or adds a row of eight sums of which `count` are inside. */
@inline
function finish(out: usize, low: v128, high: v128, count: i32, add: bool): void {
  if (add) {
    low = f32x4.add(v128.load(out), low);
    high = f32x4.add(v128.load(out, 16), high);
  }
  if (count >= COLUMNS) {
    v128.store(out, low);
    v128.store(out, high, 16);
  } else if (count > 4) {
    v128.store(out, low);
    storeLanes32(out + 16, high, count - 4);
  } else storeLanes32(out, low, count);
}

/** Four rows (addresses may repeat) times a panel. */
@inline
function micro(a0: usize, a1: usize, a2: usize, a3: usize, step: usize, panel: usize, depth: i32, out: usize, rowBytes: usize, rows: i32, columns: i32, add: bool): void {
  let l0 = f32x4.splat(0), l1 = l0, l2 = l0, l3 = l0, h0 = l0, h1 = l0, h2 = l0, h3 = l0;
  for (let i = 0; i < depth; i++) {
    const low = v128.load(panel);
    const high = v128.load(panel, 16);
    let value = v128.load32_splat(a0);
    l0 = madd(value, low, l0);
    h0 = madd(value, high, h0);
    value = v128.load32_splat(a1);
    l1 = madd(value, low, l1);
    h1 = madd(value, high, h1);
    value = v128.load32_splat(a2);
    l2 = madd(value, low, l2);
    h2 = madd(value, high, h2);
    value = v128.load32_splat(a3);
    l3 = madd(value, low, l3);
    h3 = madd(value, high, h3);
    a0 += step;
    a1 += step;
    a2 += step;
    a3 += step;
    panel += 32;
  }
  finish(out, l0, h0, columns, add);
  if (rows > 1) finish(out + rowBytes, l1, h1, columns, add);
  if (rows > 2) finish(out + (rowBytes << 1), l2, h2, columns, add);
  if (rows > 3) finish(out + rowBytes * 3, l3, h3, columns, add);
}

export function matmul(q: Matmul, item: i32, thread: i32): void {
  let rest = item / q.columnTiles;
  const firstColumn = (item - rest * q.columnTiles) * q.tileColumns;
  let next = rest / q.rowTiles;
  const firstRow = (rest - next * q.rowTiles) * q.tileRows;
  const batch = next / q.splits;
  const split = next - batch * q.splits;
  const columns = min(q.tileColumns, q.n - firstColumn);
  const lastRow = min(firstRow + q.tileRows, q.m);
  const panels = q.scratch + <usize>thread * (q.tileColumns * DEPTH << 2);
  const rowBytes = <usize>q.n << 2;
  const out = q.out + <usize>((split * q.batches + batch) * q.m) * rowBytes + (<usize>firstColumn << 2);
  const a = q.a + batch * q.aBatch;
  const b = q.b + batch * q.bBatch + firstColumn * q.bColumn;
  const start = split * q.depthPerSplit;
  const stop = min(start + q.depthPerSplit, q.k);
  for (let step = start; step < stop; step += DEPTH) {
    const depth = min(DEPTH, stop - step);
    pack(q, b + step * q.bStep, columns, depth, panels);
    for (let row = firstRow; row < lastRow; row += ROWS) {
      const rows = min(ROWS, lastRow - row);
      const a0 = a + row * q.aRow + step * q.aStep;
      const a1 = a0 + (rows > 1 ? q.aRow : 0);
      const a2 = a1 + (rows > 2 ? q.aRow : 0);
      const a3 = a2 + (rows > 3 ? q.aRow : 0);
      let panel = panels;
      for (let column = 0; column < columns; column += COLUMNS) {
        const to = out + <usize>row * rowBytes + (<usize>column << 2);
        micro(a0, a1, a2, a3, q.aStep, panel, depth, to, rowBytes, rows, columns - column, step > start);
        panel += <usize>depth << 5;
      }
    }
  }
}

@unmanaged
class MatmulSplits {
  partials: usize;
  out: usize;
  size: i32;
  chunk: i32;
  splits: i32;
}

/** Adds the partial results of the splits in order. */
export function matmulSplits(q: MatmulSplits, item: i32, thread: i32): void {
  const start = item * q.chunk;
  const end = min(start + q.chunk, q.size);
  for (let i = start; i < end; i += 4) {
    let from = q.partials + (<usize>i << 2);
    let sum = v128.load(from);
    for (let split = 1; split < q.splits; split++) sum = f32x4.add(sum, v128.load((from += <usize>q.size << 2)));
    const to = q.out + (<usize>i << 2);
    if (end - i >= 4) v128.store(to, sum);
    else storeLanes32(to, sum, end - i);
  }
}
