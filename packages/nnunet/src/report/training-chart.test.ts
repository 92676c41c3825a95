/** Ticks by their rule, and curves where their values are. */
import { describe, expect, it } from 'vitest';
import type { Canvas, Color } from './raster/canvas.ts';
import { niceTicks } from './ticks.ts';
import { drawTrainingChart, type TrainingCurves } from './training-chart.ts';

describe('niceTicks', () => {
  it.each([
    [0, 1, 5, ['0.0', '0.2', '0.4', '0.6', '0.8', '1.0']],
    [-0.87, 0.04, 5, ['−1.0', '−0.8', '−0.6', '−0.4', '−0.2', '0.0', '0.2']],
    [0, 1000, 4, ['0', '500', '1000']],
    [0.0012, 0.0031, 4, ['0.0010', '0.0015', '0.0020', '0.0025', '0.0030', '0.0035']],
    [3, 3, 2, ['2', '4']],
    [0, 0, 1, ['0', '1']],
    [2e6, 9e6, 4, ['2e+6', '4e+6', '6e+6', '8e+6', '1e+7']],
  ])('labels %d to %d', (smallest, largest, count, labels) => {
    expect(niceTicks(smallest, largest, count).labels).toEqual(labels);
  });

  it('holds all values in whole steps, and keeps to whole numbers where asked', () => {
    for (const [smallest, largest] of [
      [0.3, 0.7],
      [-12, 7],
      [1e-9, 3e-9],
      [0.1, 0.1 + 0.2],
    ] as const) {
      const { from, to, values } = niceTicks(smallest, largest, 6);
      expect(from).toBeLessThanOrEqual(smallest + 1e-12);
      expect(to).toBeGreaterThanOrEqual(largest - 1e-12);
      expect(values.length).toBeLessThanOrEqual(9);
    }
    expect(niceTicks(1, 3, 10, true).values).toEqual([1, 2, 3]);
  });
});

const red: Color = [220, 60, 70];
const blue: Color = [37, 99, 235];

/** Rows (from the top) where a curve of this colour passes a column. */
function rowsAt(canvas: Canvas, x: number, color: Color): number[] {
  return Array.from({ length: 340 }, (_, y) => y).filter((y) =>
    canvas.colorAt(x, y).every((value, channel) => Math.abs(value - color[channel]!) < 40),
  );
}

const history: TrainingCurves = {
  title: 'Dataset · fold 0',
  lossName: 'cross-entropy − Dice',
  trainLoss: [1, 0.5, 0, -0.5, -1],
  validationLoss: [1, Number.NaN, Number.NaN, 1, 1],
  regions: [{ name: 'a', pseudoDice: [0, 0.2, 0.4, 0.6, 0.8] }],
  meanPseudoDice: [0, 0.2, 0.4, 0.6, 0.8],
  smoothedPseudoDice: [0, 0.1, 0.2, 0.3, 0.4],
};

describe('drawTrainingChart', () => {
  it('draws curves where their values are and nothing where they have none', () => {
    const canvas = drawTrainingChart(history);
    // The plotted area: from x = 90 to 962, from y = 88 (loss 1) to 316 (loss −1).
    const [middle] = rowsAt(canvas, 90 + 436, blue);
    expect(Math.abs(middle! - 202)).toBeLessThanOrEqual(3);
    const [early] = rowsAt(canvas, 90 + 218, blue);
    expect(Math.abs(early! - 145)).toBeLessThanOrEqual(3);
    expect(rowsAt(canvas, 90 + 436, red)).toEqual([]);
    const [late] = rowsAt(canvas, 90 + 800, red);
    expect(Math.abs(late! - 88)).toBeLessThanOrEqual(3);
  });

  it('has plots for epoch times and learning rates where they are known, whose axes begin at 0', () => {
    const short = drawTrainingChart(history);
    const canvas = drawTrainingChart({ ...history, epochSeconds: [4, 4, 2, 4, 4], learningRate: [4, 3, 2, 1, 0] });
    expect(canvas.height - short.height).toBe(2 * (300 + 20 + 24));
    const rows = (x: number, from: number) =>
      Array.from({ length: 300 }, (_, y) => from + y).filter((y) =>
        canvas.colorAt(x, y).every((value, channel) => Math.abs(value - blue[channel]!) < 40),
      );
    // Halfway, both curves are at half their height: 2 of 4.
    for (const from of [short.height, short.height + 344]) {
      const [middle] = rows(90 + 436, from);
      const [bottom, top] = [from + 300 - 44, from + 28];
      expect(Math.abs(middle! - (bottom + top) / 2)).toBeLessThanOrEqual(4);
    }
  });

  it('comes out for no epoch, one epoch and many regions', () => {
    const none = drawTrainingChart({
      title: '',
      lossName: '',
      trainLoss: [],
      validationLoss: [],
      regions: [],
      meanPseudoDice: [],
    });
    const regions = Array.from({ length: 30 }, (_, i) => ({ name: `label ${i}`, pseudoDice: [0.5] }));
    const one = drawTrainingChart({
      title: '',
      lossName: '',
      trainLoss: [0.5],
      validationLoss: [0.4],
      regions,
      meanPseudoDice: [0.5],
    });
    expect(one.width).toBe(none.width);
    expect(one.height).toBeGreaterThan(none.height);
  });

  it('takes a thousand epochs', () => {
    const trainLoss = Array.from({ length: 1000 }, (_, epoch) => Math.exp(-epoch / 100));
    const canvas = drawTrainingChart({ ...history, trainLoss, validationLoss: trainLoss });
    expect(rowsAt(canvas, 900, red).length).toBeGreaterThan(0);
  });
});
