/** Picking slices along an axis by index, and adding them back. x is seen as `[outer, extent, inner]`, what is picked as `[outer, count, inner]`. */
import { copyRun } from '../../device/cpu/runs.as';
import { storeLanes32 } from '../../device/cpu/simd.as';

@unmanaged
class Gather {
  x: usize;
  index: usize;
  out: usize;
  extent: i32;
  count: i32;
  /** Bytes of an inner run. */
  bytes: i32;
  rows: i32;
  rowsPerItem: i32;
}

/** An item copies some of the outer · count runs. */
export function gather(q: Gather, item: i32, thread: i32): void {
  const start = item * q.rowsPerItem;
  const end = min(start + q.rowsPerItem, q.rows);
  for (let row = start; row < end; row++) {
    const outer = row / q.count;
    const index = load<i32>(q.index + (<usize>(row - outer * q.count) << 2));
    const from = outer * q.extent + max(0, min(q.extent - 1, index));
    copyRun(q.out + <usize>row * q.bytes, q.x + <usize>from * q.bytes, q.bytes);
  }
}

@unmanaged
class ScatterAdd {
  x: usize;
  index: usize;
  out: usize;
  extent: i32;
  count: i32;
  inner: i32;
  /** Slices of the output that an item owns, and how many such pieces there are for each outer index. */
  slices: i32;
  pieces: i32;
}

/** An item owns some slices of one outer index of the output and looks through the whole index for what belongs to them. */
export function scatterAdd(q: ScatterAdd, item: i32, thread: i32): void {
  const outer = item / q.pieces;
  const first = (item - outer * q.pieces) * q.slices;
  const end = min(first + q.slices, q.extent);
  const bytes = <usize>q.inner << 2;
  const out = q.out + <usize>(outer * q.extent) * bytes;
  memory.fill(out + <usize>first * bytes, 0, <usize>(end - first) * bytes);
  for (let i = 0; i < q.count; i++) {
    const index = load<i32>(q.index + (<usize>i << 2));
    if (index < first || index >= end) continue;
    let from = q.x + <usize>(outer * q.count + i) * bytes;
    let to = out + <usize>index * bytes;
    let rest = q.inner;
    for (; rest >= 4; rest -= 4) {
      v128.store(to, f32x4.add(v128.load(to), v128.load(from)));
      to += 16;
      from += 16;
    }
    if (rest > 0) storeLanes32(to, f32x4.add(v128.load(to), v128.load(from)), rest);
  }
}
