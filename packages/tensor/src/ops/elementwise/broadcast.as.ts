/**
 * The loop of all elementwise kernels with two or three operands. The result is walked as rows along its innermost axis; along it an operand
 * is contiguous or constant, and each combination has its own loop, so nothing is decided per element. Loops compute before they test, so that V8
 * keeps constants out of them.
 */
import { storeBytes } from '../../device/cpu/simd.as';

/** Extents and strides (in elements, 0 where an operand is stretched) of six axes, slowest first. */
@unmanaged
export class Broadcast {
  a: usize;
  b: usize;
  condition: usize;
  out: usize;
  /** The constant: the bits of a float, or an integer for integer ops. */
  p: i32;
  rows: i32;
  rowsPerItem: i32;
  /** Long rows are cut into this many pieces of `chunk` elements. */
  pieces: i32;
  chunk: i32;
  n0: i32; n1: i32; n2: i32; n3: i32; n4: i32; n5: i32;
  a0: i32; a1: i32; a2: i32; a3: i32; a4: i32; a5: i32;
  b0: i32; b1: i32; b2: i32; b3: i32; b4: i32; b5: i32;
  c0: i32; c1: i32; c2: i32; c3: i32; c4: i32; c5: i32;
}

/** An operand that has the innermost axis. */
@unmanaged
class Along {
  @inline value(from: usize, before: v128): v128 { return v128.load(from); }
  @inline mask<T>(from: usize, before: v128): v128 { return maskOf<T>(from); }
}

/** An operand that is stretched along the innermost axis: what was loaded before the loop stays. */
@unmanaged
class Stretched {
  @inline value(from: usize, before: v128): v128 { return before; }
  @inline mask<T>(from: usize, before: v128): v128 { return before; }
}

/** One condition byte for each element of type T that fits in 16 bytes, as a mask over these elements. */
@inline
function maskOf<T>(from: usize): v128 {
  if (sizeof<T>() == 1) return i8x16.ne(v128.load(from), i8x16.splat(0));
  if (sizeof<T>() == 2) return i16x8.ne(i16x8.extend_low_i8x16_u(v128.load64_zero(from)), i16x8.splat(0));
  return i32x4.ne(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(from))), i32x4.splat(0));
}

@inline
function splat<T>(from: usize): v128 {
  if (sizeof<T>() == 1) return v128.load8_splat(from);
  return sizeof<T>() == 2 ? v128.load16_splat(from) : v128.load32_splat(from);
}

/** The mask of a comparison as bytes 0 and 1 in the first lanes; other results as they are. */
@inline
function packed<TIn, TOut>(value: v128): v128 {
  if (sizeof<TIn>() == sizeof<TOut>()) return sizeof<TIn>() == 1 ? v128.and(value, i8x16.splat(1)) : value;
  return v128.and(i8x16.shuffle(value, value, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12), i8x16.splat(1));
}

@inline
function store<TIn, TOut>(out: usize, value: v128): void {
  if (sizeof<TIn>() == sizeof<TOut>()) v128.store(out, value);
  else v128.store32_lane(out, value, 0);
}

@inline
function row<F, TIn, TOut, A, B>(a: usize, b: usize, out: usize, count: i32, p: v128): void {
  const lanes = <i32>(16 / sizeof<TIn>());
  const constantA = splat<TIn>(a);
  const constantB = splat<TIn>(b);
  const f = changetype<F>(0);
  const left = changetype<A>(0);
  const right = changetype<B>(0);
  let value: v128;
  do {
    value = packed<TIn, TOut>(f.of(left.value(a, constantA), right.value(b, constantB), p));
    if (count < lanes) break;
    store<TIn, TOut>(out, value);
    a += 16;
    b += 16;
    out += lanes * sizeof<TOut>();
    count -= lanes;
  } while (count > 0);
  if (count > 0) storeBytes(out, value, count * <i32>sizeof<TOut>());
}

