/**
 * Softmax over the last axis of `[rows, channels]` and its gradients. Few channels, as in segmentation: four rows at a time, one in each lane.
 * Many: one row after the other, four channels at a time. Forward, the exponentials of a block of rows are made in one loop of their own, out of
 * which V8 keeps the polynomial's constants.
 */
import { exp, log } from '../../device/cpu/math.as';
import { storeLanes32, sumLanes } from '../../device/cpu/simd.as';

@unmanaged
class Softmax {
  /** Forward x; backward dy. */
  x: usize;
  /** Backward only: the output of the forward pass. */
  y: usize;
  out: usize;
  /** Forward only: for each thread `scratchBytes`, for shifted values, exponentials and sums of `block` rows. */
  scratch: usize;
  scratchBytes: i32;
  block: i32;
  channels: i32;
  rows: i32;
  rowsPerItem: i32;
}

/** softmax: from the exponentials and their sum. */
@unmanaged class Plain {
  @inline logarithmic(): bool { return false; }
  @inline result(value: v128, divisor: v128): v128 { return f32x4.div(value, divisor); }
  @inline term(dy: v128, y: v128): v128 { return f32x4.mul(dy, y); }
  @inline gradient(dy: v128, y: v128, sum: v128): v128 { return f32x4.mul(y, f32x4.sub(dy, sum)); }
}

/** log-softmax: from the shifted values and the logarithm of the sum. */
@unmanaged class Logarithmic {
  @inline logarithmic(): bool { return true; }
  @inline result(value: v128, divisor: v128): v128 { return f32x4.sub(value, divisor); }
  @inline term(dy: v128, y: v128): v128 { return dy; }
  @inline gradient(dy: v128, y: v128, sum: v128): v128 { return f32x4.sub(dy, f32x4.mul(exp(y), sum)); }
}

function exponentials(from: usize, to: usize, vectors: i32): void {
  do {
    v128.store(to, exp(v128.load(from)));
    from += 16;
    to += 16;
  } while (--vectors > 0);
}

function logarithms(values: usize, vectors: i32): void {
  do {
    v128.store(values, log(v128.load(values)));
    values += 16;
  } while (--vectors > 0);
}

/** One channel of four rows that lie `one`, `two` and `three` bytes from the first. */
@inline
function gatherRows(from: usize, one: usize, two: usize, three: usize): v128 {
  let value = v128.load32_zero(from);
  value = v128.load32_lane(from + one, value, 1);
  value = v128.load32_lane(from + two, value, 2);
  return v128.load32_lane(from + three, value, 3);
}

@inline
function scatterRows(to: usize, one: usize, two: usize, three: usize, value: v128): void {
  v128.store32_lane(to, value, 0);
  v128.store32_lane(to + one, value, 1);
  v128.store32_lane(to + two, value, 2);
  v128.store32_lane(to + three, value, 3);
}

/** A block of at most `block` rows, a multiple of four but at the end. */
@inline
function fewBlock<S>(q: Softmax, first: i32, end: i32, shifted: usize): void {
  const s = changetype<S>(0);
  const rowBytes = <usize>q.channels << 2;
  const quads = (end - first + 3) >> 2;
  const blockBytes = <usize>q.block * rowBytes;
  const exponential = s.logarithmic() ? shifted + blockBytes : shifted;
  const sums = exponential + blockBytes;
  let at = shifted;
  for (let row = first; row < end; row += 4) {
    // Behind the end the last row is worked on again.
    const one = row + 1 < end ? rowBytes : 0;
    const two = row + 2 < end ? one + rowBytes : one;
    const three = row + 3 < end ? two + rowBytes : two;
    const x = q.x + <usize>row * rowBytes;
    let largest = gatherRows(x, one, two, three);
    v128.store(at, largest);
    for (let j: usize = 4; j < rowBytes; j += 4) {
      const value = gatherRows(x + j, one, two, three);
      v128.store(at + (j << 2), value);
      largest = f32x4.max(largest, value);
    }
    for (let j: usize = 0; j < rowBytes; j += 4) {
      v128.store(at, f32x4.sub(v128.load(at), largest));
      at += 16;
    }
  }
  exponentials(shifted, exponential, quads * q.channels);
  at = exponential;
  for (let quad: usize = 0; quad < <usize>quads; quad++) {
    let sum = v128.load(at);
    at += 16;
    for (let j: usize = 4; j < rowBytes; j += 4) {
      sum = f32x4.add(sum, v128.load(at));
      at += 16;
    }
    v128.store(sums + (quad << 4), sum);
  }
  if (s.logarithmic()) logarithms(sums, quads);
  at = shifted;
  let divisors = sums;
  for (let row = first; row < end; row += 4) {
    const one = row + 1 < end ? rowBytes : 0;
    const two = row + 2 < end ? one + rowBytes : one;
    const three = row + 3 < end ? two + rowBytes : two;
    const out = q.out + <usize>row * rowBytes;
    const divisor = v128.load(divisors);
    for (let j: usize = 0; j < rowBytes; j += 4) {
      scatterRows(out + j, one, two, three, s.result(v128.load(at), divisor));
      at += 16;
    }
    divisors += 16;
  }
}

@inline
function few<S>(q: Softmax, item: i32, thread: i32): void {
  const scratch = q.scratch + <usize>thread * q.scratchBytes;
  const end = min((item + 1) * q.rowsPerItem, q.rows);
  for (let row = item * q.rowsPerItem; row < end; row += q.block) fewBlock<S>(q, row, min(row + q.block, end), scratch);
}

