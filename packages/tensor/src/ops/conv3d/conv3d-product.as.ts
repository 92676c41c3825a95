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

/** `to[row, 8] (+)= Σ from[row, source] · weights[source, 8]` for rows in fours and an even number of sources; pitches in floats. */
export function multiplyRows(from: usize, fromPitch: i32, sources: i32, weights: usize, to: usize, toPitch: i32, rows: i32, add: bool): void {
  const fromBytes = <usize>fromPitch << 2;
  const toBytes = <usize>toPitch << 2;
  for (let row = 0; row < rows; row += 4) multiply4x8(from + <usize>row * fromBytes, fromBytes, sources, weights, to + <usize>row * toBytes, toBytes, add);
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
