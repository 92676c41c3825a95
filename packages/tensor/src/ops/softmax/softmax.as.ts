/**
 * Softmax over the last axis of `[rows, channels]` and its gradients. Few channels, as in segmentation: four rows at a time, one in each lane.
 * Many: one row after the other, four channels at a time.
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
  /** 16 bytes a channel for each thread; only for few channels. */
  scratch: usize;
  channels: i32;
  rows: i32;
  rowsPerItem: i32;
}

/** softmax: from eˣ⁻ᵐ and its sum. */
@unmanaged class Plain {
  @inline kept(shifted: v128, exponential: v128): v128 { return exponential; }
  @inline divisor(sum: v128): v128 { return sum; }
  @inline result(kept: v128, divisor: v128): v128 { return f32x4.div(kept, divisor); }
  @inline term(dy: v128, y: v128): v128 { return f32x4.mul(dy, y); }
  @inline gradient(dy: v128, y: v128, sum: v128): v128 { return f32x4.mul(y, f32x4.sub(dy, sum)); }
}

/** log-softmax: from x − m and the logarithm of the sum. */
@unmanaged class Logarithmic {
  @inline kept(shifted: v128, exponential: v128): v128 { return shifted; }
  @inline divisor(sum: v128): v128 { return log(sum); }
  @inline result(kept: v128, divisor: v128): v128 { return f32x4.sub(kept, divisor); }
  @inline term(dy: v128, y: v128): v128 { return dy; }
  @inline gradient(dy: v128, y: v128, sum: v128): v128 { return f32x4.sub(dy, f32x4.mul(exp(y), sum)); }
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

@inline
function few<S>(q: Softmax, item: i32, thread: i32): void {
  const s = changetype<S>(0);
  const rowBytes = <usize>q.channels << 2;
  const scratch = q.scratch + (<usize>thread * rowBytes << 2);
  const end = min((item + 1) * q.rowsPerItem, q.rows);
  for (let row = item * q.rowsPerItem; row < end; row += 4) {
    // Behind the end the last row is worked on again.
    const one = row + 1 < end ? rowBytes : 0;
    const two = row + 2 < end ? one + rowBytes : one;
    const three = row + 3 < end ? two + rowBytes : two;
    const x = q.x + <usize>row * rowBytes;
    const out = q.out + <usize>row * rowBytes;
    let largest = gatherRows(x, one, two, three);
    v128.store(scratch, largest);
    for (let j: usize = 4; j < rowBytes; j += 4) {
      const value = gatherRows(x + j, one, two, three);
      v128.store(scratch + (j << 2), value);
      largest = f32x4.max(largest, value);
    }
    let sum = f32x4.splat(0);
    for (let j: usize = 0; j < rowBytes; j += 4) {
      const shifted = f32x4.sub(v128.load(scratch + (j << 2)), largest);
      const exponential = exp(shifted);
      v128.store(scratch + (j << 2), s.kept(shifted, exponential));
      sum = f32x4.add(sum, exponential);
    }
    const divisor = s.divisor(sum);
    for (let j: usize = 0; j < rowBytes; j += 4)
      scatterRows(out + j, one, two, three, s.result(v128.load(scratch + (j << 2)), divisor));
  }
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

@inline
function many<S>(q: Softmax, item: i32): void {
  const s = changetype<S>(0);
  const channels = q.channels;
  const end = min((item + 1) * q.rowsPerItem, q.rows);
  for (let row = item * q.rowsPerItem; row < end; row++) {
    const x = q.x + (<usize>(row * channels) << 2);
    const out = q.out + (<usize>(row * channels) << 2);
    let largest = f32x4.splat(-Infinity);
    for (let j = 0; j < channels; j += 4) {
      const value = v128.load(x + (<usize>j << 2));
      largest = f32x4.max(largest, v128.bitselect(value, f32x4.splat(-Infinity), inside(j, channels)));
    }
    largest = f32x4.max(largest, i8x16.shuffle(largest, largest, 8, 9, 10, 11, 12, 13, 14, 15, 0, 1, 2, 3, 4, 5, 6, 7));
    largest = f32x4.max(largest, i8x16.shuffle(largest, largest, 4, 5, 6, 7, 0, 1, 2, 3, 12, 13, 14, 15, 8, 9, 10, 11));
    let total = f32x4.splat(0);
    for (let j = 0; j < channels; j += 4) {
      const shifted = f32x4.sub(v128.load(x + (<usize>j << 2)), largest);
      const exponential = exp(shifted);
      total = f32x4.add(total, v128.and(exponential, inside(j, channels)));
      storeInside(out + (<usize>j << 2), s.kept(shifted, exponential), channels - j);
    }
    const divisor = s.divisor(f32x4.splat(sumLanes(total)));
    for (let j = 0; j < channels; j += 4) {
      const to = out + (<usize>j << 2);
      storeInside(to, s.result(v128.load(to), divisor), channels - j);
    }
  }
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
export function softmaxMany(q: Softmax, item: i32, thread: i32): void { many<Plain>(q, item); }
export function logSoftmaxMany(q: Softmax, item: i32, thread: i32): void { many<Logarithmic>(q, item); }
export function softmaxGradientMany(q: Softmax, item: i32, thread: i32): void { manyGradient<Plain>(q, item); }
export function logSoftmaxGradientMany(q: Softmax, item: i32, thread: i32): void { manyGradient<Logarithmic>(q, item); }
