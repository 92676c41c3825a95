/**
 * Dice of all cases as a picture: a column for each region, a dot for each case, with the median and the box of the middle half. What a mean hides,
 * the few cases that failed, is what one looks for here.
 */

import type { Summary } from '../evaluate/summary.ts';
import { percentileOfSorted } from '../statistics/percentile.ts';
import { drawVerticalAxis, faint, ink } from './plot.ts';
import { Canvas, type Color } from './raster/canvas.ts';
import { strokeLines } from './raster/stroke.ts';
import { drawText } from './raster/text.ts';
import { niceTicks } from './ticks.ts';

export interface DicePlotOptions {
  readonly title: string;
  /** What to call a region: by default its name in the summary. */
  readonly names?: Readonly<Record<string, string>>;
}

const dotColor: Color = [37, 99, 235];
const boxColor: Color = [22, 140, 90];
const columnWidth = 150;
const height = 460;
const margin = { left: 90, right: 24, top: 72, bottom: 56 };

export function drawDicePlot(summary: Summary, { title, names = {} }: DicePlotOptions): Canvas {
  const regions = Object.keys(summary.mean);
  const count = summary.metric_per_case.length;
  const width = Math.max(420, margin.left + margin.right + columnWidth * regions.length);
  const canvas = new Canvas(width, height, [255, 255, 255]);
  const area = {
    x: margin.left,
    y: margin.top,
    width: width - margin.left - margin.right,
    height: height - margin.top - margin.bottom,
  };
  drawText(canvas, title, [24, 20], { color: ink, size: 13, bold: true });
  drawText(canvas, `${count} case${count === 1 ? '' : 's'}; line: median, box: middle half`, [24, 44], {
    color: faint,
    size: 9,
  });
  const placeY = (dice: number): number => area.y + area.height * (1 - dice);
  drawVerticalAxis(canvas, { x: 24, y: 0, width, height }, area, 'Dice', niceTicks(0, 1, 10), placeY);
  canvas.fill({ x: area.x, y: area.y + area.height, width: area.width, height: 1 }, faint);
  regions.forEach((region, column) => {
    const centre = area.x + (area.width * (column + 0.5)) / regions.length;
    const values = summary.metric_per_case
      .map(({ metrics }) => metrics[region]!.Dice)
      .filter((dice) => !Number.isNaN(dice))
      .sort((a, b) => a - b);
    drawColumn(canvas, values, centre, placeY);
    drawText(canvas, names[region] ?? region, [centre, area.y + area.height + 12], {
      color: ink,
      size: 9,
      align: 'centre',
    });
    const median = values.length === 0 ? 'not present' : `median ${percentileOfSorted(values, 50).toFixed(3)}`;
    drawText(canvas, median, [centre, area.y + area.height + 30], { color: faint, size: 8.5, align: 'centre' });
  });
  return canvas;
}

/** `values` ascending. */
function drawColumn(canvas: Canvas, values: readonly number[], centre: number, placeY: (dice: number) => number): void {
  if (values.length === 0) return;
  const [lower, median, upper] = [25, 50, 75].map((percent) => placeY(percentileOfSorted(values, percent)));
  canvas.fill({ x: centre - 36, y: upper!, width: 72, height: Math.max(1, lower! - upper!) }, boxColor, 0.16);
  canvas.fill({ x: centre - 36, y: median! - 1, width: 72, height: 2 }, boxColor);
  values.forEach((dice, i) => {
    // Neighbours in rank stand side by side, so that equal cases stay apart; the golden ratio spreads them evenly.
    const place = centre + (((i * 0.618) % 1) - 0.5) * 52;
    strokeLines(canvas, [[[place, placeY(dice)]]], { color: dotColor, width: 5 });
  });
}
