/** How a long reduction is cut into rows, columns and items: from shapes alone, so that sums have one order. */
import { chunkFor } from '../../device/cpu/chunk.ts';

/** Rows are widened to about this many columns where the inner axis is narrower. */
const WIDE = 256;
/** The most columns of one item: their sums stay in the first-level cache. */
export const MOST_COLUMNS = 1024;
/** A widened row should leave this many rows, so that it pays. */
const FEWEST_ROWS = 8;
const FEWEST_ITEMS = 32;

export interface ReducePlan {
  /** Elements from row to row, and columns of an item. */
  readonly stride: number;
  readonly width: number;
  readonly rows: number;
  readonly blocks: number;
  readonly splits: number;
  readonly rowsPerSplit: number;
  readonly outersPerItem: number;
  readonly items: number;
}

export function planReduce(outer: number, reduced: number, inner: number): ReducePlan {
  const size = reduced * inner;
  const repeats = Math.max(1, Math.floor(Math.min(WIDE, size / FEWEST_ROWS) / inner));
  // A whole number of vectors in a row, where that is possible, keeps loads from straddling cache lines.
  const even = repeats >= 4 ? repeats - (repeats % 4) : repeats;
  const stride = even * inner;
  const width = Math.min(stride, MOST_COLUMNS);
  const blocks = Math.ceil(stride / width);
  const rows = Math.floor(size / stride);
  const chunk = chunkFor(outer * size);
  const wanted = Math.max(1, Math.round((rows * width) / chunk));
  // Blocks of columns give items too; only what they lack is made up by cutting rows.
  const enough = Math.max(Math.ceil(FEWEST_ITEMS / (outer * blocks)), Math.ceil((rows * width) / 2 ** 20));
  const splits = Math.min(wanted, blocks === 1 ? wanted : enough, rows);
  const rowsPerSplit = Math.ceil(rows / splits);
  const outersPerItem = splits === 1 ? Math.max(1, Math.floor(chunk / size)) : 1;
  return {
    stride,
    width,
    rows,
    blocks,
    splits: Math.ceil(rows / rowsPerSplit),
    rowsPerSplit,
    outersPerItem,
    items: Math.ceil(outer / outersPerItem) * Math.ceil(rows / rowsPerSplit) * blocks,
  };
}
