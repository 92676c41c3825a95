/** Lines and letters by the area they cover and the place where they lie. */
import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { encodePng } from '../png.ts';
import { Canvas, type Point } from './canvas.ts';
import { glyphOf } from './glyphs.ts';
import { strokeLines } from './stroke.ts';
import { drawText, textWidth } from './text.ts';

const [black, white] = [[0, 0, 0] as const, [255, 255, 255] as const];

/** Covered pixels, counting partly covered ones by their share. */
const inkOf = (canvas: Canvas): number => canvas.pixels.reduce((sum, value) => sum + value, 0) / (3 * 255);

/** Columns and rows with any ink. */
function extentOf(canvas: Canvas): { left: number; right: number; top: number; bottom: number } {
  let [left, right, top, bottom] = [canvas.width, -1, canvas.height, -1];
  for (let y = 0; y < canvas.height; y++)
    for (let x = 0; x < canvas.width; x++)
      if (canvas.colorAt(x, y)[0] > 20) {
        [left, right] = [Math.min(left, x), Math.max(right, x)];
        [top, bottom] = [Math.min(top, y), Math.max(bottom, y)];
      }
  return { left, right, top, bottom };
}

describe('strokeLines', () => {
  it.each<[string, Point, Point]>([
    ['level', [20, 50], [80, 50]],
    ['steep', [50.3, 20], [50.3, 80]],
    ['oblique', [20, 30], [77, 71]],
  ])('covers length times width of a %s line, plus its round ends', (_, from, to) => {
    const canvas = new Canvas(100, 100, black);
    strokeLines(canvas, [[from, to]], { color: white, width: 4 });
    const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
    expect(inkOf(canvas) / (length * 4 + Math.PI * 4)).toBeCloseTo(1, 1);
    expect(Math.abs(inkOf(canvas) - (length * 4 + Math.PI * 4))).toBeLessThan(3);
  });

  it('blends joints and crossings once', () => {
    const canvas = new Canvas(20, 20, black);
    const cross: Point[][] = [
      [
        [10, 2],
        [10, 18],
      ],
      [
        [2, 10],
        [18, 10],
      ],
    ];
    strokeLines(canvas, cross, { color: white, width: 4, opacity: 0.5 });
    expect(canvas.colorAt(10, 10)).toEqual(canvas.colorAt(10, 5));
  });

  it('leaves the gaps of dashes, around corners too', () => {
    const canvas = new Canvas(120, 40, black);
    const corner: Point[] = [
      [10, 10],
      [60, 10],
      [60, 30],
      [110, 30],
    ];
    strokeLines(canvas, [corner], { color: white, width: 2, dash: [6, 6] });
    const dashed = inkOf(canvas);
    const solid = new Canvas(120, 40, black);
    strokeLines(solid, [corner], { color: white, width: 2 });
    // Half of the length, and round ends on each of the ten dashes.
    expect(dashed).toBeGreaterThan(inkOf(solid) * 0.5);
    expect(dashed).toBeLessThan(inkOf(solid) * 0.5 + 10 * Math.PI);
    expect(canvas.colorAt(13, 10)[0]).toBeGreaterThan(200);
    expect(canvas.colorAt(19, 10)[0]).toBe(0);
  });

  it('stays inside its clip and inside the picture', () => {
    const canvas = new Canvas(30, 30, black);
    const line: Point[] = [
      [-50, 15],
      [90, 15],
    ];
    strokeLines(canvas, [line], { color: white, width: 6 }, { x: 10, y: 0, width: 5, height: 14 });
    expect(extentOf(canvas)).toEqual({ left: 10, right: 14, top: 12, bottom: 13 });
    strokeLines(canvas, [[[900, 900]]], { color: white, width: 6 });
    expect(extentOf(canvas).right).toBe(14);
  });
});

describe('drawText', () => {
  it('is as wide and as high as it says', () => {
    for (const size of [9, 20]) {
      const canvas = new Canvas(400, 60, black);
      drawText(canvas, 'HELLO H', [10, 10], { color: white, size });
      const { left, right, top, bottom } = extentOf(canvas);
      expect(Math.abs(right - left - textWidth('HELLO H', size))).toBeLessThanOrEqual(size / 4 + 2);
      expect(Math.abs(bottom - top - size)).toBeLessThanOrEqual(size / 5 + 2);
      expect(Math.abs(left - 10)).toBeLessThanOrEqual(3);
    }
  });

  it('aligns, and runs upwards', () => {
    const right = new Canvas(100, 40, black);
    drawText(right, 'HH', [90, 10], { color: white, size: 10, align: 'right' });
    expect(Math.abs(extentOf(right).right - 90)).toBeLessThanOrEqual(2);
    const up = new Canvas(40, 100, black);
    drawText(up, 'HHHH', [10, 90], { color: white, size: 10, upwards: true });
    const { left, right: end, top, bottom } = extentOf(up);
    expect(bottom - top).toBeGreaterThan(30);
    expect(end - left).toBeLessThan(15);
  });

  it('draws every letter and digit differently, and a box for what it lacks', () => {
    const characters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.,:;-_+=()[]/%&<>?!#';
    const shapes = new Set([...characters].map((character) => JSON.stringify(glyphOf(character).strokes)));
    expect(shapes.size).toBe(characters.length);
    expect(shapes).not.toContain(JSON.stringify(glyphOf('ж').strokes));
    expect(textWidth('größé', 10)).toBe(textWidth('große', 10));
    expect(textWidth('', 10)).toBe(0);
  });
});

describe('encodePng', () => {
  it('keeps every pixel', () => {
    const canvas = new Canvas(7, 5, [10, 20, 30]);
    canvas.blend(3, 2, [200, 100, 0], 0.5);
    const decoded = decode(encodePng(canvas));
    expect([decoded.width, decoded.height, decoded.channels, decoded.depth]).toEqual([7, 5, 3, 8]);
    expect([...decoded.data]).toEqual([...canvas.pixels]);
  });
});
