/**
 * Logits of a volume as a stream of cells, so that they need not be in memory whole: with a hundred classes a CT's are tens of gigabytes. Cells have the
 * volume's whole width and come in order: planes after planes, and of these rows after rows.
 */
import type { Shape } from '@voxelgrad/tensor';

/** From `[0]`, inclusive, to `[1]`, exclusive. */
export type Span = readonly [first: number, end: number];

/** A box of logits `[planes, rows, w, classes]`. */
export interface LogitBlock {
  readonly planes: Span;
  readonly rows: Span;
  readonly data: Float32Array;
}

/** Of one cell: blocks that fill it. */
export interface LogitCell {
  readonly planes: Span;
  readonly rows: Span;
  readonly blocks: readonly LogitBlock[];
}

export interface LogitStream {
  /** `[d, h, w, classes]` */
  readonly shape: Shape;
  /** Can be gone through once. Whoever takes a cell owns its blocks. */
  readonly cells: AsyncIterable<LogitCell>;
}

/** Logits that are whole, as a stream of one cell. */
export function streamOf({ shape, data }: { readonly shape: Shape; readonly data: Float32Array }): LogitStream {
  const [planes, rows]: [Span, Span] = [
    [0, shape[0]!],
    [0, shape[1]!],
  ];
  const cells = async function* (): AsyncIterable<LogitCell> {
    yield { planes, rows, blocks: [{ planes, rows, data }] };
  };
  return { shape, cells: cells() };
}

export const lengthOf = ([first, end]: Span): number => Math.max(0, end - first);

export const overlap = (a: Span, b: Span): Span => [Math.max(a[0], b[0]), Math.min(a[1], b[1])];

const sameSpan = (a: Span, b: Span): boolean => a[0] === b[0] && a[1] === b[1];

/** What lies in these planes and rows, put together from blocks: `rowLength` values a row, of each voxel's `classes` the `count` from `first` on. */
export function gatherBlocks(
  blocks: readonly LogitBlock[],
  planes: Span,
  rows: Span,
  rowLength: number,
  { classes, first, count }: { readonly classes: number; readonly first: number; readonly count: number },
): Float32Array {
  const fitting = blocks.find((block) => sameSpan(block.planes, planes) && sameSpan(block.rows, rows));
  if (fitting !== undefined && count === classes) return fitting.data;
  const out = new Float32Array((lengthOf(planes) * lengthOf(rows) * rowLength * count) / classes);
  for (const block of blocks) {
    const [z, y] = [overlap(block.planes, planes), overlap(block.rows, rows)];
    if (lengthOf(y) === 0) continue;
    for (let plane = z[0]; plane < z[1]; plane++) {
      const from = ((plane - block.planes[0]) * lengthOf(block.rows) + y[0] - block.rows[0]) * rowLength;
      const to = (((plane - planes[0]) * lengthOf(rows) + y[0] - rows[0]) * rowLength * count) / classes;
      const part = block.data.subarray(from, from + lengthOf(y) * rowLength);
      if (count === classes) out.set(part, to);
      else
        for (let read = first, write = to; read < part.length; read += classes, write += count)
          for (let c = 0; c < count; c++) out[write + c] = part[read + c]!;
    }
  }
  return out;
}

/** What of the blocks lies in these planes and rows, without keeping the rest alive. */
export function cropBlocks(blocks: readonly LogitBlock[], planes: Span, rows: Span, rowLength: number): LogitBlock[] {
  return blocks.flatMap((block) => {
    const [z, y] = [overlap(block.planes, planes), overlap(block.rows, rows)];
    if (lengthOf(z) === 0 || lengthOf(y) === 0) return [];
    const everything = { classes: 1, first: 0, count: 1 };
    return [{ planes: z, rows: y, data: gatherBlocks([block], z, y, rowLength, everything) }];
  });
}
