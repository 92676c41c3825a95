/**
 * Resamples a stream of logits to another grid, cell by cell: whatever of the result is made of what has come is made at once, and of the logits only those
 * are kept that the rest of the result needs, for linear interpolation a plane and a row at the border of what is done.
 */
import { type Device, fromArray, noGrad, type Triple } from '@voxelgrad/tensor';
import type { Configuration } from '../plan/plans.ts';
import type { PieceResampling } from '../preprocess/resample-data.ts';
import { resamplingOf } from '../preprocess/resampling.ts';
import { cropBlocks, gatherBlocks, type LogitBlock, type LogitCell, lengthOf, type Span } from './logit-cells.ts';

export interface Grid {
  readonly size: Triple;
  /** mm */
  readonly from: readonly number[];
  readonly to: readonly number[];
}

/** Logits of some classes in some planes and rows of the new grid. All classes of a place follow each other, in ascending order. */
export interface LogitPiece {
  readonly planes: Span;
  readonly rows: Span;
  /** `[planes, rows, w, count]` */
  readonly values: Float32Array;
  /** The first of these classes. */
  readonly first: number;
  readonly count: number;
}

export interface CellResamplerSettings {
  /** `[d, h, w, classes]` of the logits. */
  readonly shape: readonly number[];
  readonly grid: Grid;
  readonly configuration: Pick<Configuration, 'resampling_fn_probabilities' | 'resampling_fn_probabilities_kwargs'>;
  readonly device: Device;
  /** Values of logits, before and after resampling, that are worked on at a time where that is possible. */
  readonly values: number;
}

export class CellResampler {
  readonly #settings: CellResamplerSettings;
  /** Undefined where the grids are the same. */
  readonly #resampling: PieceResampling | undefined;
  /** Planes of the result that are done, and rows of those in work. */
  #planes = 0;
  #rows = 0;
  /** What is kept of the planes before the cells in work, of the cells before the one in work, and of these for the planes that follow. */
  #before: readonly LogitBlock[] = [];
  #beside: readonly LogitBlock[] = [];
  #after: LogitBlock[] = [];

  constructor(settings: CellResamplerSettings) {
    const { shape, grid, configuration } = settings;
    this.#settings = settings;
    if (grid.size.every((extent, axis) => extent === shape[axis])) return;
    this.#resampling = resamplingOf(configuration.resampling_fn_probabilities).pieces(
      shape.slice(0, 3) as unknown as Triple,
      grid.size,
      grid.from,
      grid.to,
      configuration.resampling_fn_probabilities_kwargs,
    );
  }

  /** All that can be made now that this cell has come. */
  async *add(cell: LogitCell): AsyncIterable<LogitPiece> {
    const resampling = this.#resampling;
    if (resampling === undefined) {
      const count = this.#settings.shape[3]!;
      for (const { planes, rows, data } of cell.blocks) yield { planes, rows, values: data, first: 0, count };
      return;
    }
    const planes: Span = [this.#planes, endOfMade(resampling.planes, this.#planes, cell.planes[1])];
    const rows: Span = [this.#rows, endOfMade(resampling.rows, this.#rows, cell.rows[1])];
    const blocks = [...this.#before, ...this.#beside, ...cell.blocks];
    if (lengthOf(planes) > 0 && lengthOf(rows) > 0) yield* this.#make(resampling, blocks, planes, rows);
    this.#rows = rows[1];
    const [, height, width, classes] = this.#settings.shape as readonly [number, number, number, number];
    const rowLength = width * classes;
    const nextPlane: Span = [resampling.planes[planes[1]]?.[0] ?? cell.planes[1], cell.planes[1]];
    this.#after.push(...cropBlocks(cell.blocks, nextPlane, cell.rows, rowLength));
    if (cell.rows[1] < height) {
      const nextRow: Span = [resampling.rows[rows[1]]?.[0] ?? height, height];
      this.#beside =
        lengthOf(planes) === 0
          ? []
          : cropBlocks([...this.#beside, ...cell.blocks], [0, cell.planes[1]], nextRow, rowLength);
      return;
    }
    this.#before = [...cropBlocks(this.#before, nextPlane, [0, height], rowLength), ...this.#after];
    [this.#planes, this.#rows, this.#beside, this.#after] = [planes[1], 0, [], []];
  }

  /** As many planes at a time as `values` allows; where one is too many, a few classes at a time. */
  async *#make(
    { planes: planeSources, rows: rowSources, resample }: PieceResampling,
    blocks: readonly LogitBlock[],
    planes: Span,
    rows: Span,
  ): AsyncIterable<LogitPiece> {
    const { shape, grid, device, values: most } = this.#settings;
    const [depth, height, width, classes] = shape as readonly [number, number, number, number];
    const sourceRows = sourcesOf(rowSources, rows);
    const valuesOf = (some: Span): number =>
      Math.max(
        lengthOf(some) * lengthOf(rows) * grid.size[2],
        lengthOf(sourcesOf(planeSources, some)) * lengthOf(sourceRows) * width,
      );
    for (let [first, end] = planes; first < end; ) {
      let some: Span = [first, first + 1];
      while (some[1] < end && valuesOf([first, some[1] + 1]) * classes <= most) some = [first, some[1] + 1];
      if (valuesOf(some) * classes > most) some = [first, end];
      const group = Math.min(classes, Math.max(1, Math.floor(most / valuesOf(some))));
      const sourcePlanes = sourcesOf(planeSources, some);
      const sourceShape = [1, lengthOf(sourcePlanes), lengthOf(sourceRows), width];
      const part = {
        input: { first: [sourcePlanes[0], sourceRows[0], 0], extents: [depth, height, width] },
        output: { first: [some[0], rows[0], 0], extents: grid.size },
      } as const;
      for (let from = 0; from < classes; from += group) {
        const count = Math.min(group, classes - from);
        const gathered = gatherBlocks(blocks, sourcePlanes, sourceRows, width * classes, {
          classes,
          first: from,
          count,
        });
        const x = fromArray(gathered, [...sourceShape, count], { device });
        const out = noGrad(() => resample(x, [lengthOf(some), lengthOf(rows), grid.size[2]], part));
        const values = out.data();
        for (const tensor of new Set([x, out])) tensor.dispose();
        yield { planes: some, rows, values: (await values) as Float32Array, first: from, count };
      }
      first = some[1];
    }
  }
}

/** How far the result can be made from `first` on of what lies before `available`. */
function endOfMade(sources: readonly Span[], first: number, available: number): number {
  let end = first;
  while (end < sources.length && sources[end]![1] <= available) end++;
  return end;
}

/** Sources move forward with the result. */
const sourcesOf = (sources: readonly Span[], [first, end]: Span): Span => [sources[first]![0], sources[end - 1]![1]];
