/** PNG files from pictures, by fast-png (JavaScript only, so it runs in browsers too). */
import { encode } from 'fast-png';
import type { Canvas } from './raster/canvas.ts';

/** The bytes of a PNG file: 8-bit RGB. */
export function encodePng(picture: Canvas): Uint8Array {
  const { width, height, pixels } = picture;
  return encode({ width, height, data: pixels, channels: 3, depth: 8 });
}
