/** Lines of text in the typeface of glyphs.ts. */
import type { Canvas, Color, Point } from './canvas.ts';
import { glyphOf } from './glyphs.ts';
import { strokeLines } from './stroke.ts';

export interface TextStyle {
  readonly color: Color;
  /** Height of a capital in pixels. */
  readonly size: number;
  readonly align?: 'left' | 'centre' | 'right';
  /** Quarter turn to the left: the text runs upwards from its place. */
  readonly upwards?: boolean;
  readonly bold?: boolean;
}

const letterGap = 2.3;

/** Accents are dropped rather than drawn as boxes. */
const charactersOf = (text: string): string[] => [...text.normalize('NFD').replace(/\p{Mark}/gu, '')];

/** In pixels. */
export function textWidth(text: string, size: number): number {
  const characters = charactersOf(text);
  const advance = characters.reduce((sum, character) => sum + glyphOf(character).width + letterGap, 0);
  return (Math.max(0, advance - letterGap) * size) / 10;
}

/** `place`: where the first capital's top (the middle or the end, as aligned) is. */
export function drawText(canvas: Canvas, text: string, place: Point, style: TextStyle): void {
  const scale = style.size / 10;
  const shift = { left: 0, centre: 0.5, right: 1 }[style.align ?? 'left'];
  let x = -textWidth(text, style.size) * shift;
  const strokes: Point[][] = [];
  for (const character of charactersOf(text)) {
    const glyph = glyphOf(character);
    for (const stroke of glyph.strokes)
      strokes.push(stroke.map(([gx, gy]) => placed(x + gx * scale, gy * scale, place, style.upwards)));
    x += (glyph.width + letterGap) * scale;
  }
  strokeLines(canvas, strokes, { color: style.color, width: Math.max(1, style.size * (style.bold ? 0.19 : 0.13)) });
}

function placed(along: number, down: number, [x, y]: Point, upwards = false): Point {
  return upwards ? [x + down, y - along] : [x + along, y + down];
}
