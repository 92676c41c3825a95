/** Colours of outlines on grey images, the same in pictures and on pages. */
import type { Color } from './raster/canvas.ts';

const palette: readonly { readonly truth: Color; readonly prediction: Color }[] = [
  { truth: [74, 222, 128], prediction: [255, 86, 110] },
  { truth: [56, 189, 248], prediction: [255, 170, 60] },
  { truth: [250, 240, 110], prediction: [200, 130, 255] },
  { truth: [45, 212, 191], prediction: [255, 130, 200] },
];

/** Of a class by its place among the classes. Truth is drawn solid and is cool, prediction dashed and warm, so that they differ without colour too. */
export const outlineColors = (index: number): { readonly truth: Color; readonly prediction: Color } =>
  palette[index % palette.length]!;
