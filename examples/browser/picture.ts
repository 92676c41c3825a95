/** Draws a slice of a case in grey, with a mask over it in colour. */
import { modalities } from '@voxelgrad/io';
import { type Case, SHAPE } from './cases.ts';

/** The sequence in which a whole tumour is bright. */
const FLAIR = modalities.indexOf('t2f');
/** Standard deviations around the mean that the grey scale spans. */
const SPAN = 2.5;
const OPACITY = 0.5;

/** `mask`: one value a voxel of the whole case, 0 or 1. */
export function drawSlice(canvas: HTMLCanvasElement, { image }: Case, mask: ArrayLike<number>, z: number): void {
  const [, height, width] = SHAPE;
  const context = canvas.getContext('2d')!;
  const colour = getComputedStyle(canvas).getPropertyValue(`--${canvas.id}`);
  const [red, green, blue] = [1, 3, 5].map((start) => Number.parseInt(colour.trim().slice(start, start + 2), 16));
  const pixels = context.createImageData(width, height);
  for (let i = 0; i < height * width; i++) {
    const voxel = z * height * width + i;
    const value = image[voxel * modalities.length + FLAIR]!;
    // Exactly 0 outside of the head.
    const grey = value === 0 ? 0 : (255 * (value + SPAN)) / (2 * SPAN);
    const share = mask[voxel] === 1 ? OPACITY : 0;
    const mixed = [red!, green!, blue!].map((value) => (1 - share) * grey + share * value);
    pixels.data.set([...mixed, 255], 4 * i);
  }
  context.putImageData(pixels, 0, 0);
}
