/**
 * Anti-aliased lines with round ends. A pixel is covered by how far its centre lies from the line; over all pieces of one stroke the largest coverage
 * counts, so joints and crossings of half-transparent lines do not darken.
 */
import type { Box, Canvas, Color, Point } from './canvas.ts';

export interface StrokeStyle {
  readonly color: Color;
  /** In pixels. */
  readonly width: number;
  readonly opacity?: number;
  /** Lengths of dash and gap in pixels. */
  readonly dash?: readonly [dash: number, gap: number];
}

/** Draws lines through the points of each polyline; nothing is drawn outside `clip`. */
export function strokeLines(
  canvas: Canvas,
  lines: readonly (readonly Point[])[],
  style: StrokeStyle,
  clip: Box = { x: 0, y: 0, width: canvas.width, height: canvas.height },
): void {
  const { dash } = style;
  const pieces = dash === undefined ? lines : lines.flatMap((line) => dashed(line, dash));
  const area = strokedArea(pieces, style.width, clip);
  if (area === undefined) return;
  const columns = area.right - area.left;
  const coverage = new Float32Array(columns * (area.bottom - area.top));
  for (const line of pieces) {
    if (line.length === 1) coverSegment(coverage, area, line[0]!, line[0]!, style.width);
    for (let i = 1; i < line.length; i++) coverSegment(coverage, area, line[i - 1]!, line[i]!, style.width);
  }
  coverage.forEach((covered, i) => {
    if (covered > 0)
      canvas.blend(
        area.left + (i % columns),
        area.top + Math.floor(i / columns),
        style.color,
        covered * (style.opacity ?? 1),
      );
  });
}

/** Whole pixels, right and bottom excluded. */
interface Area {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** The pixels that the stroke may touch, or undefined without any. */
function strokedArea(lines: readonly (readonly Point[])[], width: number, clip: Box): Area | undefined {
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const line of lines)
    for (const [x, y] of line) {
      left = Math.min(left, x);
      right = Math.max(right, x);
      top = Math.min(top, y);
      bottom = Math.max(bottom, y);
    }
  const reach = width / 2 + 1;
  const area = {
    left: Math.max(Math.floor(left - reach), Math.round(clip.x)),
    top: Math.max(Math.floor(top - reach), Math.round(clip.y)),
    right: Math.min(Math.ceil(right + reach), Math.round(clip.x + clip.width)),
    bottom: Math.min(Math.ceil(bottom + reach), Math.round(clip.y + clip.height)),
  };
  return area.left < area.right && area.top < area.bottom ? area : undefined;
}

function coverSegment(coverage: Float32Array, area: Area, from: Point, to: Point, width: number): void {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const squaredLength = dx * dx + dy * dy;
  const reach = width / 2 + 1;
  const left = Math.max(area.left, Math.floor(Math.min(from[0], to[0]) - reach));
  const right = Math.min(area.right, Math.ceil(Math.max(from[0], to[0]) + reach));
  const top = Math.max(area.top, Math.floor(Math.min(from[1], to[1]) - reach));
  const bottom = Math.min(area.bottom, Math.ceil(Math.max(from[1], to[1]) + reach));
  for (let y = top; y < bottom; y++)
    for (let x = left; x < right; x++) {
      const [px, py] = [x + 0.5 - from[0], y + 0.5 - from[1]];
      const along = squaredLength === 0 ? 0 : Math.min(1, Math.max(0, (px * dx + py * dy) / squaredLength));
      const distance = Math.hypot(px - along * dx, py - along * dy);
      // A line thinner than a pixel covers a pixel by at most its width.
      const covered = Math.min(1, width, Math.max(0, width / 2 + 0.5 - distance));
      const at = (y - area.top) * (area.right - area.left) + x - area.left;
      if (covered > coverage[at]!) coverage[at] = covered;
    }
}

/** The dashes of one line, each a line of its own. */
function dashed(line: readonly Point[], [dash, gap]: readonly [number, number]): Point[][] {
  const dashes: Point[][] = [];
  let drawing = true;
  let left = dash;
  let current: Point[] = line.length > 0 ? [line[0]!] : [];
  for (let i = 1; i < line.length; i++) {
    let from = line[i - 1]!;
    const to = line[i]!;
    let length = Math.hypot(to[0] - from[0], to[1] - from[1]);
    while (length > left) {
      const share = left / length;
      from = [from[0] + (to[0] - from[0]) * share, from[1] + (to[1] - from[1]) * share];
      if (drawing) dashes.push([...current, from]);
      length -= left;
      drawing = !drawing;
      left = drawing ? dash : gap;
      current = [from];
    }
    left -= length;
    current.push(to);
  }
  if (drawing && current.length > 1) dashes.push(current);
  return dashes;
}
