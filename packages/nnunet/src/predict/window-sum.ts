/**
 * Sums of overlapping windows, kept only as long as windows may still be added. Windows come in order, the first axis slowest. A plane is finished when the last
 * row of windows that covers it is done, and within that row of windows a row of voxels as soon as the windows have passed it. So the volume is cut into
 * segments of planes and of rows, where windows begin and end; the sums of a pair of segments are allocated when the first window touches them, and handed
 * on and forgotten after the last. Every voxel gets its windows in the same order as if all sums were kept.
 */
import type { Blend } from '../inference-geometry/importance.ts';
import { type LogitBlock, type LogitCell, lengthOf, overlap, type Span } from './logit-cells.ts';

export interface WindowSumSettings {
  /** [d, h, w] */
  readonly shape: readonly number[];
  /** Of each voxel: its classes' logits, say. */
  readonly values: number;
  /** First voxels of all windows, in the order in which they are added; outside of the volume where it is padded. */
  readonly origins: readonly (readonly number[])[];
  /** Extents of a window. */
  readonly window: readonly number[];
  readonly weights: Float32Array;
  readonly blend: Blend;
  /** Segments are joined until the sums of a pair take so many bytes: small volumes are one. */
  readonly cellBytes: number;
}

interface Segment {
  readonly span: Span;
  /** The last window, counted along this axis, that touches it. */
  readonly last: number;
}

interface Sums extends LogitBlock {
  /** Of the weights; empty where the largest value counts. */
  readonly total: Float32Array;
}

export class WindowSum {
  readonly #settings: WindowSumSettings;
  /** Of the windows along depth and height. */
  readonly #starts: readonly [readonly number[], readonly number[]];
  readonly #planes: readonly Segment[];
  readonly #rows: readonly Segment[];
  /** By plane segment, then by row segment. */
  readonly #sums: (Sums | undefined)[][];
  #bytes = 0;
  #peakBytes = 0;

  constructor(settings: WindowSumSettings) {
    this.#settings = settings;
    const { shape, values, origins, window, cellBytes } = settings;
    const starts = (axis: 0 | 1): number[] => [...new Set(origins.map((origin) => origin[axis]!))];
    this.#starts = [starts(0), starts(1)];
    const rowBytes = 4 * values * shape[2]!;
    this.#planes = segments(shape[0]!, this.#starts[0], window[0]!, cellBytes / (rowBytes * shape[1]!));
    const deepest = Math.max(...this.#planes.map(({ span }) => lengthOf(span)));
    this.#rows = segments(shape[1]!, this.#starts[1], window[1]!, cellBytes / (rowBytes * deepest));
    this.#sums = this.#planes.map(() => []);
  }

  /** The most that sums have taken at a time. */
  get peakBytes(): number {
    return this.#peakBytes;
  }

  /** Adds a box of a window's values `[…extents, values]`; `firstWeight` is the place of its first voxel in the window. */
  add(origin: readonly number[], extents: readonly number[], box: ArrayLike<number>, firstWeight = 0): void {
    const [planes, rows] = [0, 1].map((axis): Span => [origin[axis]!, origin[axis]! + extents[axis]!]) as [Span, Span];
    const [first, end] = overlap([origin[2]!, origin[2]! + extents[2]!], [0, this.#settings.shape[2]!]);
    for (const [p, { span: planeSpan }] of this.#planes.entries()) {
      const [z, zEnd] = overlap(planes, planeSpan);
      for (const [r, { span: rowSpan }] of z < zEnd ? this.#rows.entries() : []) {
        const [y, yEnd] = overlap(rows, rowSpan);
        if (y >= yEnd) continue;
        const sums = this.#touch(p, r);
        for (let plane = z; plane < zEnd; plane++)
          for (let row = y; row < yEnd; row++) {
            const from = ((plane - planes[0]) * extents[1]! + row - rows[0]) * extents[2]! + first - origin[2]!;
            const to = (plane - planeSpan[0]) * lengthOf(rowSpan) + row - rowSpan[0];
            this.#addRow(sums, box, from, firstWeight + from, to * this.#settings.shape[2]! + first, end - first);
          }
      }
    }
  }

  #touch(p: number, r: number): Sums {
    const existing = this.#sums[p]![r];
    if (existing !== undefined) return existing;
    const { shape, values, blend } = this.#settings;
    const [planes, rows] = [this.#planes[p]!.span, this.#rows[r]!.span];
    const voxels = lengthOf(planes) * lengthOf(rows) * shape[2]!;
    const data = new Float32Array(voxels * values);
    if (blend === 'max') data.fill(Number.NEGATIVE_INFINITY);
    const sums = { planes, rows, data, total: new Float32Array(blend === 'max' ? 0 : voxels) };
    this.#sums[p]![r] = sums;
    this.#bytes += data.byteLength + sums.total.byteLength;
    this.#peakBytes = Math.max(this.#peakBytes, this.#bytes);
    return sums;
  }

  #addRow(
    { data, total }: Sums,
    box: ArrayLike<number>,
    from: number,
    firstWeight: number,
    to: number,
    count: number,
  ): void {
    const { values, weights, blend } = this.#settings;
    for (let i = 0; i < count; i++) {
      const read = (from + i) * values;
      const write = (to + i) * values;
      if (blend === 'max') {
        for (let c = 0; c < values; c++) data[write + c] = Math.max(data[write + c]!, box[read + c]!);
        continue;
      }
      const weight = weights[firstWeight + i]!;
      total[to + i]! += weight;
      for (let c = 0; c < values; c++) data[write + c]! += weight * box[read + c]!;
    }
  }

  /** What is finished now that all windows of this depth and height are added. */
  *finish(origin: readonly number[]): Iterable<LogitCell> {
    const [z, y] = [this.#starts[0].indexOf(origin[0]!), this.#starts[1].indexOf(origin[1]!)];
    const finished = [...this.#planes.entries()].filter(([, { last }]) => last === z);
    if (finished.length === 0) return;
    const planes: Span = [finished[0]![1].span[0], finished.at(-1)![1].span[1]];
    for (const [r, { span, last }] of this.#rows.entries())
      if (last === y) yield { planes, rows: span, blocks: finished.map(([p]) => this.#take(p, r)) };
  }

  #take(p: number, r: number): LogitBlock {
    const { planes, rows, data, total } = this.#sums[p]![r]!;
    this.#sums[p]![r] = undefined;
    this.#bytes -= data.byteLength + total.byteLength;
    const { values } = this.#settings;
    for (let voxel = 0, at = 0; voxel < total.length; voxel++)
      for (let c = 0; c < values; c++) data[at++]! /= total[voxel]!;
    return { planes, rows, data };
  }
}

/** The parts of an axis between places where windows begin or end, joined to at least `shortest` voxels as long as there are some. */
function segments(extent: number, starts: readonly number[], window: number, shortest: number): Segment[] {
  const inside = (voxel: number): number => Math.min(Math.max(voxel, 0), extent);
  const places = [...new Set(starts.flatMap((start) => [inside(start), inside(start + window)]))].sort((a, b) => a - b);
  const found: Segment[] = [];
  let first = 0;
  for (const end of places.slice(1)) {
    if (end - first < shortest && end !== places.at(-1)) continue;
    found.push({ span: [first, end], last: starts.findLastIndex((start) => start < end) });
    first = end;
  }
  return found;
}
