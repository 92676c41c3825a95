/** Samples of lines with what they stand for, in rows. */
import type { Canvas, Color, Point } from './raster/canvas.ts';
import { type StrokeStyle, strokeLines } from './raster/stroke.ts';
import { drawText, textWidth } from './raster/text.ts';

export interface LegendEntry {
  readonly text: string;
  readonly style: StrokeStyle;
}

/** Pixels from one row to the next. */
export const legendRowHeight = 20;

const textSize = 9;
const sampleWidth = 30;
const entryGap = 26;

const entryWidth = ({ text }: LegendEntry): number => sampleWidth + 8 + textWidth(text, textSize);

/** As many entries in each row as `width` pixels hold, at least one. */
export function legendRows<Entry extends LegendEntry>(entries: readonly Entry[], width: number): Entry[][] {
  const rows: Entry[][] = [];
  let left = 0;
  for (const entry of entries) {
    const needed = entryWidth(entry);
    if (rows.length === 0 || needed > left) {
      rows.push([]);
      left = width;
    }
    rows.at(-1)!.push(entry);
    left -= needed + entryGap;
  }
  return rows;
}

/** `place`: top left corner of the first text. */
export function drawLegend(
  canvas: Canvas,
  [left, top]: Point,
  rows: readonly (readonly LegendEntry[])[],
  color: Color,
): void {
  rows.forEach((row, i) => {
    let x = left;
    const y = top + i * legendRowHeight;
    for (const entry of row) {
      const sample: Point[] = [
        [x, y + textSize / 2],
        [x + sampleWidth, y + textSize / 2],
      ];
      strokeLines(canvas, [sample], { ...entry.style, width: 2.4 });
      drawText(canvas, entry.text, [x + sampleWidth + 8, y], { color, size: textSize });
      x += entryWidth(entry) + entryGap;
    }
  });
}
