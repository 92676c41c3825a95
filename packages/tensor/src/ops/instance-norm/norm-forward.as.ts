/** The pass that normalises, scales, shifts and applies LeakyReLU. */
import { madd, storeLanes32 } from '../../device/cpu/simd.as';
import { Norm, restOf, sampleOffset, tableOf } from './norm.as';

/** max(z, 0) + slope · min(z, 0), which is z where the slope is 1. */
@inline
function normalized(x: v128, mean: v128, factor: v128, bias: v128, slope: v128): v128 {
  const zero = f32x4.splat(0);
  const z = madd(f32x4.sub(x, mean), factor, bias);
  return madd(f32x4.pmin(z, zero), slope, f32x4.pmax(z, zero));
}

/** An item: some rows of a sample. */
export function normForward(q: Norm, item: i32, thread: i32): void {
  const sample = item / q.rowItems;
  let row = (item - sample * q.rowItems) * q.rowsPerItem;
  const end = min(row + q.rowsPerItem, q.rows);
  const rowBytes = <usize>q.width << 2;
  const mean = tableOf(q, sample, 0);
  const factor = mean + rowBytes;
  const bias = factor + rowBytes;
  const slope = f32x4.splat(q.slope);
  const offset = sampleOffset(q, sample) + <usize>row * rowBytes;
  let x = q.x + offset;
  let y = q.out + offset;
  for (; row + 4 <= end; row += 4) {
    for (let j: usize = 0; j < rowBytes; j += 16) {
      const m = v128.load(mean + j);
      const f = v128.load(factor + j);
      const b = v128.load(bias + j);
      let from = x + j;
      let to = y + j;
      v128.store(to, normalized(v128.load(from), m, f, b, slope));
      v128.store((to += rowBytes), normalized(v128.load((from += rowBytes)), m, f, b, slope));
      v128.store((to += rowBytes), normalized(v128.load((from += rowBytes)), m, f, b, slope));
      v128.store((to += rowBytes), normalized(v128.load((from += rowBytes)), m, f, b, slope));
    }
    x += rowBytes << 2;
    y += rowBytes << 2;
  }
  for (; row < end; row++) {
    for (let j: usize = 0; j < rowBytes; j += 16)
      v128.store(y + j, normalized(v128.load(x + j), v128.load(mean + j), v128.load(factor + j), v128.load(bias + j), slope));
    x += rowBytes;
    y += rowBytes;
  }
  if (end < q.rows) return;
  for (let j = 0, rest = restOf(q); j < rest; j += 4) {
    const at = <usize>j << 2;
    const value = normalized(v128.load(x + at), v128.load(mean + at), v128.load(factor + at), v128.load(bias + at), slope);
    storeLanes32(y + at, value, min(4, rest - j));
  }
}
