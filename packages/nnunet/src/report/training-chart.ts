/**
 * How a training goes, as a picture: losses, pseudo Dice, and where they are known epoch times and learning rates, over epochs. The curves of nnU-Net's
 * `progress.png`, but that losses and Dice have a plot each instead of two axes in one. Pseudo Dice is measured on
 * random patches of the validation cases, so it is no final figure.
 */
import { drawLegend, legendRowHeight, legendRows } from './legend.ts';
import { type Curve, drawPlot, ink, type Plot } from './plot.ts';
import { Canvas, type Color } from './raster/canvas.ts';
import { drawText } from './raster/text.ts';

/** One value per epoch in each list; NaN where an epoch has none. */
export interface TrainingCurves {
  readonly title: string;
  /** What the loss is made of, as its axis says it. */
  readonly lossName: string;
  readonly trainLoss: readonly number[];
  readonly validationLoss: readonly number[];
  /** Pseudo Dice of each label or region. */
  readonly regions: readonly { readonly name: string; readonly pseudoDice: readonly number[] }[];
  /** Mean over the labels or regions. */
  readonly meanPseudoDice: readonly number[];
  /** The moving average that decides which checkpoint is the best. */
  readonly smoothedPseudoDice?: readonly number[];
  /** How long each epoch took. */
  readonly epochSeconds?: readonly number[];
  readonly learningRate?: readonly number[];
}

const blue: Color = [37, 99, 235];
const red: Color = [220, 60, 70];
const green: Color = [22, 140, 90];
const regionColors: readonly Color[] = [
  [230, 140, 30],
  [140, 90, 210],
  [20, 150, 190],
  [200, 80, 140],
  [130, 130, 60],
  [110, 110, 125],
];

const width = 1000;
const plotHeight = 300;
const margin = 24;
const titleHeight = 36;

export function drawTrainingChart(history: TrainingCurves): Canvas {
  const plots: Plot[] = [
    { title: 'Loss', xLabel: 'epoch', yLabel: history.lossName, curves: lossCurves(history) },
    { title: 'Pseudo Dice', xLabel: 'epoch', yLabel: 'Dice', curves: diceCurves(history), yRange: [0, 1] },
    ...epochPlots(history),
  ];
  const sections = plots.map((plot) => {
    const rows = legendRows(
      plot.curves.map(({ name, style }) => ({ text: name, style })),
      width - 2 * margin - 80,
    );
    return { plot, rows, height: plotHeight + rows.length * legendRowHeight + 24 };
  });
  const height = sections.reduce((sum, section) => sum + section.height, margin + titleHeight);
  const canvas = new Canvas(width, height, [255, 255, 255]);
  drawText(canvas, history.title, [margin, margin - 4], { color: ink, size: 13, bold: true });
  let y = margin + titleHeight;
  for (const section of sections) {
    drawPlot(canvas, { x: margin, y, width: width - 2 * margin, height: plotHeight }, section.plot);
    drawLegend(canvas, [margin + 66, y + plotHeight], section.rows, ink);
    y += section.height;
  }
  return canvas;
}

function epochPlots({ epochSeconds, learningRate }: TrainingCurves): Plot[] {
  const plot = (title: string, yLabel: string, name: string, values: readonly number[] | undefined): Plot[] =>
    values === undefined
      ? []
      : [
          {
            title,
            xLabel: 'epoch',
            yLabel,
            curves: [{ name, values, style: { color: blue, width: 1.8 } }],
            fromZero: true,
          },
        ];
  return [
    ...plot('Epoch time', 'seconds', 'epoch duration', epochSeconds),
    ...plot('Learning rate', 'learning rate', 'learning rate', learningRate),
  ];
}

function lossCurves({ trainLoss, validationLoss }: TrainingCurves): Curve[] {
  return [
    { name: 'training', values: trainLoss, style: { color: blue, width: 1.8 } },
    { name: 'validation', values: validationLoss, style: { color: red, width: 1.8 } },
  ];
}

function diceCurves({ regions, meanPseudoDice, smoothedPseudoDice }: TrainingCurves): Curve[] {
  return [
    ...regions.map(({ name, pseudoDice }, i) => ({
      name,
      values: pseudoDice,
      style: { color: regionColors[i % regionColors.length]!, width: 1.3 },
    })),
    { name: 'mean', values: meanPseudoDice, style: { color: green, width: 1.8, dash: [6, 4] as const } },
    ...(smoothedPseudoDice === undefined
      ? []
      : [{ name: 'mean, smoothed', values: smoothedPseudoDice, style: { color: green, width: 2.6 } }]),
  ];
}
