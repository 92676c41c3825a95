/** One plot with its axes: curves over epochs. */
import type { Box, Canvas, Color, Point } from './raster/canvas.ts';
import { type StrokeStyle, strokeLines } from './raster/stroke.ts';
import { drawText } from './raster/text.ts';
import { niceTicks, type Ticks } from './ticks.ts';

export interface Curve {
  readonly name: string;
  /** One value per epoch, from epoch 1 on; NaN leaves a gap. */
  readonly values: readonly number[];
  readonly style: StrokeStyle;
}

export interface Plot {
  readonly title: string;
  readonly xLabel: string;
  readonly yLabel: string;
  readonly curves: readonly Curve[];
  /** Bounds of the vertical axis; without them it fits the values. */
  readonly yRange?: readonly [number, number];
  /** Whether the vertical axis begins at 0, wherever the values lie. */
  readonly fromZero?: boolean;
}

export const ink: Color = [33, 37, 46];
export const faint: Color = [110, 117, 130];
const gridColor: Color = [228, 231, 237];

/** Room for tick labels and axis names around the plotted area. */
const room = { left: 66, right: 14, top: 28, bottom: 44 };

/** Draws `plot` into `box`. */
export function drawPlot(canvas: Canvas, box: Box, plot: Plot): void {
  const area: Box = {
    x: box.x + room.left,
    y: box.y + room.top,
    width: box.width - room.left - room.right,
    height: box.height - room.top - room.bottom,
  };
  const epochs = Math.max(2, ...plot.curves.map(({ values }) => values.length));
  const [smallest, largest] = plot.yRange ?? valueRange(plot.curves, plot.fromZero);
  const yTicks = niceTicks(smallest, largest, area.height / 42);
  const xTicks = niceTicks(1, epochs, area.width / 90, true);
  const placeX = (epoch: number): number => area.x + ((epoch - 1) / (epochs - 1)) * area.width;
  const placeY = (value: number): number =>
    area.y + area.height * (1 - (value - yTicks.from) / (yTicks.to - yTicks.from));
  drawText(canvas, plot.title, [area.x, box.y], { color: ink, size: 11, bold: true });
  drawVerticalAxis(canvas, box, area, plot.yLabel, yTicks, placeY);
  drawHorizontalAxis(canvas, area, plot.xLabel, xTicks, epochs, placeX);
  for (const { values, style } of plot.curves)
    strokeLines(canvas, piecesOf(values, placeX, placeY), style, { ...area, y: area.y - 2, height: area.height + 4 });
}

/** Grid lines, their values and the name of the axis, left of `area`. */
export function drawVerticalAxis(
  canvas: Canvas,
  box: Box,
  area: Box,
  label: string,
  ticks: Ticks,
  place: (value: number) => number,
): void {
  ticks.values.forEach((value, i) => {
    const y = Math.round(place(value));
    canvas.fill({ x: area.x, y, width: area.width, height: 1 }, gridColor);
    drawText(canvas, ticks.labels[i]!, [area.x - 10, y - 4], { color: faint, size: 8.5, align: 'right' });
  });
  drawText(canvas, label, [box.x, area.y + area.height / 2], { color: ink, size: 9, align: 'centre', upwards: true });
}

function drawHorizontalAxis(
  canvas: Canvas,
  area: Box,
  label: string,
  ticks: Ticks,
  epochs: number,
  place: (epoch: number) => number,
): void {
  const bottom = area.y + area.height;
  ticks.values.forEach((epoch, i) => {
    // Epochs count from 1: the tick at 0 moves there.
    const shown = Math.max(1, epoch);
    if (shown > epochs || (epoch === 0 && ticks.values.includes(1))) return;
    const x = Math.round(place(shown));
    canvas.fill({ x, y: bottom, width: 1, height: 5 }, faint);
    const text = epoch === 0 ? '1' : ticks.labels[i]!;
    drawText(canvas, text, [x, bottom + 10], { color: faint, size: 8.5, align: 'centre' });
  });
  canvas.fill({ x: area.x, y: bottom, width: area.width, height: 1 }, faint);
  drawText(canvas, label, [area.x + area.width / 2, bottom + 27], { color: ink, size: 9, align: 'centre' });
}

function valueRange(curves: readonly Curve[], fromZero = false): [number, number] {
  let [smallest, largest] = [fromZero ? 0 : Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const value of curves.flatMap(({ values }) => values)) {
    if (!Number.isFinite(value)) continue;
    smallest = Math.min(smallest, value);
    largest = Math.max(largest, value);
  }
  return smallest <= largest ? [smallest, largest] : [0, 1];
}

/** The curve as lines, broken where a value is missing; a value alone becomes a point. */
function piecesOf(
  values: readonly number[],
  placeX: (epoch: number) => number,
  placeY: (value: number) => number,
): Point[][] {
  const pieces: Point[][] = [[]];
  values.forEach((value, i) => {
    if (Number.isFinite(value)) pieces.at(-1)!.push([placeX(i + 1), placeY(value)]);
    else if (pieces.at(-1)!.length > 0) pieces.push([]);
  });
  return pieces.filter((piece) => piece.length > 0);
}
