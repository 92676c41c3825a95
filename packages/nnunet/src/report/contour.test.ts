/** Outlines by the area they enclose, which follows from the voxels, and by their number. */
import { describe, expect, it } from 'vitest';
import { outlines } from './contour.ts';
import type { Point } from './raster/canvas.ts';

/** Twice the half: the shoelace formula. */
const areaOf = (line: readonly Point[]): number =>
  Math.abs(line.slice(1).reduce((sum, [x, y], i) => sum + line[i]![0] * y - x * line[i]![1], 0)) / 2;

const picture = (...rows: string[]): Parameters<typeof outlines> => [
  rows.length,
  rows[0]!.length,
  (row, column) => rows[row]![column] === '#',
];

describe('outlines', () => {
  it('goes around a block, cutting an eighth of a voxel at each corner', () => {
    const lines = outlines(...picture('......', '.####.', '.####.', '.####.', '......'));
    expect(lines).toHaveLength(1);
    expect(areaOf(lines[0]!)).toBe(4 * 3 - 4 / 8);
    expect(lines[0]!.at(-1)).toEqual(lines[0]![0]);
    const [xs, ys] = [lines[0]!.map(([x]) => x), lines[0]!.map(([, y]) => y)];
    expect([Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]).toEqual([0.5, 4.5, 0.5, 3.5]);
  });

  it('closes at the border of the slice', () => {
    const [line] = outlines(...picture('###', '###'));
    expect(areaOf(line!)).toBe(3 * 2 - 4 / 8);
  });

  it('outlines holes, and voxels that touch at a corner by themselves', () => {
    expect(outlines(...picture('###', '#.#', '###')).map(areaOf)).toEqual([9 - 0.5, 0.5]);
    expect(outlines(...picture('#.', '.#')).map(areaOf)).toEqual([0.5, 0.5]);
    expect(outlines(...picture('.#', '#.')).map(areaOf)).toEqual([0.5, 0.5]);
  });

  it('has none around nothing', () => {
    expect(outlines(...picture('..', '..'))).toEqual([]);
  });

  it('smooths without moving away', () => {
    const [rows, columns, inside] = picture('........', '.######.', '.######.', '.######.', '.######.', '........');
    const [rough] = outlines(rows, columns, inside);
    const [smooth] = outlines(rows, columns, inside, 2);
    expect(smooth!.length).toBeGreaterThan(rough!.length);
    expect(smooth!.at(-1)).toEqual(smooth![0]);
    expect(areaOf(smooth!)).toBeLessThan(areaOf(rough!));
    expect(areaOf(smooth!)).toBeGreaterThan(areaOf(rough!) - 0.5);
  });
});
