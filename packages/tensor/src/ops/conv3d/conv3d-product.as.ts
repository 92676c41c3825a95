/**
 * The innermost loops of convolutions: four voxels × eight channels in eight 4-lane accumulators, 60 GFLOP/s on one core of a 4.1 GHz
 * Zen 5, whose limit with 128 bits is 66. V8 (Node 20) moves all loads of a loop before its arithmetic, so sources, weights and sums must
 * fit the 15 free registers together: six voxels (or an unrolled loop) take 20, and what spills halves the speed.
 */
import { madd } from '../../device/cpu/simd.as';

/**
 * Sums `source · weights` over the lines of a table (see conv3d-direct.as.ts) and adds the bias. The table's first line holds the four targets
 * (0 for none) and the number of lines; `offset` is added to the targets. With fewer than eight `channels` the sums go through `partial`.
 */
export function product4x8(table: usize, weights: usize, sourceChannels: i32, bias: usize, offset: usize, channels: i32, partial: usize): void {
  let a0 = v128.load(bias);
  let a1 = v128.load(bias, 16);
  let b0 = a0;
  let b1 = a1;
  let c0 = a0;
  let c1 = a1;
  let d0 = a0;
  let d1 = a1;
  const lines = load<i32>(table, 16);
  for (let i = 1; i <= lines; i++) {
    const line = table + (<usize>i << 5);
    let a = load<usize>(line);
    let b = load<usize>(line, 4);
    let c = load<usize>(line, 8);
    let d = load<usize>(line, 12);
    let w = weights + load<usize>(line, 16);
    for (let channel = 0; channel < sourceChannels; channel++) {
      const w0 = v128.load(w);
      const w1 = v128.load(w, 16);
      let s = v128.load32_splat(a);
      a0 = madd(s, w0, a0);
      a1 = madd(s, w1, a1);
      s = v128.load32_splat(b);
      b0 = madd(s, w0, b0);
      b1 = madd(s, w1, b1);
      s = v128.load32_splat(c);
      c0 = madd(s, w0, c0);
      c1 = madd(s, w1, c1);
      s = v128.load32_splat(d);
      d0 = madd(s, w0, d0);
      d1 = madd(s, w1, d1);
      a += 4;
      b += 4;
      c += 4;
      d += 4;
      w += 32;
    }
  }
  storeEight(table, 0, offset, a0, a1, channels, partial);
  storeEight(table, 4, offset, b0, b1, channels, partial);
  storeEight(table, 8, offset, c0, c1, channels, partial);
  storeEight(table, 12, offset, d0, d1, channels, partial);
}

@inline
function storeEight(table: usize, entry: usize, offset: usize, low: v128, high: v128, channels: i32, partial: usize): void {
  const target = load<usize>(table + entry);
  if (target == 0) return;
  if (channels == 8) {
    v128.store(target + offset, low);
    v128.store(target + offset, high, 16);
  } else {
    v128.store(partial, low);
    v128.store(partial, high, 16);
    memory.copy(target + offset, partial, <usize>channels << 2);
  }
}

/** The same of sixteen channels with wide vectors; the second eight's weights are `panelBytes` after the first's. */
export function product4x16(table: usize, weights: usize, panelBytes: usize, sourceChannels: i32, bias: usize, offset: usize): void {
  let a0 = v128.load(bias);
  let a1 = v128.load(bias, 16);
  let a2 = v128.load(bias, 32);
  let a3 = v128.load(bias, 48);
  let b0 = a0;
  let b1 = a1;
  let b2 = a2;
  let b3 = a3;
  let c0 = a0;
  let c1 = a1;
  let c2 = a2;
  let c3 = a3;
  let d0 = a0;
  let d1 = a1;
  let d2 = a2;
  let d3 = a3;
  const lines = load<i32>(table, 16);
  for (let i = 1; i <= lines; i++) {
    const line = table + (<usize>i << 5);
    let a = load<usize>(line);
    let b = load<usize>(line, 4);
    let c = load<usize>(line, 8);
    let d = load<usize>(line, 12);
    let w = weights + load<usize>(line, 16);
    let more = w + panelBytes;
    for (let channel = 0; channel < sourceChannels; channel++) {
      const w0 = v128.load(w);
      const w1 = v128.load(w, 16);
      const w2 = v128.load(more);
      const w3 = v128.load(more, 16);
      let s = v128.load32_splat(a);
      a0 = madd(s, w0, a0);
      a1 = madd(s, w1, a1);
      a2 = madd(s, w2, a2);
      a3 = madd(s, w3, a3);
      s = v128.load32_splat(b);
      b0 = madd(s, w0, b0);
      b1 = madd(s, w1, b1);
      b2 = madd(s, w2, b2);
      b3 = madd(s, w3, b3);
      s = v128.load32_splat(c);
      c0 = madd(s, w0, c0);
      c1 = madd(s, w1, c1);
      c2 = madd(s, w2, c2);
      c3 = madd(s, w3, c3);
      s = v128.load32_splat(d);
      d0 = madd(s, w0, d0);
      d1 = madd(s, w1, d1);
      d2 = madd(s, w2, d2);
      d3 = madd(s, w3, d3);
      a += 4;
      b += 4;
      c += 4;
      d += 4;
      w += 32;
      more += 32;
    }
  }
  storeSixteen(load<usize>(table), offset, a0, a1, a2, a3);
  storeSixteen(load<usize>(table, 4), offset, b0, b1, b2, b3);
  storeSixteen(load<usize>(table, 8), offset, c0, c1, c2, c3);
  storeSixteen(load<usize>(table, 12), offset, d0, d1, d2, d3);
}

