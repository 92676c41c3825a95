export { type CasePicture, drawCase } from './case-picture.ts';
export { type DicePlotOptions, drawDicePlot } from './dice-plot.ts';
export { encodePng } from './png.ts';
export { Canvas, type Color } from './raster/canvas.ts';
export { type DiceTableOptions, diceTable, formatDice, formatTable, type TextTable } from './table.ts';
export { drawTrainingChart, type TrainingCurves } from './training-chart.ts';
export { trainingCurves } from './training-curves.ts';
