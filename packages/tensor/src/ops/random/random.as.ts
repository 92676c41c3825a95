/**
 * Philox 4×32-10 (Salmon et al., SC11), four blocks at a time: each vector holds the same word of four neighbouring blocks, and a transposition
 * brings the sixteen words into their order.
 */
import { chunkEnd, storeLanes32 } from '../../device/cpu/simd.as';
import { quantile } from './normal.as';

@unmanaged
class Random {
  out: usize;
  size: i32;
  /** A multiple of 16. */
  chunk: i32;
  seedLow: i32;
  seedHigh: i32;
  streamLow: i32;
  streamHigh: i32;
  /** Uniform: low, high − low and the largest value allowed. Normal: mean and standard deviation. */
  a: f32;
  b: f32;
  limit: f32;
}

@inline
function lowHalves(even: v128, odd: v128): v128 {
  return i8x16.shuffle(even, odd, 0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27);
}

@inline
function highHalves(even: v128, odd: v128): v128 {
  return i8x16.shuffle(even, odd, 4, 5, 6, 7, 12, 13, 14, 15, 20, 21, 22, 23, 28, 29, 30, 31);
}

/** The upper 24 bits as a float. */
@inline
function upperBits(word: v128): v128 {
  return f32x4.convert_i32x4_s(i32x4.shr_u(word, 8));
}

@inline
function uniform(word: v128, q: Random): v128 {
  const share = f32x4.mul(upperBits(word), f32x4.splat(5.9604644775390625e-8));
  // The sum may round up to the end of the interval, which does not belong to it.
  return f32x4.min(f32x4.add(f32x4.splat(q.a), f32x4.mul(f32x4.splat(q.b), share)), f32x4.splat(q.limit));
}

@inline
function normal(word: v128, q: Random): v128 {
  return f32x4.add(f32x4.mul(quantile(word), f32x4.splat(q.b)), f32x4.splat(q.a));
}

/** What becomes of a word. */
@unmanaged
class Bits { @inline of(word: v128, q: Random): v128 { return word; } }
@unmanaged
class Uniform { @inline of(word: v128, q: Random): v128 { return uniform(word, q); } }
@unmanaged
class Normal { @inline of(word: v128, q: Random): v128 { return normal(word, q); } }

@inline
function storeUpTo4(to: usize, value: v128, count: i32): void {
  if (count >= 4) v128.store(to, value);
  else if (count > 0) storeLanes32(to, value, count);
}

@inline
function fill<T>(q: Random, item: i32): void {
  const form = changetype<T>(0);
  const end = chunkEnd(item, q.chunk, q.size);
  const key0 = i32x4.splat(q.seedLow);
  const key1 = i32x4.splat(q.seedHigh);
  for (let i = item * q.chunk; i < end; i += 16) {
    let c0 = i32x4.add(i32x4.splat(i >> 2), i32x4(0, 1, 2, 3));
    let c1 = i32x4.splat(0);
    let c2 = i32x4.splat(q.streamLow);
    let c3 = i32x4.splat(q.streamHigh);
    let k0 = key0;
    let k1 = key1;
    for (let round = 0; round < 10; round++) {
      const multiplier0 = i32x4.splat(0xd2511f53);
      const multiplier2 = i32x4.splat(0xcd9e8d57);
      const even0 = i64x2.extmul_low_i32x4_u(c0, multiplier0);
      const odd0 = i64x2.extmul_high_i32x4_u(c0, multiplier0);
      const even2 = i64x2.extmul_low_i32x4_u(c2, multiplier2);
      const odd2 = i64x2.extmul_high_i32x4_u(c2, multiplier2);
      c0 = v128.xor(v128.xor(highHalves(even2, odd2), c1), k0);
      c1 = lowHalves(even2, odd2);
      c2 = v128.xor(v128.xor(highHalves(even0, odd0), c3), k1);
      c3 = lowHalves(even0, odd0);
      k0 = i32x4.add(k0, i32x4.splat(0x9e3779b9));
      k1 = i32x4.add(k1, i32x4.splat(0xbb67ae85));
    }
    const x0 = form.of(c0, q);
    const x1 = form.of(c1, q);
    const x2 = form.of(c2, q);
    const x3 = form.of(c3, q);
    const low01 = i8x16.shuffle(x0, x1, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
    const high01 = i8x16.shuffle(x0, x1, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
    const low23 = i8x16.shuffle(x2, x3, 0, 1, 2, 3, 16, 17, 18, 19, 4, 5, 6, 7, 20, 21, 22, 23);
    const high23 = i8x16.shuffle(x2, x3, 8, 9, 10, 11, 24, 25, 26, 27, 12, 13, 14, 15, 28, 29, 30, 31);
    const block0 = i8x16.shuffle(low01, low23, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
    const block1 = i8x16.shuffle(low01, low23, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    const block2 = i8x16.shuffle(high01, high23, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23);
    const block3 = i8x16.shuffle(high01, high23, 8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31);
    const to = q.out + (<usize>i << 2);
    const count = end - i;
    if (count >= 16) {
      v128.store(to, block0);
      v128.store(to, block1, 16);
      v128.store(to, block2, 32);
      v128.store(to, block3, 48);
    } else {
      storeUpTo4(to, block0, count);
      storeUpTo4(to + 16, block1, count - 4);
      storeUpTo4(to + 32, block2, count - 8);
      storeUpTo4(to + 48, block3, count - 12);
    }
  }
}

export function randomBits(q: Random, item: i32, thread: i32): void { fill<Bits>(q, item); }
export function randomUniform(q: Random, item: i32, thread: i32): void { fill<Uniform>(q, item); }
export function randomNormal(q: Random, item: i32, thread: i32): void { fill<Normal>(q, item); }