@inline
function fewGradient<S>(q: Softmax, item: i32): void {
  const s = changetype<S>(0);
  const rowBytes = <usize>q.channels << 2;
  const end = min((item + 1) * q.rowsPerItem, q.rows);
  for (let row = item * q.rowsPerItem; row < end; row += 4) {
    const one = row + 1 < end ? rowBytes : 0;
    const two = row + 2 < end ? one + rowBytes : one;
    const three = row + 3 < end ? two + rowBytes : two;
    const offset = <usize>row * rowBytes;
    let sum = f32x4.splat(0);
    for (let j = offset; j < offset + rowBytes; j += 4)
      sum = f32x4.add(sum, s.term(gatherRows(q.x + j, one, two, three), gatherRows(q.y + j, one, two, three)));
    for (let j = offset; j < offset + rowBytes; j += 4) {
      const gradient = s.gradient(gatherRows(q.x + j, one, two, three), gatherRows(q.y + j, one, two, three), sum);
      scatterRows(q.out + j, one, two, three, gradient);
    }
  }
}

/** Lanes of the vector at channel j that belong to the row. */
@inline
function inside(j: i32, channels: i32): v128 {
  return i32x4.lt_s(i32x4.add(i32x4.splat(j), i32x4(0, 1, 2, 3)), i32x4.splat(channels));
}

@inline
function storeInside(to: usize, value: v128, rest: i32): void {
  if (rest >= 4) v128.store(to, value);
  else storeLanes32(to, value, rest);
}

/** What a row writes past its channels, the next one overwrites. */
@inline
function manyBlock<S>(q: Softmax, first: i32, end: i32, shifted: usize): void {
  const s = changetype<S>(0);
  const channels = q.channels;
  const blockBytes = (<usize>(q.block * channels) << 2) + 16;
  const exponential = s.logarithmic() ? shifted + blockBytes : shifted;
  for (let row = first; row < end; row++) {
    const x = q.x + (<usize>(row * channels) << 2);
    const to = shifted + (<usize>((row - first) * channels) << 2);
    let largest = f32x4.splat(-Infinity);
    for (let j = 0; j < channels; j += 4) {
      const value = v128.load(x + (<usize>j << 2));
      largest = f32x4.max(largest, v128.bitselect(value, f32x4.splat(-Infinity), inside(j, channels)));
    }
    largest = f32x4.max(largest, i8x16.shuffle(largest, largest, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
    largest = f32x4.max(largest, i8x16.shuffle(largest, largest, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
    for (let j = 0; j < channels; j += 4) {
      const at = <usize>j << 2;
      v128.store(to + at, f32x4.sub(v128.load(x + at), largest));
    }
  }
  exponentials(shifted, exponential, ((end - first) * channels + 3) >> 2);
  for (let row = first; row < end; row++) {
    const offset = <usize>((row - first) * channels) << 2;
    let total = f32x4.splat(0);
    for (let j = 0; j < channels; j += 4)
      total = f32x4.add(total, v128.and(v128.load(exponential + offset + (<usize>j << 2)), inside(j, channels)));
    const sum = f32x4.splat(sumLanes(total));
    const divisor = s.logarithmic() ? log(sum) : sum;
    const out = q.out + (<usize>(row * channels) << 2);
    for (let j = 0; j < channels; j += 4) {
      const at = <usize>j << 2;
      storeInside(out + at, s.result(v128.load(shifted + offset + at), divisor), channels - j);
    }
  }
}

@inline
function many<S>(q: Softmax, item: i32, thread: i32): void {
  const scratch = q.scratch + <usize>thread * q.scratchBytes;
  const end = min((item + 1) * q.rowsPerItem, q.rows);
  for (let row = item * q.rowsPerItem; row < end; row += q.block) manyBlock<S>(q, row, min(row + q.block, end), scratch);
}

@inline
function manyGradient<S>(q: Softmax, item: i32): void {
  const s = changetype<S>(0);
  const channels = q.channels;
  const end = min((item + 1) * q.rowsPerItem, q.rows);
  for (let row = item * q.rowsPerItem; row < end; row++) {
    const offset = <usize>(row * channels) << 2;
    let total = f32x4.splat(0);
    for (let j = 0; j < channels; j += 4) {
      const at = offset + (<usize>j << 2);
      total = f32x4.add(total, v128.and(s.term(v128.load(q.x + at), v128.load(q.y + at)), inside(j, channels)));
    }
    const sum = f32x4.splat(sumLanes(total));
    for (let j = 0; j < channels; j += 4) {
      const at = offset + (<usize>j << 2);
      storeInside(q.out + at, s.gradient(v128.load(q.x + at), v128.load(q.y + at), sum), channels - j);
    }
  }
}

export function softmaxFew(q: Softmax, item: i32, thread: i32): void { few<Plain>(q, item, thread); }
export function logSoftmaxFew(q: Softmax, item: i32, thread: i32): void { few<Logarithmic>(q, item, thread); }
export function softmaxGradientFew(q: Softmax, item: i32, thread: i32): void { fewGradient<Plain>(q, item); }
export function logSoftmaxGradientFew(q: Softmax, item: i32, thread: i32): void { fewGradient<Logarithmic>(q, item); }
export function softmaxMany(q: Softmax, item: i32, thread: i32): void { many<Plain>(q, item, thread); }
export function logSoftmaxMany(q: Softmax, item: i32, thread: i32): void { many<Logarithmic>(q, item, thread); }
export function softmaxGradientMany(q: Softmax, item: i32, thread: i32): void { manyGradient<Plain>(q, item); }
export function logSoftmaxGradientMany(q: Softmax, item: i32, thread: i32): void { manyGradient<Logarithmic>(q, item); }
