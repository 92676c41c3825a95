/** PNG, by `fast-png`: grey or colour of 8 or 16 bits, palettes, and masks of one bit. */
import { VoxelgradError } from '@voxelgrad/tensor';
import { convertIndexedToRgb, type DecodedPng, decode } from 'fast-png';
import type { Image, VoxelArray } from '../image.ts';
import { imageFromPixels, planeSpacing, readBytes } from '../pixels.ts';
import type { ReadOptions } from '../read-options.ts';
import type { FileSource } from '../source.ts';

/** Deflate grows nothing more than this. */
const largestInflation = 1032;
/** Samples a pixel by colour type: grey, RGB, palette, grey with alpha, RGB with alpha. */
const samples: Readonly<Record<number, number>> = { 0: 1, 2: 3, 3: 1, 4: 2, 6: 4 };

/** Throws 'format' for what is no PNG, is damaged, or has grey values of 2 or 4 bits. */
export async function readPng(source: FileSource, options: ReadOptions = {}): Promise<Image> {
  const file = source.path;
  const bytes = await readBytes(source);
  checkHeader(bytes, file);
  const png = decodeOrThrow(bytes, file);
  const { data, channels } = pixelsOf(png, file);
  const shape = [1, png.height, png.width] as const;
  if (data.length !== png.height * png.width * channels)
    throw refuse(file, `${png.height * png.width * channels} samples`, `${data.length}`);
  return imageFromPixels({ data, shape, channels, spacing: planeSpacing }, options, file);
}

/** Holds the size that IHDR claims against what the file can inflate to. */
function checkHeader(bytes: Uint8Array<ArrayBuffer>, file: string): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 33 || view.getUint32(0) !== 0x89504e47 || view.getUint32(12) !== 0x49484452)
    throw refuse(file, 'a PNG file', 'something else');
  const [width, height, depth] = [view.getUint32(16), view.getUint32(20), view.getUint8(24)];
  const perPixel = samples[view.getUint8(25)];
  if (perPixel === undefined || width === 0 || height === 0) throw refuse(file, 'a PNG header', 'a damaged one');
  const needed = height * Math.ceil((width * perPixel * depth) / 8);
  if (needed > bytes.length * largestInflation)
    throw refuse(file, `${needed} bytes of pixels (${width} × ${height})`, `a file of ${bytes.length} bytes`);
}

function decodeOrThrow(bytes: Uint8Array<ArrayBuffer>, file: string): DecodedPng {
  try {
    return decode(bytes, { checkCrc: true });
  } catch (cause) {
    throw refuse(file, 'a whole PNG file', cause instanceof Error ? cause.message : String(cause), cause);
  }
}

function pixelsOf(png: DecodedPng, file: string): { data: VoxelArray; channels: number } {
  if (png.palette !== undefined) {
    if (png.depth < 8 || png.data.some((index) => index >= png.palette!.length))
      throw refuse(
        file,
        'a palette of 8 bits that holds every pixel',
        `${png.depth} bits, ${png.palette.length} colours`,
      );
    return { data: new Uint8Array(convertIndexedToRgb(png)), channels: png.palette[0]!.length };
  }
  if (png.depth === 1) return { data: unpackBits(png), channels: 1 };
  if (png.depth < 8) throw refuse(file, 'grey values of 1, 8 or 16 bits', `${png.depth} bits`);
  const { data } = png;
  return {
    data: data instanceof Uint16Array ? data : new Uint8Array(data.buffer, data.byteOffset, data.length),
    channels: png.channels,
  };
}

/** Each row begins with a new byte; the first pixel is the highest bit. */
function unpackBits({ data, width, height }: DecodedPng): Uint8Array {
  const stride = Math.ceil(width / 8);
  return Uint8Array.from({ length: width * height }, (_, i) => {
    const x = i % width;
    return (data[Math.floor(i / width) * stride + (x >> 3)]! >> (7 - (x & 7))) & 1;
  });
}

const refuse = (what: string, expected: string, got: string, cause?: unknown): VoxelgradError =>
  new VoxelgradError('format', { what, expected, got, help: 'the file is damaged, or no PNG of this kind', cause });
