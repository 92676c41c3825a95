/**
 * The innermost loops of the direct convolution: four voxels × eight channels in eight 4-lane accumulators, 60 GFLOP/s on one core of a 4.1 GHz
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
