/** That a picture shows what it is given: outlines where the masks end, grey levels where the image has them, voxels as large as their spacing. */
import { describe, expect, it } from 'vitest';
import { type CasePicture, drawCase } from './case-picture.ts';
import type { Canvas, Color } from './raster/canvas.ts';

const truthColor: Color = [74, 222, 128];
const predictionColor: Color = [255, 86, 110];

const shape = [10, 20, 30];

/** A block of label 1 in the middle of a volume of 10 × 20 × 30 voxels. */
function block(from: readonly number[], to: readonly number[]): Uint8Array {
  return Uint8Array.from({ length: 6000 }, (_, voxel) => {
    const place = [Math.floor(voxel / 600), Math.floor(voxel / 30) % 20, voxel % 30];
    return place.every((at, axis) => at >= from[axis]! && at < to[axis]!) ? 1 : 0;
  });
}

const picture: CasePicture = {
  title: 'case',
  image: Float32Array.from({ length: 6000 }, (_, voxel) => voxel % 30),
  shape,
  spacing: [3, 1, 1],
  context: Number.POSITIVE_INFINITY,
  regions: [{ name: 'block', region: 1 }],
};

function extentOf(canvas: Canvas, color: Color, within: { left: number; right: number }): number[] | undefined {
  const places: [number, number][] = [];
  // The legend at the bottom has the colours as well.
  for (let y = 92; y < canvas.height - 46; y++)
    for (let x = within.left; x < within.right; x++)
      if (canvas.colorAt(x, y).every((value, channel) => Math.abs(value - color[channel]!) < 12)) places.push([x, y]);
  if (places.length === 0) return undefined;
  const [xs, ys] = [places.map(([x]) => x), places.map(([, y]) => y)];
  return [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
}

/** The axial panel is the first: 30 × 20 mm at 20 + …, as high as the scale makes it. */
const scale = Math.min(1260 / (30 + 30 + 20), 430 / 30);
const axial = { left: 20, right: 20 + Math.floor(30 * scale) };

describe('drawCase', () => {
  it('outlines truth and prediction where they end', () => {
    const canvas = drawCase({
      ...picture,
      truth: block([2, 5, 10], [8, 15, 20]),
      prediction: block([2, 5, 12], [8, 15, 23]),
    });
    const [left, right, top, bottom] = extentOf(canvas, truthColor, axial)!;
    for (const [found, millimetres, start] of [
      [left, 10, 20],
      [right, 20, 20],
      [top, 5, 92],
      [bottom, 15, 92],
    ] as const)
      expect(Math.abs(found! - (start + millimetres * scale))).toBeLessThanOrEqual(2);
    const prediction = extentOf(canvas, predictionColor, axial)!;
    expect(Math.abs(prediction[0]! - (20 + 12 * scale))).toBeLessThanOrEqual(2);
    expect(Math.abs(prediction[1]! - (20 + 23 * scale))).toBeLessThanOrEqual(2);
  });

  it('draws voxels as large as their spacing', () => {
    const canvas = drawCase({ ...picture, truth: block([2, 5, 10], [8, 15, 20]) });
    // The coronal panel: 6 slices of 3 mm down, 10 voxels of 1 mm across.
    const start = Math.round(20 + 30 * scale + 16);
    const [left, right, top, bottom] = extentOf(canvas, truthColor, {
      left: start,
      right: start + Math.floor(30 * scale),
    })!;
    expect(Math.abs(right! - left! - 10 * scale)).toBeLessThanOrEqual(3);
    expect(Math.abs(bottom! - top! - 18 * scale)).toBeLessThanOrEqual(3);
  });

  it('turns the image with the patient', () => {
    const [asStored, mirrored] = ['LPS', 'RPS'].map((directions) => drawCase({ ...picture, directions }));
    const y = 92 + Math.round(3 * scale);
    const greys = (canvas: Canvas): number[] =>
      [0.2, 0.8].map((share) => canvas.colorAt(Math.round(20 + 30 * scale * share), y)[0]);
    const [dark, light] = greys(asStored!);
    expect(dark).toBeLessThan(light! - 100);
    const [first, second] = greys(mirrored!);
    expect(first).toBeGreaterThan(second! + 100);
  });

  it('comes without prediction, truth, contrast or any voxel of the structure', () => {
    const empty = new Uint8Array(6000);
    for (const more of [
      {},
      { truth: empty },
      { prediction: empty, truth: empty },
      { image: new Float32Array(6000).fill(Number.NaN) },
    ]) {
      const canvas = drawCase({ ...picture, ...more });
      expect(extentOf(canvas, truthColor, { left: 0, right: canvas.width })).toBeUndefined();
    }
  });

  it('draws of one slice the plane that it lies in, and a photograph as it is, without directions', () => {
    const labels = Uint8Array.from({ length: 600 }, (_, pixel) => Number(pixel % 30 < 10 && pixel < 150));
    const image = new Float32Array(600);
    const slice = { ...picture, image, shape: [1, 20, 30], spacing: [999, 1, 1], truth: labels };
    // In 'LPS' the first column is the patient's right, which stands on the left; in 'RPS' it is the left.
    for (const [more, onTheLeft] of [
      [{ directions: 'LPS' }, true],
      [{ directions: 'RPS' }, false],
      [{ directions: 'RPS', flat: true }, true],
    ] as const) {
      const canvas = drawCase({ ...slice, ...more });
      const [left, right, top, bottom] = extentOf(canvas, truthColor, { left: 0, right: canvas.width })!;
      const scale = 430 / 20;
      expect(canvas.width).toBe(Math.round(30 * scale) + 40);
      const ends = [0, 10, 20, 30].map((x) => 20 + x * scale);
      for (const [found, expected] of [
        [left, onTheLeft ? ends[0]! : ends[2]!],
        [right, onTheLeft ? ends[1]! : ends[3]!],
        [top, 92],
        [bottom, 92 + 5 * scale],
      ] as const)
        expect(Math.abs(found! - expected)).toBeLessThanOrEqual(2);
    }
    const letters = [drawCase({ ...slice, directions: 'LPS' }), drawCase({ ...slice, flat: true })].map((canvas) =>
      canvas.colorAt(20 + 9, 92 + 215).some((value) => value > 0),
    );
    expect(letters).toEqual([true, false]);
    // A slice along another axis.
    const coronal = drawCase({ ...slice, shape: [20, 1, 30], spacing: [1, 999, 1] });
    expect(coronal.width).toBe(Math.round(30 * (430 / 20)) + 40);
  });

  it('stays small for odd shapes', () => {
    const canvas = drawCase({ ...picture, shape: [1, 2, 3000], spacing: [5, 0.5, 0.5] });
    expect(canvas.width).toBeLessThan(1400);
  });

  it('wraps a legend of many regions', () => {
    const regions = Array.from({ length: 30 }, (_, i) => ({ name: `region number ${i}`, region: i + 1 }));
    const truth = block([2, 5, 10], [8, 15, 20]);
    const [few, many] = [drawCase({ ...picture, truth }), drawCase({ ...picture, truth, regions })];
    expect(many.width).toBe(few.width);
    expect(many.height).toBeGreaterThan(few.height + 60);
  });

  it('refuses volumes that do not fit', () => {
    expect(() => drawCase({ ...picture, truth: new Uint8Array(7) })).toThrow(/6000 values, got 7/);
    expect(() => drawCase({ ...picture, spacing: [1, 1] })).toThrow(/spacing above 0/);
    expect(() => drawCase({ ...picture, spacing: [1, 0, 1] })).toThrow(/spacing above 0/);
  });
});
