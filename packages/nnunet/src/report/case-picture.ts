/**
 * One case at a glance: three orthogonal slices through the structure, or the one that there is, grey, with the outlines of truth and prediction. Voxels are drawn as large as their
 * spacing says, all three slices at one scale.
 */
import type { VoxelArray } from '@voxelgrad/io';
import { VoxelgradError } from '@voxelgrad/tensor';
import { checkVoxels, maskOf, type Region } from '../evaluate/region.ts';
import { outlines } from './contour.ts';
import { greyWindow } from './grey-window.ts';
import { drawLegend, type LegendEntry, legendRowHeight, legendRows } from './legend.ts';
import { outlineColors } from './outline-colors.ts';
import { anatomicalPlanes, imagePlane, type Plane, Slice, viewAround, visiblePlanes } from './planes.ts';
import { type Box, Canvas, type Color, type Point } from './raster/canvas.ts';
import { type StrokeStyle, strokeLines } from './raster/stroke.ts';
import { drawText } from './raster/text.ts';
import { fullestSlice, voxelsPerSlice } from './slice-counts.ts';

export interface CasePicture {
  readonly title: string;
  /** A line of text under the title, such as the Dice of each region. */
  readonly subtitle?: string;
  /** One channel, [z, y, x]. */
  readonly image: VoxelArray;
  readonly shape: readonly number[];
  /** Voxel size [z, y, x] in mm. */
  readonly spacing: readonly number[];
  /** Where the voxel axes x, y, z point: `axisCodes(affine)` of `@voxelgrad/io`. */
  readonly directions?: string;
  /** A photograph or the like, [1, y, x]: drawn as it lies in its file, without directions, and all of it unless told. */
  readonly flat?: boolean;
  readonly truth?: VoxelArray;
  readonly prediction?: VoxelArray;
  /** Millimetres shown around truth and prediction; `Infinity` shows all of the image. */
  readonly context?: number;
  readonly regions: readonly { readonly name: string; readonly region: Region }[];
}

const background: Color = [17, 19, 24];
const bright: Color = [236, 239, 244];
const dim: Color = [150, 157, 170];

const margin = 20;
const gap = 16;
const headHeight = 92;
const footHeight = 26;
/** Pixels: room for the title above a narrow image. */
const leastWidth = 300;
/** Millimetres: enough to see where in the organ the structure lies. */
const defaultContext = 40;

/** Throws 'shape' when volumes and shape do not fit, 'option' for a spacing or directions that are none. */
export function drawCase(picture: CasePicture): Canvas {
  const { title, subtitle, shape, spacing, regions } = picture;
  checkVolumes(picture);
  const planes = picture.flat
    ? [imagePlane]
    : visiblePlanes(anatomicalPlanes(picture.directions ?? 'LPS'), picture.shape);
  const layers = regions.flatMap(({ region }, i) => layersOf(picture, region, i));
  const counts = voxelsPerSlice(
    layers.map(({ mask }) => mask),
    shape,
  );
  const view = viewAround(
    counts,
    spacing,
    picture.context ?? (picture.flat ? Number.POSITIVE_INFINITY : defaultContext),
  );
  const panels = layOut(planes, view.shape, spacing);
  const legend = legendRows(legendOf(picture), panels.width);
  const height = headHeight + panels.height + footHeight + legend.length * legendRowHeight;
  const canvas = new Canvas(panels.width + 2 * margin, height, background);
  drawText(canvas, title, [margin, 18], { color: bright, size: 13, bold: true });
  if (subtitle !== undefined) drawText(canvas, subtitle, [margin, 42], { color: dim, size: 9 });
  const window = greyWindow(picture.image);
  planes.forEach((plane, i) => {
    const index = fullestSlice(counts[plane.normal]!);
    const slice = new Slice(plane, shape, view, index);
    const panel = { slice, box: panels.boxes[i]!, scale: panels.scale, spacing };
    const caption = plane.name === undefined ? '' : `${plane.name} ${index + 1} of ${shape[plane.normal]}`;
    drawText(canvas, caption, [panel.box.x, headHeight - 15], { color: dim, size: 8 });
    drawGrey(canvas, panel, picture.image, window);
    for (const layer of layers) drawOutline(canvas, panel, layer);
    drawMarks(canvas, panel);
  });
  drawLegend(canvas, [margin, headHeight + panels.height + 18], legend, bright);
  return canvas;
}

interface Layer extends StrokeStyle {
  readonly mask: Uint8Array;
}

const truthStyle = (region: number): StrokeStyle => ({ color: outlineColors(region).truth, width: 1.8 });

const predictionStyle = (region: number): StrokeStyle => ({
  color: outlineColors(region).prediction,
  width: 1.8,
  dash: [7, 5],
});

