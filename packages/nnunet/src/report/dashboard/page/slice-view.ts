/** One of the three directions in which a patch is sliced: a grey slice with outlines, and a slider to go through the slices. */
import { outlines } from '../../contour.ts';
import { outlineColors } from '../../outline-colors.ts';
import { belongsTo, type Patch } from '../patch-bytes.ts';
import { html } from './elements.ts';

export interface Layers {
  readonly truth: boolean;
  readonly prediction: boolean;
}

/** For slices across each axis: the axes that run down and across the picture. */
const pictureAxes = [[1, 2], [0, 2], [0, 1]] as const; // biome-ignore format: a table
const names = ['First axis', 'Second axis', 'Third axis'];
const highest = 320;

export class SliceView {
  readonly element: HTMLElement;
  readonly #axis: 0 | 1 | 2;
  readonly #canvas = html('canvas', { role: 'img' });
  readonly #slider = html('input', { type: 'range', min: 0, step: 1 });
  readonly #caption = html('span');
  #patch: Patch | undefined;
  #layers: Layers = { truth: true, prediction: true };

  constructor(axis: 0 | 1 | 2) {
    this.#axis = axis;
    this.#slider.setAttribute('aria-label', `${names[axis]}: slice`);
    this.element = html('figure', {}, this.#canvas, html('figcaption', {}, this.#caption, this.#slider));
    this.#slider.addEventListener('input', () => this.#draw());
    new ResizeObserver(() => this.#draw()).observe(this.element);
  }

  /** Goes to `slice`, unless it is undefined. */
  show(patch: Patch, layers: Layers, slice: number | undefined): void {
    this.#patch = patch;
    this.#layers = layers;
    this.#slider.max = String(patch.shape[this.#axis] - 1);
    if (slice !== undefined) this.#slider.value = String(slice);
    this.#draw();
  }

  #draw(): void {
    const patch = this.#patch;
    const room = this.element.clientWidth;
    if (patch === undefined || room === 0) return;
    const slices = patch.shape[this.#axis];
    this.element.hidden = false;
    const [down, across] = pictureAxes[this.#axis];
    const [rows, columns] = [patch.shape[down], patch.shape[across]];
    const aspect = (columns * patch.spacing[across]) / (rows * patch.spacing[down]);
    const width = Math.min(room, highest * aspect);
    this.#canvas.style.width = `${width}px`;
    this.#canvas.style.height = `${width / aspect}px`;
    this.#canvas.width = Math.round(width * devicePixelRatio);
    this.#canvas.height = Math.round((width / aspect) * devicePixelRatio);
    const index = Number(this.#slider.value);
    this.#caption.textContent = `${names[this.#axis]}: slice ${index + 1} of ${slices}`;
    this.#slider.hidden = slices === 1;
    const strides = [patch.shape[1] * patch.shape[2], patch.shape[2], 1] as const;
    const voxel = (row: number, column: number): number =>
      index * strides[this.#axis] + row * strides[down] + column * strides[across];
    const context = this.#canvas.getContext('2d')!;
    context.imageSmoothingQuality = 'high';
    context.drawImage(greySlice(patch, rows, columns, voxel), 0, 0, this.#canvas.width, this.#canvas.height);
    const drawn = this.#drawOutlines(context, patch, rows, columns, voxel);
    this.#canvas.setAttribute(
      'aria-label',
      `${names[this.#axis]}, slice ${index + 1} of ${slices}: ${drawn.length === 0 ? 'nothing outlined' : `outlines of ${drawn.join(', ')}`}`,
    );
  }

  #drawOutlines(
    context: CanvasRenderingContext2D,
    { classes, regions, truth, prediction }: Patch,
    rows: number,
    columns: number,
    voxel: (row: number, column: number) => number,
  ): string[] {
    const [down, across] = [this.#canvas.height / rows, this.#canvas.width / columns];
    context.lineWidth = 1.8 * devicePixelRatio;
    context.lineJoin = 'round';
    return classes.flatMap((one, i) => {
      const colors = outlineColors(i);
      const draw = (labels: Uint32Array, color: readonly number[], dash: number[]): boolean => {
        const lines = outlines(rows, columns, (row, column) => belongsTo(labels[voxel(row, column)]!, one, regions), 2);
        context.strokeStyle = `rgb(${color.join(' ')})`;
        context.setLineDash(dash.map((length) => length * devicePixelRatio));
        context.beginPath();
        for (const line of lines)
          line.forEach(([x, y], i) => {
            const [toX, toY] = [(x + 0.5) * across, (y + 0.5) * down];
            if (i === 0) context.moveTo(toX, toY);
            else context.lineTo(toX, toY);
          });
        context.stroke();
        return lines.length > 0;
      };
      return [
        ...(this.#layers.truth && draw(truth, colors.truth, []) ? [`${one.name} (truth)`] : []),
        ...(this.#layers.prediction && draw(prediction, colors.prediction, [7, 5]) ? [`${one.name} (prediction)`] : []),
      ];
    });
  }
}

/** The slice with one pixel a voxel. */
function greySlice(
  { grey }: Patch,
  rows: number,
  columns: number,
  voxel: (row: number, column: number) => number,
): HTMLCanvasElement {
  const canvas = html('canvas', { width: columns, height: rows });
  const context = canvas.getContext('2d')!;
  const image = context.createImageData(columns, rows);
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < columns; column++) {
      const level = grey[voxel(row, column)]!;
      image.data.set([level, level, level, 255], 4 * (row * columns + column));
    }
  context.putImageData(image, 0, 0);
  return canvas;
}
