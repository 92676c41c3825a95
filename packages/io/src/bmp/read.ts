/**
 * Windows bitmaps without compression: palettes of 8 bits, 24 and 32 bits (BITMAPINFOHEADER and its successors). Rows are stored bottom up unless the
 * height is negative, pixels as blue, green, red.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { Image } from '../image.ts';
import { imageFromPixels, planeSpacing, readBytes } from '../pixels.ts';
import type { ReadOptions } from '../read-options.ts';
import type { FileSource } from '../source.ts';

/** A grey palette gives one channel, anything else three: the fourth byte of 32 bits is not used. Throws 'format'. */
export async function readBmp(source: FileSource, options: ReadOptions = {}): Promise<Image> {
  const file = source.path;
  const bytes = await readBytes(source);
  const header = parseHeader(bytes, file);
  const { width, height, bitsPerPixel, topDown, offset } = header;
  const palette = bitsPerPixel === 8 ? readPalette(bytes, header, file) : undefined;
  const channels = palette?.every(([r, g, b]) => r === g && g === b) ? 1 : 3;
  const stride = Math.ceil((width * bitsPerPixel) / 32) * 4;
  const step = bitsPerPixel / 8;
  const data = new Uint8Array(width * height * channels);
  for (let y = 0, at = 0; y < height; y++) {
    const row = offset + (topDown ? y : height - 1 - y) * stride;
    for (let x = 0; x < width; x++) {
      const pixel = row + x * step;
      const colour = palette === undefined ? bytes.subarray(pixel, pixel + 3).toReversed() : palette[bytes[pixel]!];
      if (colour === undefined) throw refuse(file, `a colour below ${palette!.length}`, `${bytes[pixel]}`);
      for (let c = 0; c < channels; c++) data[at++] = colour[c]!;
    }
  }
  return imageFromPixels({ data, shape: [1, height, width], channels, spacing: planeSpacing }, options, file);
}

interface Header {
  readonly width: number;
  readonly height: number;
  readonly bitsPerPixel: number;
  readonly topDown: boolean;
  /** Byte of the first row, and of the palette. */
  readonly offset: number;
  readonly paletteOffset: number;
  readonly colours: number;
}

function parseHeader(bytes: Uint8Array<ArrayBuffer>, file: string): Header {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 54 || view.getUint16(0) !== 0x424d) throw refuse(file, 'a BMP file', 'something else');
  const [offset, size] = [view.getUint32(10, true), view.getUint32(14, true)];
  const [width, signedHeight] = [view.getInt32(18, true), view.getInt32(22, true)];
  const [bitsPerPixel, compression] = [view.getUint16(28, true), view.getUint32(30, true)];
  const height = Math.abs(signedHeight);
  // Bit fields (3) in their usual order are what 32 bits without compression are.
  const plain =
    compression === 0 ||
    (compression === 3 && bitsPerPixel === 32 && view.getUint32(54 % bytes.length, true) === 0xff0000);
  if (size < 40 || ![8, 24, 32].includes(bitsPerPixel) || !plain)
    throw refuse(file, '8, 24 or 32 bits without compression', `${bitsPerPixel} bits, compression ${compression}`);
  const needed = Math.ceil((width * bitsPerPixel) / 32) * 4 * height;
  if (width < 1 || height < 1 || offset < 54 || offset + needed > bytes.length)
    throw refuse(file, `${needed} bytes of pixels (${width} × ${height})`, `a file of ${bytes.length} bytes`);
  const colours = view.getUint32(46, true) || 256;
  return { width, height, bitsPerPixel, topDown: signedHeight < 0, offset, paletteOffset: 14 + size, colours };
}

function readPalette(bytes: Uint8Array, { paletteOffset, colours, offset }: Header, file: string): number[][] {
  if (colours > 256 || paletteOffset + 4 * colours > offset)
    throw refuse(file, 'a palette in front of the pixels', `${colours} colours from byte ${paletteOffset} on`);
  return Array.from({ length: colours }, (_, i) => {
    const [blue, green, red] = bytes.subarray(paletteOffset + 4 * i);
    return [red!, green!, blue!];
  });
}

const refuse = (what: string, expected: string, got: string): VoxelgradError =>
  new VoxelgradError('format', { what, expected, got, help: 'the file is damaged, or no BMP of this kind' });