function layersOf({ truth, prediction }: CasePicture, region: Region, i: number): Layer[] {
  return [
    ...(truth === undefined ? [] : [{ ...truthStyle(i), mask: maskOf(truth, region) }]),
    ...(prediction === undefined ? [] : [{ ...predictionStyle(i), mask: maskOf(prediction, region) }]),
  ];
}

function legendOf({ truth, prediction, regions }: CasePicture): LegendEntry[] {
  return regions.flatMap(({ name }, i) => [
    ...(truth === undefined ? [] : [{ text: `${name}, truth`, style: truthStyle(i) }]),
    ...(prediction === undefined ? [] : [{ text: `${name}, prediction`, style: predictionStyle(i) }]),
  ]);
}

function checkVolumes({ image, shape, spacing, truth, prediction }: CasePicture): void {
  if (shape.length !== 3 || spacing.length !== 3 || !spacing.every((step) => step > 0 && Number.isFinite(step)))
    throw new VoxelgradError('option', {
      what: 'picture of a case',
      expected: 'a shape [z, y, x] and a spacing above 0 on each axis',
      got: `[${shape.join(', ')}] and [${spacing.join(', ')}]`,
    });
  checkVoxels(shape, image, truth ?? image, prediction ?? image);
}

interface Panels {
  readonly width: number;
  readonly height: number;
  /** Pixels per millimetre. */
  readonly scale: number;
  readonly boxes: readonly Box[];
}

function layOut(planes: readonly Plane[], shape: readonly number[], spacing: readonly number[]): Panels {
  const millimetres = (axis: number): number => shape[axis]! * spacing[axis]!;
  const widths = planes.map((plane) => millimetres(plane.across));
  const heights = planes.map((plane) => millimetres(plane.down));
  const scale = Math.min(1260 / widths.reduce((sum, width) => sum + width, 0), 430 / Math.max(...heights));
  const height = Math.max(...heights) * scale;
  let x = margin;
  const boxes = planes.map((_, i) => {
    const box = {
      x,
      y: headHeight,
      width: widths[i]! * scale,
      height: heights[i]! * scale,
    };
    x += box.width + gap;
    return box;
  });
  return { width: Math.max(leastWidth, x - gap - margin), height, scale, boxes };
}

interface Panel {
  readonly slice: Slice;
  readonly box: Box;
  readonly scale: number;
  readonly spacing: readonly number[];
}

/** Pixels per voxel down and across. */
const zoomOf = ({ slice, scale, spacing }: Panel): [number, number] => [
  spacing[slice.plane.down]! * scale,
  spacing[slice.plane.across]! * scale,
];

/** Draws the slice, interpolated linearly between voxel centres. */
function drawGrey(canvas: Canvas, panel: Panel, image: VoxelArray, [black, white]: readonly [number, number]): void {
  const { slice, box } = panel;
  const [down, across] = zoomOf(panel);
  const grey = (row: number, column: number): number => {
    const value = image[slice.voxel(clamp(row, slice.rows), clamp(column, slice.columns))]!;
    const share = (value - black) / (white - black || 1);
    return 255 * Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0));
  };
  for (let y = 0; y < Math.round(box.height); y++)
    for (let x = 0; x < Math.round(box.width); x++) {
      const [row, column] = [(y + 0.5) / down - 0.5, (x + 0.5) / across - 0.5];
      const [top, left] = [Math.floor(row), Math.floor(column)];
      const [v, u] = [row - top, column - left];
      const upper = grey(top, left) * (1 - u) + grey(top, left + 1) * u;
      const lower = grey(top + 1, left) * (1 - u) + grey(top + 1, left + 1) * u;
      const level = upper * (1 - v) + lower * v;
      canvas.blend(Math.round(box.x) + x, Math.round(box.y) + y, [level, level, level], 1);
    }
}

const clamp = (index: number, extent: number): number => Math.min(extent - 1, Math.max(0, index));

function drawOutline(canvas: Canvas, panel: Panel, layer: Layer): void {
  const { slice, box } = panel;
  const [down, across] = zoomOf(panel);
  const inside = (row: number, column: number): boolean => layer.mask[slice.voxel(row, column)] !== 0;
  const place = ([column, row]: Point): Point => [box.x + (column + 0.5) * across, box.y + (row + 0.5) * down];
  const lines = outlines(slice.rows, slice.columns, inside, 2).map((line) => line.map(place));
  strokeLines(canvas, lines, layer, box);
}

/** The letters that tell which way the patient lies, on a dark ground so that they show on any tissue. */
function drawMarks(canvas: Canvas, { slice, box }: Panel): void {
  const mark = (letter: string, x: number, y: number): void => {
    canvas.fill({ x: x - 7, y: y - 7, width: 14, height: 14 }, background, 0.6);
    drawText(canvas, letter, [x, y - 4], { color: bright, size: 8, align: 'centre' });
  };
  const { top, left } = slice.plane;
  if (top !== undefined) mark(top, box.x + box.width / 2, box.y + 9);
  if (left !== undefined) mark(left, box.x + 9, box.y + box.height / 2);
}
