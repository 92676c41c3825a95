/**
 * Picking single elements along an axis, each by an index of its own, and adding them back. x is seen as `[outer, extent, inner]`, the index and what is
 * picked as `[outer, count, inner]`.
 */

@unmanaged
class GatherElements {
  x: usize;
  index: usize;
  out: usize;
  extent: i32;
  count: i32;
  inner: i32;
  /** Bytes of an element. */
  bytes: i32;
  rows: i32;
  rowsPerItem: i32;
}

/** An item picks some of the outer · count rows of inner elements. */
export function gatherElements(q: GatherElements, item: i32, thread: i32): void {
  const start = item * q.rowsPerItem;
  const end = min(start + q.rowsPerItem, q.rows);
  const bytes = <usize>q.bytes;
  for (let row = start; row < end; row++) {
    const first = (row / q.count) * q.extent;
    const at = row * q.inner;
    for (let i = 0; i < q.inner; i++) {
      const index = load<i32>(q.index + (<usize>(at + i) << 2));
      const entry = first + max(0, min(q.extent - 1, index));
      const from = q.x + <usize>(entry * q.inner + i) * bytes;
      const to = q.out + <usize>(at + i) * bytes;
      if (bytes == 4) store<i32>(to, load<i32>(from));
      else if (bytes == 2) store<i16>(to, load<i16>(from));
      else store<i8>(to, load<i8>(from));
    }
  }
}

@unmanaged
class ScatterAddElements {
  x: usize;
  index: usize;
  out: usize;
  extent: i32;
  count: i32;
  inner: i32;
  /** outer · inner. */
  columns: i32;
  columnsPerItem: i32;
}

/** An item owns some columns of the output. What belongs outside of the axis is left out. */
export function scatterAddElements(q: ScatterAddElements, item: i32, thread: i32): void {
  const start = item * q.columnsPerItem;
  const end = min(start + q.columnsPerItem, q.columns);
  for (let column = start; column < end; column++) {
    const outer = column / q.inner;
    const i = column - outer * q.inner;
    const out = q.out + (<usize>(outer * q.extent * q.inner + i) << 2);
    for (let entry = 0; entry < q.extent; entry++) store<f32>(out + (<usize>(entry * q.inner) << 2), 0);
    let at = <usize>(outer * q.count * q.inner + i) << 2;
    for (let k = 0; k < q.count; k++) {
      const index = load<i32>(q.index + at);
      if (<u32>index < <u32>q.extent) {
        const to = out + (<usize>(index * q.inner) << 2);
        store<f32>(to, load<f32>(to) + load<f32>(q.x + at));
      }
      at += <usize>q.inner << 2;
    }
  }
}
