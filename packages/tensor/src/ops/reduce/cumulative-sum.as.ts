/** Running sums along the middle axis of `[outer, length, inner]`, in f64. */

@unmanaged
class CumulativeSum {
  x: usize;
  out: usize;
  /** Pairs of an outer and an inner index. */
  columns: i32;
  columnsPerItem: i32;
  length: i32;
  inner: i32;
  reverse: i32;
}

export function cumulativeSum(q: CumulativeSum, item: i32, thread: i32): void {
  const end = min((item + 1) * q.columnsPerItem, q.columns);
  const step = (q.reverse ? -q.inner : q.inner) << 2;
  for (let column = item * q.columnsPerItem; column < end; column++) {
    const outer = column / q.inner;
    const row = q.reverse ? q.length - 1 : 0;
    let offset = <usize>((outer * q.length + row) * q.inner + column - outer * q.inner) << 2;
    let sum: f64 = 0;
    for (let i = 0; i < q.length; i++) {
      sum += <f64>load<f32>(q.x + offset);
      store<f32>(q.out + offset, <f32>sum);
      offset += step;
    }
  }
}
