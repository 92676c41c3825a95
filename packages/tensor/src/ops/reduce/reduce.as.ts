/**
 * Reductions of `[outer, reduced, inner]` to `[outer, inner]`.
 *
 * Long ones: what belongs to one outer index is read as rows of `width` columns, where a narrow inner axis is repeated until the rows are wide
 * enough for SIMD (the columns are folded at the end). An item joins some rows of some columns; its partial result is final or joined with
 * those of the other items of the same columns by `combine`. Short ones (few dozen elements along the axis) are reduced in registers.
 */
import * as a from './accumulators.as';
import { storeLanes32 } from '../../device/cpu/simd.as';

/** Rows that are joined in f32 before the result goes to the slots. */
const BLOCK_ROWS: i32 = 64;

@unmanaged
class Reduce {
  x: usize;
  out: usize;
  /** Slots `[outer, splits, inner]`; not used if splits is 1. */
  partials: usize;
  /** For each thread `scratchBytes`: slots, then floats, for `width` columns. */
  scratch: usize;
  scratchBytes: i32;
  inner: i32;
  /** Elements of one outer index. */
  size: i32;
  /** Elements from row to row, and the columns that an item takes. */
  stride: i32;
  width: i32;
  /** Full rows; what is left of the last row is shorter. */
  rows: i32;
  blocks: i32;
  splits: i32;
  rowsPerSplit: i32;
  outer: i32;
  outersPerItem: i32;
  divisor: i32;
}

/** Joins `count` (1–8) rows of `columns` columns into the floats at `sums`, or sets them if `first`. */
@inline
function joinRows<A>(x: usize, rowBytes: usize, sums: usize, columns: i32, count: i32, first: bool): void {
  const f = changetype<A>(0);
  for (let j: usize = 0, end = <usize>columns << 2; j < end; j += 16) {
    let from = x + j;
    let value: v128;
    if (count == 8) {
      const x0 = f.map(v128.load(from));
      const x1 = f.map(v128.load((from += rowBytes)));
      const x2 = f.map(v128.load((from += rowBytes)));
      const x3 = f.map(v128.load((from += rowBytes)));
      const x4 = f.map(v128.load((from += rowBytes)));
      const x5 = f.map(v128.load((from += rowBytes)));
      const x6 = f.map(v128.load((from += rowBytes)));
      const x7 = f.map(v128.load((from += rowBytes)));
      value = f.join(f.join(f.join(x0, x1), f.join(x2, x3)), f.join(f.join(x4, x5), f.join(x6, x7)));
    } else {
      value = f.map(v128.load(from));
      for (let i = 1; i < count; i++) value = f.join(value, f.map(v128.load((from += rowBytes))));
    }
    v128.store(sums + j, first ? value : f.join(v128.load(sums + j), value));
  }
}

/** Joins rows into slots. */
@inline
function joinBlocks<A>(x: usize, rowBytes: usize, rows: i32, columns: i32, slots: usize, sums: usize): void {
  const f = changetype<A>(0);
  for (let j = 0; j < columns; j += 4) f.clear(slots + j * f.slotBytes());
  for (let block = 0; block < rows; block += BLOCK_ROWS) {
    const end = min(block + BLOCK_ROWS, rows);
    for (let row = block; row < end; row += 8) {
      const from = x + <usize>row * rowBytes;
      if (end - row >= 8) joinRows<A>(from, rowBytes, sums, columns, 8, row == block);
      else joinRows<A>(from, rowBytes, sums, columns, end - row, row == block);
    }
    for (let j = 0; j < columns; j += 4) f.keep(slots + j * f.slotBytes(), v128.load(sums + (<usize>j << 2)));
  }
}

