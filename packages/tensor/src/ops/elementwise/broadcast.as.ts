/**
 * The loop of all elementwise kernels with two or three operands. The result is walked as rows along its innermost axis; along it an operand
 * is contiguous or constant, and each combination has its own loop, so nothing is decided per element.
 */
import { storeBytes, storeLanes32 } from '../../device/cpu/simd.as';
import { apply, inputBytes, Op, outputBytes } from './binary-function.as';

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

@inline
function load(bytes: i32, from: usize, constant: bool): v128 {
  if (!constant) return v128.load(from);
  if (bytes == 4) return v128.load32_splat(from);
  return bytes == 2 ? v128.load16_splat(from) : v128.load8_splat(from);
}

/** A mask with as many lanes as elements of `bytes` bytes fit in 16, from as many bytes of the condition. */
@inline
function mask(bytes: i32, from: usize, constant: bool): v128 {
  const zero = i8x16.splat(0);
  if (constant) return i8x16.ne(v128.load8_splat(from), zero);
  if (bytes == 1) return i8x16.ne(v128.load(from), zero);
  if (bytes == 2) return i16x8.ne(i16x8.extend_low_i8x16_u(v128.load64_zero(from)), zero);
  return i32x4.ne(i32x4.extend_low_i16x8_u(i16x8.extend_low_i8x16_u(v128.load32_zero(from))), zero);
}

/** What is stored: a mask of four lanes becomes four bytes of 0 or 1. */
@inline
function packed(op: Op, value: v128): v128 {
  if (inputBytes(op) == outputBytes(op)) return value;
  return v128.and(i8x16.shuffle(value, value, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12, 0, 4, 8, 12), i8x16.splat(1));
}

@inline
function row(op: Op, constantA: bool, constantB: bool, constantC: bool, a: usize, b: usize, c: usize, out: usize, count: i32, p: v128): void {
  const bytes = inputBytes(op);
  const lanes = 16 / bytes;
  const step = outputBytes(op) * lanes;
  const where = op >= Op.WhereByte;
  let left = load(bytes, a, constantA);
  let right = load(bytes, b, constantB);
  let chosen = where ? mask(bytes, c, constantC) : left;
  while (true) {
    const value = where ? v128.bitselect(left, right, chosen) : packed(op, apply(op, left, right, p));
    if (count < lanes) {
      if (count <= 0) return;
      if (outputBytes(op) == 4) storeLanes32(out, value, count);
      else storeBytes(out, value, count * outputBytes(op));
      return;
    }
    if (step == 16) v128.store(out, value);
    else v128.store32_lane(out, value, 0);
    count -= lanes;
    if (count == 0) return;
    out += step;
    if (!constantA) left = v128.load((a += 16));
    if (!constantB) right = v128.load((b += 16));
    if (where && !constantC) chosen = mask(bytes, (c += lanes), false);
  }
}

@inline
function rowOfKind(op: Op, kind: i32, a: usize, b: usize, c: usize, out: usize, count: i32, p: v128): void {
  if (op < Op.WhereByte) {
    if (kind & 4) {
      if (kind & 2) row(op, true, true, false, a, b, c, out, count, p);
      else row(op, true, false, false, a, b, c, out, count, p);
    } else if (kind & 2) row(op, false, true, false, a, b, c, out, count, p);
    else row(op, false, false, false, a, b, c, out, count, p);
    return;
  }
  if (kind == 0) row(op, false, false, false, a, b, c, out, count, p);
  else if (kind == 1) row(op, false, false, true, a, b, c, out, count, p);
  else if (kind == 2) row(op, false, true, false, a, b, c, out, count, p);
  else if (kind == 3) row(op, false, true, true, a, b, c, out, count, p);
  else if (kind == 4) row(op, true, false, false, a, b, c, out, count, p);
  else if (kind == 5) row(op, true, false, true, a, b, c, out, count, p);
  else if (kind == 6) row(op, true, true, false, a, b, c, out, count, p);
  else row(op, true, true, true, a, b, c, out, count, p);
}

@inline
export function broadcast(op: Op, q: Broadcast, item: i32): void {
  const bytes = inputBytes(op);
  const group = item / q.pieces;
  const first = (item - group * q.pieces) * q.chunk;
  const count = min(q.chunk, q.n5 - first);
  const kind = (q.a5 == 0 ? 4 : 0) | (q.b5 == 0 ? 2 : 0) | (q.c5 == 0 ? 1 : 0);
  const p = i32x4.splat(q.p);
  let index = group * q.rowsPerItem;
  const end = min(index + q.rowsPerItem, q.rows);
  while (index < end) {
    // Where the run of rows along axis 4 that this row belongs to starts.
    let rest = index / q.n4;
    const middle = index - rest * q.n4;
    let outer = rest / q.n3;
    const i3 = rest - outer * q.n3;
    rest = outer / q.n2;
    const i2 = outer - rest * q.n2;
    outer = rest / q.n1;
    const i1 = rest - outer * q.n1;
    let a = q.a + <usize>(outer * q.a0 + i1 * q.a1 + i2 * q.a2 + i3 * q.a3 + middle * q.a4 + first * q.a5) * bytes;
    let b = q.b + <usize>(outer * q.b0 + i1 * q.b1 + i2 * q.b2 + i3 * q.b3 + middle * q.b4 + first * q.b5) * bytes;
    let c = q.condition + <usize>(outer * q.c0 + i1 * q.c1 + i2 * q.c2 + i3 * q.c3 + middle * q.c4 + first * q.c5);
    let out = q.out + <usize>(index * q.n5 + first) * outputBytes(op);
    const stop = index + min(end - index, q.n4 - middle);
    for (; index < stop; index++) {
      rowOfKind(op, kind, a, b, c, out, count, p);
      a += q.a4 * bytes;
      b += q.b4 * bytes;
      c += q.c4;
      out += q.n5 * outputBytes(op);
    }
  }
}
