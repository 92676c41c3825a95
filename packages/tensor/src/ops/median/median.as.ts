/**
 * Medians of windows, four at a time: a median is found bit by bit, from the highest on, by counting the values below a candidate. That takes no sorting and no
 * memory, and every window the same time.
 */
import { chunkEnd, storeLanes32 } from '../../device/cpu/simd.as';

@unmanaged
class OrderedKeys {
  x: usize;
  keys: usize;
  size: i32;
  chunk: i32;
}

/** Floats as whole numbers of the same order, and back: those below zero have their bits turned. */
@inline
function turned(x: v128): v128 {
  return v128.xor(x, v128.and(i32x4.shr_s(x, 31), i32x4.splat(0x7fffffff)));
}

export function orderedKeys(q: OrderedKeys, item: i32, thread: i32): void {
  const start = item * q.chunk;
  let count = chunkEnd(item, q.chunk, q.size) - start;
  let from = q.x + (<usize>start << 2);
  let to = q.keys + (<usize>start << 2);
  for (; count >= 4; count -= 4) {
    v128.store(to, turned(v128.load(from)));
    from += 16;
    to += 16;
  }
  if (count > 0) storeLanes32(to, turned(v128.load(from)), count);
}

@unmanaged
class MedianFilter {
  keys: usize;
  out: usize;
  /** Rows of the output, n · d · h, and of those each item's. */
  rows: i32;
  rowsPerItem: i32;
  depth: i32;
  height: i32;
  /** Values of a row of the output, w · c, and of the input. */
  width: i32;
  paddedWidth: i32;
  channels: i32;
  kernelDepth: i32;
  kernelHeight: i32;
  kernelWidth: i32;
}

export function medianFilter(q: MedianFilter, item: i32, thread: i32): void {
  const first = item * q.rowsPerItem;
  const end = min(first + q.rowsPerItem, q.rows);
  const paddedHeight = q.height + q.kernelHeight - 1;
  const paddedDepth = q.depth + q.kernelDepth - 1;
  for (let row = first; row < end; row++) {
    const y = row % q.height;
    const z = (row / q.height) % q.depth;
    const n = row / q.height / q.depth;
    const from = q.keys + (<usize>(((n * paddedDepth + z) * paddedHeight + y) * q.paddedWidth) << 2);
    const to = q.out + (<usize>(row * q.width) << 2);
    for (let at = 0; at < q.width; at += 4) {
      const median = turned(medianOf(q, from + (<usize>at << 2), paddedHeight));
      storeLanes32(to + (<usize>at << 2), median, min(4, q.width - at));
    }
  }
}

/** The key of the median of four windows that begin at neighbouring values. */
@inline
function medianOf(q: MedianFilter, from: usize, paddedHeight: i32): v128 {
  const rank = i32x4.splat((q.kernelDepth * q.kernelHeight * q.kernelWidth) / 2);
  const rowBytes = <usize>q.paddedWidth << 2;
  const planeBytes = rowBytes * <usize>paddedHeight;
  const step = <usize>q.channels << 2;
  // Keys are signed: that with the highest bit alone is the lowest.
  let found = i32x4.splat(0);
  for (let bit = 31; bit >= 0; bit--) {
    const candidate = v128.or(found, i32x4.splat(1 << bit));
    const limit = v128.xor(candidate, i32x4.splat(0x80000000));
    let below = i32x4.splat(0);
    for (let z = 0; z < q.kernelDepth; z++)
      for (let y = 0; y < q.kernelHeight; y++) {
        let place = from + <usize>z * planeBytes + <usize>y * rowBytes;
        for (let x = 0; x < q.kernelWidth; x++) {
          below = i32x4.sub(below, i32x4.lt_s(v128.load(place), limit));
          place += step;
        }
      }
    found = v128.bitselect(candidate, found, i32x4.le_s(below, rank));
  }
  return v128.xor(found, i32x4.splat(0x80000000));
}
