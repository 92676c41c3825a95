/**
 * The outline of a mask as closed lines (marching squares): it runs half-way between a voxel inside and its neighbour outside, and cuts corners. Places
 * are in voxels, whole numbers at voxel centres.
 */
import type { Point } from './raster/canvas.ts';

/**
 * Closed lines (the last point is the first) around everything that `inside` says is in the mask; what lies beyond the border of the slice is outside.
 * `smoothing`: how often corners are cut again (Chaikin 1974); 0 leaves the octagons of the voxels.
 */
export function outlines(
  rows: number,
  columns: number,
  inside: (row: number, column: number) => boolean,
  smoothing = 0,
): Point[][] {
  const within = (row: number, column: number): boolean =>
    row >= 0 && column >= 0 && row < rows && column < columns && inside(row, column);
  const neighbours = new Map<number, number[]>();
  const width = 2 * columns + 3;
  const link = (a: number, b: number): void => {
    neighbours.set(a, [...(neighbours.get(a) ?? []), b]);
    neighbours.set(b, [...(neighbours.get(b) ?? []), a]);
  };
  for (let row = -1; row < rows; row++)
    for (let column = -1; column < columns; column++) {
      const corners = [
        within(row, column),
        within(row, column + 1),
        within(row + 1, column + 1),
        within(row + 1, column),
      ];
      // The middles of the square's sides, on a grid of half voxels: top, right, bottom, left.
      const centre = (2 * row + 3) * width + 2 * column + 3;
      const sides = [centre - width, centre + 1, centre + width, centre - 1];
      for (const [from, to] of crossings(corners)) link(sides[from]!, sides[to]!);
    }
  const place = (key: number): Point => [((key % width) - 2) / 2, (Math.floor(key / width) - 2) / 2];
  return closedLines(neighbours).map((line) => smooth(line.map(place), smoothing));
}

/** Pairs of sides (0 top, 1 right, 2 bottom, 3 left) that the outline joins in a square of four voxels, given clockwise from the top left. */
function crossings(corners: readonly boolean[]): readonly (readonly [number, number])[] {
  const crossed = [0, 1, 2, 3].filter((side) => corners[side] !== corners[(side + 1) % 4]);
  if (crossed.length < 4) return crossed.length === 2 ? [[crossed[0]!, crossed[1]!]] : [];
  // Two voxels that touch at a corner only: each is outlined by itself.
  return corners[0] ? [[0, 3], [1, 2]] : [[0, 1], [2, 3]]; // biome-ignore format: a table
}

/** Every point has two neighbours, so following them comes back to the start. */
function closedLines(neighbours: ReadonlyMap<number, readonly number[]>): number[][] {
  const visited = new Set<number>();
  const lines: number[][] = [];
  for (const start of neighbours.keys()) {
    if (visited.has(start)) continue;
    const line = [start];
    visited.add(start);
    for (let next: number | undefined = start; next !== undefined; ) {
      next = neighbours.get(next)!.find((point) => !visited.has(point));
      if (next === undefined) break;
      visited.add(next);
      line.push(next);
    }
    lines.push([...line, start]);
  }
  return lines;
}

/** Each corner of a closed line is replaced by the points at a quarter and three quarters of its sides. */
function smooth(line: readonly Point[], times: number): Point[] {
  if (times === 0) return [...line];
  const cut: Point[] = [];
  for (let i = 1; i < line.length; i++) {
    const [from, to] = [line[i - 1]!, line[i]!];
    for (const share of [0.25, 0.75])
      cut.push([from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share]);
  }
  return smooth([...cut, cut[0]!], times - 1);
}
