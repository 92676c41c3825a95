/**
 * How work is cut into items. An item should take about 10 µs to 1 ms, and there should be enough of them to keep many threads busy. The cut
 * depends on sizes alone, so that sums come out the same for any number of threads.
 */
const SMALLEST = 4096;
const LARGEST = 32768;
/** Items that one command should at least have, where its size allows. */
const ITEMS = 32;

/** Elements per item of a pass over `size` elements; a multiple of 64. */
export function chunkFor(size: number): number {
  const even = Math.ceil(size / ITEMS / 64) * 64;
  return Math.min(LARGEST, Math.max(SMALLEST, even));
}

/** Rows per item of a pass over `rows` rows that cost as much as `rowSize` elements each. */
export function rowsFor(rows: number, rowSize: number): number {
  return Math.max(1, Math.floor(chunkFor(rows * rowSize) / Math.max(1, rowSize)));
}
