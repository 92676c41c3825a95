/**
 * A picture in memory, and the little that reports need to draw: filled rectangles and blended pixels. Lines and text are made of those
 * (stroke.ts, text.ts). No native code and no fonts of the system, so that a report looks the same on every machine and in a browser.
 */

/** Red, green and blue, each 0 to 255. */
export type Color = readonly [red: number, green: number, blue: number];

/** A place in pixels from the top left corner; whole numbers lie between pixels. */
export type Point = readonly [x: number, y: number];

export interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export class Canvas {
  readonly width: number;
  readonly height: number;
  /** Red, green and blue of each pixel, row after row. */
  readonly pixels: Uint8ClampedArray;

  constructor(width: number, height: number, background: Color) {
    this.width = Math.max(1, Math.round(width));
    this.height = Math.max(1, Math.round(height));
    this.pixels = new Uint8ClampedArray(this.width * this.height * 3);
    this.fill({ x: 0, y: 0, width: this.width, height: this.height }, background);
  }

  /** Mixes `color` into a pixel; outside the picture nothing happens. */
  blend(x: number, y: number, color: Color, opacity: number): void {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height || opacity <= 0) return;
    const at = (y * this.width + x) * 3;
    for (let channel = 0; channel < 3; channel++) {
      const below = this.pixels[at + channel]!;
      this.pixels[at + channel] = below + (color[channel]! - below) * opacity;
    }
  }

  /** Fills the pixels whose centres lie in `box`. */
  fill(box: Box, color: Color, opacity = 1): void {
    const [left, right] = [Math.round(box.x), Math.round(box.x + box.width)];
    const [top, bottom] = [Math.round(box.y), Math.round(box.y + box.height)];
    for (let y = top; y < bottom; y++) for (let x = left; x < right; x++) this.blend(x, y, color, opacity);
  }

  colorAt(x: number, y: number): Color {
    const at = (y * this.width + x) * 3;
    return [this.pixels[at]!, this.pixels[at + 1]!, this.pixels[at + 2]!];
  }
}