@inline
function storeSixteen(target: usize, offset: usize, first: v128, second: v128, third: v128, fourth: v128): void {
  if (target == 0) return;
  v128.store(target + offset, first);
  v128.store(target + offset, second, 16);
  v128.store(target + offset, third, 32);
  v128.store(target + offset, fourth, 48);
}

/** How many targets a product takes from `target` on: eight, or sixteen of kernels with wide vectors. */
@inline
export function targetsAt(target: i32, targets: i32): i32 {
  return WIDE && targets - target >= 16 ? 16 : 8;
}

/**
 * `to[row, target] (+)= Σ from[row, source] · weights[source, target]` for rows in fours, an even number of sources and `targets` (8 or 16: `targetsAt`), whose
 * weights come in panels of eight; pitches in floats.
 */
export function multiplyRows(
  from: usize,
  fromPitch: i32,
  sources: i32,
  weights: usize,
  to: usize,
  toPitch: i32,
  targets: i32,
  rows: i32,
  add: bool,
): void {
  const fromBytes = <usize>fromPitch << 2;
  const toBytes = <usize>toPitch << 2;
  for (let row = 0; row < rows; row += 4) {
    const source = from + <usize>row * fromBytes;
    const target = to + <usize>row * toBytes;
    if (!WIDE || targets == 8) multiply4x8(source, fromBytes, sources, weights, target, toBytes, add);
    else if (add) multiply4x16(true, source, fromBytes, sources, weights, target, toBytes);
    else multiply4x16(false, source, fromBytes, sources, weights, target, toBytes);
  }
}

/**
 * Four rows of that. Two source channels at a time, which is 4 to 10% faster than one (2 cores of a Xeon, Node 20): V8 unrolls loops within loops by itself, as
 * `product4x8` has, but not this one. Four at a time take more registers than there are.
 */
export function multiply4x8(from: usize, fromBytes: usize, sources: i32, weights: usize, to: usize, toBytes: usize, add: bool): void {
  let a0 = f32x4.splat(0);
  let a1 = a0;
  let b0 = a0;
  let b1 = a0;
  let c0 = a0;
  let c1 = a0;
  let d0 = a0;
  let d1 = a0;
  if (add) {
    a0 = v128.load(to);
    a1 = v128.load(to, 16);
    b0 = v128.load(to + toBytes);
    b1 = v128.load(to + toBytes, 16);
    c0 = v128.load(to + 2 * toBytes);
    c1 = v128.load(to + 2 * toBytes, 16);
    d0 = v128.load(to + 3 * toBytes);
    d1 = v128.load(to + 3 * toBytes, 16);
  }
  let a = from;
  let b = a + fromBytes;
  let c = b + fromBytes;
  let d = c + fromBytes;
  const end = a + (<usize>sources << 2);
  while (a < end) {
    const v0 = v128.load(weights);
    const v1 = v128.load(weights, 16);
    let s = v128.load32_splat(a);
    a0 = madd(s, v0, a0);
    a1 = madd(s, v1, a1);
    s = v128.load32_splat(b);
    b0 = madd(s, v0, b0);
    b1 = madd(s, v1, b1);
    s = v128.load32_splat(c);
    c0 = madd(s, v0, c0);
    c1 = madd(s, v1, c1);
    s = v128.load32_splat(d);
    d0 = madd(s, v0, d0);
    d1 = madd(s, v1, d1);
    const w0 = v128.load(weights, 32);
    const w1 = v128.load(weights, 48);
    s = v128.load32_splat(a, 4);
    a0 = madd(s, w0, a0);
    a1 = madd(s, w1, a1);
    s = v128.load32_splat(b, 4);
    b0 = madd(s, w0, b0);
    b1 = madd(s, w1, b1);
    s = v128.load32_splat(c, 4);
    c0 = madd(s, w0, c0);
    c1 = madd(s, w1, c1);
    s = v128.load32_splat(d, 4);
    d0 = madd(s, w0, d0);
    d1 = madd(s, w1, d1);
    a += 8;
    b += 8;
    c += 8;
    d += 8;
    weights += 64;
  }
  v128.store(to, a0);
  v128.store(to, a1, 16);
  to += toBytes;
  v128.store(to, b0);
  v128.store(to, b1, 16);
  to += toBytes;
  v128.store(to, c0);
  v128.store(to, c1, 16);
  to += toBytes;
  v128.store(to, d0);
  v128.store(to, d1, 16);
}