@inline
function reduce<A>(q: Reduce, item: i32, thread: i32): void {
  const f = changetype<A>(0);
  const part = item / q.blocks;
  const firstColumn = (item - part * q.blocks) * q.width;
  const group = part / q.splits;
  const split = part - group * q.splits;
  const firstRow = split * q.rowsPerSplit;
  const rows = min(q.rowsPerSplit, q.rows - firstRow);
  const columns = min(q.width, q.stride - firstColumn);
  const slots = q.scratch + <usize>thread * q.scratchBytes;
  const sums = slots + ((q.width + 3) & -4) * 8;
  for (let outer = group * q.outersPerItem, end = min(outer + q.outersPerItem, q.outer); outer < end; outer++) {
    const x = q.x + (<usize>(outer * q.size + firstColumn) << 2);
    joinBlocks<A>(x + (<usize>(firstRow * q.stride) << 2), <usize>q.stride << 2, rows, columns, slots, sums);
    if (split == q.splits - 1) {
      const rest = q.size - q.rows * q.stride;
      const from = x + (<usize>(q.rows * q.stride) << 2);
      for (let j = 0; j < rest; j++) f.keepOne(slots + j * f.slotBytes(), from + (<usize>j << 2));
    }
    const kept = min(columns, q.inner);
    for (let j = kept; j < columns; j += kept)
      for (let i = 0; i < kept; i++) f.merge(slots + i * f.slotBytes(), slots + (j + i) * f.slotBytes());
    if (q.splits == 1) {
      const out = q.out + (<usize>(outer * q.inner + firstColumn) << 2);
      for (let i = 0; i < kept; i++) f.finish(slots + i * f.slotBytes(), out + (<usize>i << 2), <f64>q.divisor);
    } else {
      const to = q.partials + <usize>((outer * q.splits + split) * q.inner + firstColumn) * f.slotBytes();
      memory.copy(to, slots, kept * f.slotBytes());
    }
  }
}

@unmanaged
class Combine {
  partials: usize;
  out: usize;
  splits: i32;
  inner: i32;
  /** Columns of an item, and items of one outer index. */
  columns: i32;
  blocks: i32;
  divisor: i32;
}

/** Joins the partial results of an outer index in their order. */
@inline
function combine<A>(q: Combine, item: i32): void {
  const f = changetype<A>(0);
  const outer = item / q.blocks;
  const first = (item - outer * q.blocks) * q.columns;
  const partials = q.partials + <usize>(outer * q.splits * q.inner) * f.slotBytes();
  for (let i = first, end = min(first + q.columns, q.inner); i < end; i++) {
    const slot = partials + i * f.slotBytes();
    for (let split = 1; split < q.splits; split++) f.merge(slot, slot + split * q.inner * f.slotBytes());
    f.finish(slot, q.out + (<usize>(outer * q.inner + i) << 2), <f64>q.divisor);
  }
}

@unmanaged
class ReduceShort {
  x: usize;
  out: usize;
  outer: i32;
  reduced: i32;
  inner: i32;
  /** With an inner axis of 1: outer indices of an item. Else columns of an item, and items of one outer index. */
  columns: i32;
  blocks: i32;
  outersPerItem: i32;
  /** Factor of the result (1, or 1 / reduced for the mean). */
  divisor: i32;
}

@inline
function quotient(value: v128, divisor: i32): v128 {
  return divisor == 1 ? value : f32x4.div(value, f32x4.splat(<f32>divisor));
}

/** Four outer indices at a time. */
@inline
function reduceShortRows<A>(q: ReduceShort, item: i32): void {
  const f = changetype<A>(0);
  const bytes = <usize>q.reduced << 2;
  const end = min((item + 1) * q.outersPerItem, q.outer);
  for (let outer = item * q.outersPerItem; outer < end; outer += 4) {
    const count = min(4, end - outer);
    let x0 = q.x + <usize>outer * bytes;
    // Where fewer than four are left, the last one is read again.
    let x1 = x0 + (count > 1 ? bytes : 0);
    let x2 = x1 + (count > 2 ? bytes : 0);
    let x3 = x2 + (count > 3 ? bytes : 0);
    let result = i32x4.splat(0);
    for (let i = 0; i < q.reduced; i++) {
      let value = v128.load32_zero(x0);
      value = v128.load32_lane(x1, value, 1);
      value = v128.load32_lane(x2, value, 2);
      value = f.map(v128.load32_lane(x3, value, 3));
      result = i == 0 ? value : f.join(result, value);
      x0 += 4;
      x1 += 4;
      x2 += 4;
      x3 += 4;
    }
    result = quotient(result, q.divisor);
    const out = q.out + (<usize>outer << 2);
    if (count == 4) v128.store(out, result);
    else storeLanes32(out, result, count);
  }
}

