/**
 * TIFF and BigTIFF by `geotiff`: pages are slices; the spacing of a volume is in a JSON file beside it, as nnU-Net's Tiff3DIO has it
 * (nnunetv2/imageio/tif_reader_writer.py): `case.json` with {"spacing": [z, y, x]} for `case.tif` and for `case_0000.tif`.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { GeoTIFFImage } from 'geotiff';
import type { Vector3 } from '../affine.ts';
import { allocateVoxels, type Image, type VoxelArray, voxelType } from '../image.ts';
import { imageFromPixels, planeSpacing, readBytes } from '../pixels.ts';
import type { ReadOptions } from '../read-options.ts';
import { type FileSource, readText } from '../source.ts';
import { decodeLzw } from './lzw.ts';
import { checkTiffStructure } from './structure.ts';

/** Throws 'format' for damaged files, pages of different sizes, and codecs that are not read. */
export async function readTiff(source: FileSource, options: ReadOptions = {}): Promise<Image> {
  const file = source.path;
  const bytes = await readBytes(source);
  const pages = checkTiffStructure(bytes, file);
  const { data, shape, channels } = await readPages(bytes, pages, file);
  const spacing = (await sidecarSpacing(source)) ?? (shape[0] === 1 ? planeSpacing : [1, 1, 1]);
  return imageFromPixels({ data, shape, channels, spacing }, options, file);
}

async function readPages(bytes: Uint8Array<ArrayBuffer>, pages: number, file: string) {
  const { fromArrayBuffer } = await openLibrary();
  try {
    const tiff = await fromArrayBuffer(
      bytes.byteLength === bytes.buffer.byteLength ? bytes.buffer : bytes.slice().buffer,
    );
    const first = await tiff.getImage(0);
    const [width, height, samples] = [first.getWidth(), first.getHeight(), first.getSamplesPerPixel()];
    // Planes of one page are slices: so does tifffile write a volume of three or four of them.
    const planar = samples > 1 && first.planarConfiguration === 2;
    if (planar && pages > 1) throw refuse(file, 'pages of one plane', `${samples} planes a page`);
    const size = width * height * samples;
    let data: VoxelArray | undefined;
    for (let page = 0; page < pages; page++) {
      const image = page === 0 ? first : await tiff.getImage(page);
      const pixels = await readPixels(image, planar);
      if (pixels.length !== size || image.getWidth() !== width)
        throw refuse(
          file,
          `pages of ${width} × ${height}`,
          `${image.getWidth()} × ${image.getHeight()} on page ${page}`,
        );
      data ??= allocateVoxels(voxelType(pixels), size * pages, file);
      if (voxelType(pixels) !== voxelType(data)) throw refuse(file, `pages of ${voxelType(data)}`, voxelType(pixels));
      data.set(pixels, page * size);
    }
    const shape = [planar ? samples : pages, height, width] as const;
    return { data: data!, shape, channels: planar ? 1 : samples };
  } catch (cause) {
    if (cause instanceof VoxelgradError) throw cause;
    throw refuse(
      file,
      'a TIFF file that can be decoded',
      cause instanceof Error ? cause.message : String(cause),
      cause,
    );
  }
}

let library: Promise<typeof import('geotiff')> | undefined;

/** Most users never see a TIFF file: pages load the library when they do. */
function openLibrary(): Promise<typeof import('geotiff')> {
  library ??= import('geotiff').then((loaded) => {
    const { addDecoder, BaseDecoder } = loaded;
    addDecoder(5, async () => {
      return class extends BaseDecoder {
        override decodeBlock(buffer: ArrayBufferLike): ArrayBufferLike {
          const { tileWidth, tileHeight, bitsPerSample, planarConfiguration, samplesPerPixel = 1 } = this.parameters;
          const bits = typeof bitsPerSample === 'number' ? bitsPerSample : bitsPerSample[0]!;
          const samples = planarConfiguration === 2 ? 1 : samplesPerPixel;
          return decodeLzw(new Uint8Array(buffer), Math.ceil((tileWidth * samples * bits) / 8) * tileHeight).slice()
            .buffer;
        }
      };
    });
    return loaded;
  });
  return library;
}

/** Samples of a page: those of a pixel side by side, or plane after plane. */
async function readPixels(image: GeoTIFFImage, planar: boolean): Promise<VoxelArray> {
  if (!planar) return (await image.readRasters({ interleave: true })) as unknown as VoxelArray;
  const planes = (await image.readRasters({ interleave: false })) as unknown as VoxelArray[];
  const size = planes[0]!.length;
  const joined = allocateVoxels(voxelType(planes[0]!), size * planes.length, 'TIFF page');
  planes.forEach((plane, i) => {
    joined.set(plane, i * size);
  });
  return joined;
}

/** Undefined where there is no such file. Throws 'format' where it is there and says something else. */
async function sidecarSpacing(source: FileSource): Promise<Vector3 | undefined> {
  const base = source.name.replace(/\.tiff?$/i, '');
  const sidecar =
    (await source.sibling(`${base.replace(/_\d{4}$/, '')}.json`)) ?? (await source.sibling(`${base}.json`));
  if (sidecar === undefined) return undefined;
  const spacing = parseSpacing(await readText(sidecar, 2 ** 20));
  if (spacing === undefined) throw refuse(sidecar.path, '{"spacing": [z, y, x]}, in mm', 'something else');
  return spacing;
}

function parseSpacing(text: string): Vector3 | undefined {
  try {
    const { spacing } = JSON.parse(text) as { spacing?: unknown };
    const good =
      Array.isArray(spacing) && spacing.length === 3 && spacing.every((step) => Number.isFinite(step) && step > 0);
    return good ? (spacing as unknown as Vector3) : undefined;
  } catch {
    return undefined;
  }
}

const refuse = (what: string, expected: string, got: string, cause?: unknown): VoxelgradError =>
  new VoxelgradError('format', { what, expected, got, cause, help: 'the file is damaged, or no TIFF of this kind' });