/**
 * Four rows of sixteen targets, from two panels: sixteen accumulators, which are eight where V8 makes one 256-bit vector of two that are stored one after the
 * other (see wide-simd.ts). For that `add` must be a constant, since all values of a sum must come about in the same place.
 */
@inline
function multiply4x16(add: bool, from: usize, fromBytes: usize, sources: i32, weights: usize, to: usize, toBytes: usize): void {
  const toB = to + toBytes;
  const toC = toB + toBytes;
  const toD = toC + toBytes;
  let a0 = add ? v128.load(to) : f32x4.splat(0);
  let a1 = add ? v128.load(to, 16) : f32x4.splat(0);
  let a2 = add ? v128.load(to, 32) : f32x4.splat(0);
  let a3 = add ? v128.load(to, 48) : f32x4.splat(0);
  let b0 = add ? v128.load(toB) : f32x4.splat(0);
  let b1 = add ? v128.load(toB, 16) : f32x4.splat(0);
  let b2 = add ? v128.load(toB, 32) : f32x4.splat(0);
  let b3 = add ? v128.load(toB, 48) : f32x4.splat(0);
  let c0 = add ? v128.load(toC) : f32x4.splat(0);
  let c1 = add ? v128.load(toC, 16) : f32x4.splat(0);
  let c2 = add ? v128.load(toC, 32) : f32x4.splat(0);
  let c3 = add ? v128.load(toC, 48) : f32x4.splat(0);
  let d0 = add ? v128.load(toD) : f32x4.splat(0);
  let d1 = add ? v128.load(toD, 16) : f32x4.splat(0);
  let d2 = add ? v128.load(toD, 32) : f32x4.splat(0);
  let d3 = add ? v128.load(toD, 48) : f32x4.splat(0);
  let a = from;
  let b = a + fromBytes;
  let c = b + fromBytes;
  let d = c + fromBytes;
  let more = weights + (<usize>sources << 5);
  const end = a + (<usize>sources << 2);
  while (a < end) {
    const v0 = v128.load(weights);
    const v1 = v128.load(weights, 16);
    const v2 = v128.load(more);
    const v3 = v128.load(more, 16);
    let s = v128.load32_splat(a);
    a0 = madd(s, v0, a0);
    a1 = madd(s, v1, a1);
    a2 = madd(s, v2, a2);
    a3 = madd(s, v3, a3);
    s = v128.load32_splat(b);
    b0 = madd(s, v0, b0);
    b1 = madd(s, v1, b1);
    b2 = madd(s, v2, b2);
    b3 = madd(s, v3, b3);
    s = v128.load32_splat(c);
    c0 = madd(s, v0, c0);
    c1 = madd(s, v1, c1);
    c2 = madd(s, v2, c2);
    c3 = madd(s, v3, c3);
    s = v128.load32_splat(d);
    d0 = madd(s, v0, d0);
    d1 = madd(s, v1, d1);
    d2 = madd(s, v2, d2);
    d3 = madd(s, v3, d3);
    const w0 = v128.load(weights, 32);
    const w1 = v128.load(weights, 48);
    const w2 = v128.load(more, 32);
    const w3 = v128.load(more, 48);
    s = v128.load32_splat(a, 4);
    a0 = madd(s, w0, a0);
    a1 = madd(s, w1, a1);
    a2 = madd(s, w2, a2);
    a3 = madd(s, w3, a3);
    s = v128.load32_splat(b, 4);
    b0 = madd(s, w0, b0);
    b1 = madd(s, w1, b1);
    b2 = madd(s, w2, b2);
    b3 = madd(s, w3, b3);
    s = v128.load32_splat(c, 4);
    c0 = madd(s, w0, c0);
    c1 = madd(s, w1, c1);
    c2 = madd(s, w2, c2);
    c3 = madd(s, w3, c3);
    s = v128.load32_splat(d, 4);
    d0 = madd(s, w0, d0);
    d1 = madd(s, w1, d1);
    d2 = madd(s, w2, d2);
    d3 = madd(s, w3, d3);
    a += 8;
    b += 8;
    c += 8;
    d += 8;
    weights += 64;
    more += 64;
  }
  v128.store(to, a0);
  v128.store(to, a1, 16);
  v128.store(to, a2, 32);
  v128.store(to, a3, 48);
  v128.store(toB, b0);
  v128.store(toB, b1, 16);
  v128.store(toB, b2, 32);
  v128.store(toB, b3, 48);
  v128.store(toC, c0);
  v128.store(toC, c1, 16);
  v128.store(toC, c2, 32);
  v128.store(toC, c3, 48);
  v128.store(toD, d0);
  v128.store(toD, d1, 16);
  v128.store(toD, d2, 32);
  v128.store(toD, d3, 48);
}