/** Four columns at a time. */
@inline
function reduceShortColumns<A>(q: ReduceShort, item: i32): void {
  const f = changetype<A>(0);
  const group = item / q.blocks;
  const first = (item - group * q.blocks) * q.columns;
  const last = min(first + q.columns, q.inner);
  const rowBytes = <usize>q.inner << 2;
  for (let outer = group * q.outersPerItem, end = min(outer + q.outersPerItem, q.outer); outer < end; outer++) {
    const x = q.x + <usize>outer * q.reduced * rowBytes;
    const out = q.out + <usize>outer * rowBytes;
    for (let j = first; j < last; j += 4) {
      let from = x + (<usize>j << 2);
      let result = f.map(v128.load(from));
      for (let i = 1; i < q.reduced; i++) result = f.join(result, f.map(v128.load((from += rowBytes))));
      result = quotient(result, q.divisor);
      if (last - j >= 4) v128.store(out + (<usize>j << 2), result);
      else storeLanes32(out + (<usize>j << 2), result, last - j);
    }
  }
}

export function reduceSum(q: Reduce, item: i32, thread: i32): void { reduce<a.Sum>(q, item, thread); }
export function reduceCombineSum(q: Combine, item: i32, thread: i32): void { combine<a.Sum>(q, item); }
export function reduceRowsSum(q: ReduceShort, item: i32, thread: i32): void { reduceShortRows<a.Sum>(q, item); }
export function reduceColumnsSum(q: ReduceShort, item: i32, thread: i32): void { reduceShortColumns<a.Sum>(q, item); }
export function reduceSumOfSquares(q: Reduce, item: i32, thread: i32): void { reduce<a.SumOfSquares>(q, item, thread); }
export function reduceCombineSumOfSquares(q: Combine, item: i32, thread: i32): void { combine<a.SumOfSquares>(q, item); }
export function reduceRowsSumOfSquares(q: ReduceShort, item: i32, thread: i32): void { reduceShortRows<a.SumOfSquares>(q, item); }
export function reduceColumnsSumOfSquares(q: ReduceShort, item: i32, thread: i32): void { reduceShortColumns<a.SumOfSquares>(q, item); }
export function reduceMax(q: Reduce, item: i32, thread: i32): void { reduce<a.Max>(q, item, thread); }
export function reduceCombineMax(q: Combine, item: i32, thread: i32): void { combine<a.Max>(q, item); }
export function reduceRowsMax(q: ReduceShort, item: i32, thread: i32): void { reduceShortRows<a.Max>(q, item); }
export function reduceColumnsMax(q: ReduceShort, item: i32, thread: i32): void { reduceShortColumns<a.Max>(q, item); }
export function reduceMin(q: Reduce, item: i32, thread: i32): void { reduce<a.Min>(q, item, thread); }
export function reduceCombineMin(q: Combine, item: i32, thread: i32): void { combine<a.Min>(q, item); }
export function reduceRowsMin(q: ReduceShort, item: i32, thread: i32): void { reduceShortRows<a.Min>(q, item); }
export function reduceColumnsMin(q: ReduceShort, item: i32, thread: i32): void { reduceShortColumns<a.Min>(q, item); }
export function reduceIntSum(q: Reduce, item: i32, thread: i32): void { reduce<a.IntSum>(q, item, thread); }
export function reduceCombineIntSum(q: Combine, item: i32, thread: i32): void { combine<a.IntSum>(q, item); }
export function reduceRowsIntSum(q: ReduceShort, item: i32, thread: i32): void { reduceShortRows<a.IntSum>(q, item); }
export function reduceColumnsIntSum(q: ReduceShort, item: i32, thread: i32): void { reduceShortColumns<a.IntSum>(q, item); }
export function reduceIntMax(q: Reduce, item: i32, thread: i32): void { reduce<a.IntMax>(q, item, thread); }
export function reduceCombineIntMax(q: Combine, item: i32, thread: i32): void { combine<a.IntMax>(q, item); }
export function reduceRowsIntMax(q: ReduceShort, item: i32, thread: i32): void { reduceShortRows<a.IntMax>(q, item); }
export function reduceColumnsIntMax(q: ReduceShort, item: i32, thread: i32): void { reduceShortColumns<a.IntMax>(q, item); }
export function reduceIntMin(q: Reduce, item: i32, thread: i32): void { reduce<a.IntMin>(q, item, thread); }
export function reduceCombineIntMin(q: Combine, item: i32, thread: i32): void { combine<a.IntMin>(q, item); }
export function reduceRowsIntMin(q: ReduceShort, item: i32, thread: i32): void { reduceShortRows<a.IntMin>(q, item); }
export function reduceColumnsIntMin(q: ReduceShort, item: i32, thread: i32): void { reduceShortColumns<a.IntMin>(q, item); }
