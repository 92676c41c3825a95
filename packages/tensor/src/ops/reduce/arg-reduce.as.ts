/**
 * The index of the first largest or smallest element along the middle axis of `[outer, reduced, inner]`. Four columns (pairs of an outer and
 * an inner index) at a time; a long axis is cut into parts, whose winners are compared in order. NaN wins, as in PyTorch.
 */
import { storeLanes32 } from '../../device/cpu/simd.as';

@unmanaged
class ArgReduce {
  x: usize;
  out: usize;
  /** For each part, if there are several, the winners of all columns: values, then indices. */
  partials: usize;
  columns: i32;
  columnsPerItem: i32;
  reduced: i32;
  inner: i32;
  parts: i32;
  partSize: i32;
}

/** `better(a, b)`: a mask of where a beats b. */
@unmanaged class Largest {
  @inline better(a: v128, b: v128): v128 {
    return v128.or(f32x4.gt(a, b), v128.and(f32x4.ne(a, a), f32x4.eq(b, b)));
  }
}

@unmanaged class Smallest {
  @inline better(a: v128, b: v128): v128 {
    return v128.or(f32x4.lt(a, b), v128.and(f32x4.ne(a, a), f32x4.eq(b, b)));
  }
}

@unmanaged class IntLargest {
  @inline better(a: v128, b: v128): v128 { return i32x4.gt_s(a, b); }
}

@unmanaged class IntSmallest {
  @inline better(a: v128, b: v128): v128 { return i32x4.lt_s(a, b); }
}

/** Where a column starts. */
@inline
function columnAddress(q: ArgReduce, column: i32): usize {
  const outer = column / q.inner;
  return q.x + (<usize>(outer * q.reduced * q.inner + column - outer * q.inner) << 2);
}

@inline
function argReduce<B>(q: ArgReduce, item: i32): void {
  const b = changetype<B>(0);
  const group = item / q.parts;
  const part = item - group * q.parts;
  const start = part * q.partSize;
  const stop = min(start + q.partSize, q.reduced);
  const skip = <usize>(start * q.inner) << 2;
  const step = <usize>q.inner << 2;
  const end = min((group + 1) * q.columnsPerItem, q.columns);
  for (let column = group * q.columnsPerItem; column < end; column += 4) {
    const last = end - 1;
    let x0 = columnAddress(q, column) + skip;
    let x1 = columnAddress(q, min(column + 1, last)) + skip;
    let x2 = columnAddress(q, min(column + 2, last)) + skip;
    let x3 = columnAddress(q, min(column + 3, last)) + skip;
    let best = i32x4.splat(0);
    let index = i32x4.splat(start);
    for (let i = start; i < stop; i++) {
      let value = v128.load32_zero(x0);
      value = v128.load32_lane(x1, value, 1);
      value = v128.load32_lane(x2, value, 2);
      value = v128.load32_lane(x3, value, 3);
      const mask = i == start ? i32x4.splat(-1) : b.better(value, best);
      best = v128.bitselect(value, best, mask);
      index = v128.bitselect(i32x4.splat(i), index, mask);
      x0 += step;
      x1 += step;
      x2 += step;
      x3 += step;
    }
    const count = min(4, end - column);
    if (q.parts == 1) storeLanes32(q.out + (<usize>column << 2), index, count);
    else {
      const values = q.partials + (<usize>(part * 2 * q.columns + column) << 2);
      storeLanes32(values, best, count);
      storeLanes32(values + (<usize>q.columns << 2), index, count);
    }
  }
}

@inline
function argCombine<B>(q: ArgReduce, item: i32): void {
  const b = changetype<B>(0);
  const partBytes = <usize>q.columns << 3;
  const end = min((item + 1) * q.columnsPerItem, q.columns);
  for (let column = item * q.columnsPerItem; column < end; column++) {
    let values = q.partials + (<usize>column << 2);
    let best = v128.load32_splat(values);
    let index = load<i32>(values + (<usize>q.columns << 2));
    for (let part = 1; part < q.parts; part++) {
      values += partBytes;
      const value = v128.load32_splat(values);
      if (v128.any_true(b.better(value, best))) {
        best = value;
        index = load<i32>(values + (<usize>q.columns << 2));
      }
    }
    store<i32>(q.out + (<usize>column << 2), index);
  }
}

export function argMax(q: ArgReduce, item: i32, thread: i32): void { argReduce<Largest>(q, item); }
export function argMin(q: ArgReduce, item: i32, thread: i32): void { argReduce<Smallest>(q, item); }
export function argIntMax(q: ArgReduce, item: i32, thread: i32): void { argReduce<IntLargest>(q, item); }
export function argIntMin(q: ArgReduce, item: i32, thread: i32): void { argReduce<IntSmallest>(q, item); }
export function argCombineMax(q: ArgReduce, item: i32, thread: i32): void { argCombine<Largest>(q, item); }
export function argCombineMin(q: ArgReduce, item: i32, thread: i32): void { argCombine<Smallest>(q, item); }
export function argCombineIntMax(q: ArgReduce, item: i32, thread: i32): void { argCombine<IntLargest>(q, item); }
export function argCombineIntMin(q: ArgReduce, item: i32, thread: i32): void { argCombine<IntSmallest>(q, item); }
