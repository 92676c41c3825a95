/** PNG, BMP and TIFF: files that others wrote, and our own there and back. */
import { isVoxelgradError } from '@voxelgrad/tensor';
import { describe, expect, it } from 'vitest';
import type { VoxelArray } from './image.ts';
import { encodePng } from './png/write.ts';
import { readImage } from './read-image.ts';
import { type FileSource, sourceFromBytes } from './source.ts';
import { type FlatFile, flatFile, paletteColours } from './testing/flat-files.ts';
import { countingVoxels, obliqueImage } from './testing/images.ts';
import { encodeTiff, tiffSidecar } from './tiff/write.ts';

const read = (name: FlatFile) => readImage(sourceFromBytes(flatFile(name), name));
const grey = Uint8Array.from({ length: 35 }, (_, i) => (i * 7) % 251);
const planes = (...channels: ((g: number) => number)[]) => Uint8Array.from(channels.flatMap((of) => [...grey].map(of)));
const rgb = [(g: number) => g, (g: number) => 255 - g, (g: number) => g >> 1];
const volume = Uint16Array.from({ length: 70 }, (_, i) => i * 900);

const refused = async (bytes: Uint8Array<ArrayBuffer>, name: string): Promise<string> => {
  const error: unknown = await readImage(sourceFromBytes(bytes, name)).catch((caught: unknown) => caught);
  expect(isVoxelgradError(error, 'format'), String(error)).toBe(true);
  return String(error);
};

describe('images in the plane', () => {
  it.each<[FlatFile, number, VoxelArray]>([
    ['grey8.png', 1, grey],
    ['grey16.png', 1, Uint16Array.from(grey, (_, i) => i * 1801)],
    ['rgb.png', 3, planes(...rgb)],
    ['rgba.png', 4, planes(...rgb, () => 9)],
    ['mask.png', 1, planes((g) => (g > 100 ? 1 : 0))],
    ['palette.png', 3, Uint8Array.from({ length: 105 }, (_, i) => paletteColours[(i % 35) * 3 + Math.floor(i / 35)]!)],
    ['grey8.bmp', 1, grey],
    ['rgb.bmp', 3, planes(...rgb)],
    ['rgba.bmp', 3, planes(...rgb)],
    ['rgb.tif', 3, planes(...rgb)],
  ])('%s', async (name, channels, data) => {
    const image = await read(name);
    expect(image.shape).toEqual(channels === 1 ? [1, 5, 7] : [channels, 1, 5, 7]);
    expect(image.data).toEqual(data);
    expect(image.spacing).toEqual([999, 1, 1]);
    const floats = await readImage(sourceFromBytes(flatFile(name), name), { as: 'float32' });
    expect(floats.data).toEqual(Float32Array.from(data));
  });

  it('PNG comes back: 8 and 16 bits, one and three channels', async () => {
    const back = async (shape: number[], data: VoxelArray) =>
      readImage(sourceFromBytes(new Uint8Array(encodePng(obliqueImage(shape, data))), 'a.png'));
    const small = await back(
      [1, 4, 5],
      Float32Array.from({ length: 20 }, (_, i) => i),
    );
    expect([small.shape, small.data]).toEqual([[1, 4, 5], Uint8Array.from({ length: 20 }, (_, i) => i)]);
    const large = await back(
      [1, 4, 5],
      countingVoxels(new Int32Array(20), 7).map((v) => v * 5000),
    );
    expect(large.data).toEqual(Uint16Array.from({ length: 20 }, (_, i) => (i % 7) * 5000));
    const colour = countingVoxels(new Uint8Array(60), 59);
    expect(await back([3, 1, 4, 5], colour)).toMatchObject({ shape: [3, 1, 4, 5], data: colour });
    expect(() => encodePng(obliqueImage([2, 2, 2], new Uint8Array(8)))).toThrow(/one slice of 1 to 4 channels/);
    expect(() => encodePng(obliqueImage([1, 1, 1], Int16Array.of(-1)))).toThrow(/whole numbers from 0 to 255/);
  });
});

describe('TIFF volumes', () => {
  it.each<[FlatFile, VoxelArray]>([
    ['uint16.tif', volume],
    ['int16.tif', Int16Array.from(volume, (value) => value - 30000)],
    ['float32.tif', Float32Array.from(volume, (value) => value / 7)],
    ['bigendian.tif', volume],
    ['big.tif', volume],
    ['tiled.tif', volume],
  ])('%s', async (name, data) => {
    const image = await read(name);
    expect([image.shape, image.spacing]).toEqual([
      [2, 5, 7],
      [1, 1, 1],
    ]);
    expect(image.data).toEqual(data);
  });

  it('planes of a page are slices', async () => {
    const image = await read('planar.tif');
    expect(image.shape).toEqual([3, 5, 7]);
    expect(image.data).toEqual(Uint16Array.from([...volume, ...volume.subarray(0, 35).map((value) => value + 1)]));
  });

  it.each([Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array])(
    'come back with their spacing: %o',
    async (Type) => {
      const original = obliqueImage([3, 4, 5], countingVoxels(new Type(60), 100));
      const sidecar = sourceFromBytes(new TextEncoder().encode(tiffSidecar(original)), 'a.json');
      for (const name of ['a.tif', 'a_0000.tiff']) {
        const image = await readImage(sourceFromBytes(encodeTiff(original), name, [sidecar]));
        expect(image).toMatchObject({ shape: [3, 4, 5], spacing: original.spacing, data: original.data });
      }
    },
  );

  it('a sidecar that says something else is refused', async () => {
    const sidecar = (text: string): FileSource[] => [sourceFromBytes(new TextEncoder().encode(text), 'a.json')];
    for (const text of ['{"spacing": [1, 2]}', '{"spacing": [1, 2, 0]}', '{', 'null'])
      await expect(readImage(sourceFromBytes(flatFile('uint16.tif'), 'a.tif', sidecar(text)))).rejects.toThrow(
        /a\.json: expected {"spacing"/,
      );
  });
});

describe('damaged images in the plane', () => {
  it('name what is wrong', async () => {
    const set = (name: FlatFile, at: number, ...values: number[]) => {
      const bytes = flatFile(name);
      bytes.set(values, at);
      return bytes;
    };
    expect(await refused(set('grey8.png', 16, 0x7f), 'a.png')).toMatch(/bytes of pixels .* a file of/);
    expect(await refused(set('grey8.png', 60, 1), 'a.png')).toMatch(/CRC mismatch/);
    expect(await refused(flatFile('rgb.png').slice(0, 80), 'a.png')).toMatch(/a whole PNG file/);
    expect(await refused(set('rgb.bmp', 18, 0, 0, 1), 'a.bmp')).toMatch(/983040 bytes of pixels/);
    expect(await refused(set('rgb.bmp', 30, 1), 'a.bmp')).toMatch(/compression 1/);
    expect(await refused(flatFile('uint16.tif').slice(0, 100), 'a.tif')).toMatch(/a file of 100/);
    const circle = flatFile('uint16.tif');
    const view = new DataView(circle.buffer);
    const end = 8 + 2 + 12 * view.getUint16(8, true);
    view.setUint32(end, 8, true);
    expect(await refused(circle, 'a.tif')).toMatch(/a circle of them/);
  });
});