@inline
function selectRow<T, A, B, C>(condition: usize, a: usize, b: usize, out: usize, count: i32): void {
  const lanes = <i32>(16 / sizeof<T>());
  const constantA = splat<T>(a);
  const constantB = splat<T>(b);
  const constantC = i8x16.ne(v128.load8_splat(condition), i8x16.splat(0));
  const left = changetype<A>(0);
  const right = changetype<B>(0);
  const chosen = changetype<C>(0);
  let value: v128;
  do {
    const mask = chosen.mask<T>(condition, constantC);
    value = v128.bitselect(left.value(a, constantA), right.value(b, constantB), mask);
    if (count < lanes) break;
    v128.store(out, value);
    a += 16;
    b += 16;
    condition += lanes;
    out += 16;
    count -= lanes;
  } while (count > 0);
  if (count > 0) storeBytes(out, value, count * <i32>sizeof<T>());
}

/** A row of two operands, of which at most one is stretched. */
@unmanaged
class BinaryRows<F, TIn, TOut> {
  @inline run(q: Broadcast, a: usize, b: usize, condition: usize, out: usize, count: i32): void {
    const p = i32x4.splat(q.p);
    if (q.a5 == 0) row<F, TIn, TOut, Stretched, Along>(a, b, out, count, p);
    else if (q.b5 == 0) row<F, TIn, TOut, Along, Stretched>(a, b, out, count, p);
    else row<F, TIn, TOut, Along, Along>(a, b, out, count, p);
  }
}

/** A row of three operands, of which at most two are stretched. */
@unmanaged
class SelectRows<T> {
  @inline run(q: Broadcast, a: usize, b: usize, condition: usize, out: usize, count: i32): void {
    if (q.c5 == 0) {
      if (q.a5 == 0) selectRow<T, Stretched, Along, Stretched>(condition, a, b, out, count);
      else if (q.b5 == 0) selectRow<T, Along, Stretched, Stretched>(condition, a, b, out, count);
      else selectRow<T, Along, Along, Stretched>(condition, a, b, out, count);
    } else if (q.a5 == 0) {
      if (q.b5 == 0) selectRow<T, Stretched, Stretched, Along>(condition, a, b, out, count);
      else selectRow<T, Stretched, Along, Along>(condition, a, b, out, count);
    } else if (q.b5 == 0) selectRow<T, Along, Stretched, Along>(condition, a, b, out, count);
    else selectRow<T, Along, Along, Along>(condition, a, b, out, count);
  }
}

@inline
function walk<R, TIn, TOut>(q: Broadcast, item: i32): void {
  const group = item / q.pieces;
  const first = (item - group * q.pieces) * q.chunk;
  const count = min(q.chunk, q.n5 - first);
  let index = group * q.rowsPerItem;
  const end = min(index + q.rowsPerItem, q.rows);
  while (index < end) {
    // Where this row lies: rows along axis 4 follow each other, so that the other indices are worked out once for all of them.
    let rest = index / q.n4;
    const i4 = index - rest * q.n4;
    let outer = rest / q.n3;
    const i3 = rest - outer * q.n3;
    rest = outer / q.n2;
    const i2 = outer - rest * q.n2;
    const i0 = rest / q.n1;
    const i1 = rest - i0 * q.n1;
    let a = q.a + <usize>(i0 * q.a0 + i1 * q.a1 + i2 * q.a2 + i3 * q.a3 + i4 * q.a4 + first * q.a5) * sizeof<TIn>();
    let b = q.b + <usize>(i0 * q.b0 + i1 * q.b1 + i2 * q.b2 + i3 * q.b3 + i4 * q.b4 + first * q.b5) * sizeof<TIn>();
    let condition = q.condition + <usize>(i0 * q.c0 + i1 * q.c1 + i2 * q.c2 + i3 * q.c3 + i4 * q.c4 + first * q.c5);
    let out = q.out + <usize>(index * q.n5 + first) * sizeof<TOut>();
    const stop = index + min(end - index, q.n4 - i4);
    for (; index < stop; index++) {
      changetype<R>(0).run(q, a, b, condition, out, count);
      a += q.a4 * <i32>sizeof<TIn>();
      b += q.b4 * <i32>sizeof<TIn>();
      condition += q.c4;
      out += q.n5 * <i32>sizeof<TOut>();
    }
  }
}

/** One item of `out = F(a, b)`; only the sizes of TIn and TOut matter. */
export function binary<F, TIn, TOut>(q: Broadcast, item: i32): void {
  walk<BinaryRows<F, TIn, TOut>, TIn, TOut>(q, item);
}

/** One item of `out = condition ? a : b`. */
export function where<T>(q: Broadcast, item: i32): void {
  walk<SelectRows<T>, T, T>(q, item);
}
