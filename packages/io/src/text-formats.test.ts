/** NRRD and MetaImage: files that ITK wrote, there and back, and headers that cannot be meant. */
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { isVoxelgradError } from '@voxelgrad/tensor';
import { describe, expect, it } from 'vitest';
import type { Image } from './image.ts';
import { encodeMetaImage } from './metaimage/write.ts';
import { readImageFile, writeImageFile } from './node/images.ts';
import { encodeNrrd } from './nrrd/write.ts';
import { readImage } from './read-image.ts';
import { sourceFromBytes } from './source.ts';
import { countingImage, countingVoxels, obliqueAffine, obliqueImage } from './testing/images.ts';
import { itkFiles } from './testing/itk-files.ts';
import { temporaryFolder } from './testing/temporary-folder.ts';

const shape = [2, 3, 4];
const voxels = new Uint8Array(countingImage(shape).data.slice().buffer);

/** A file with a text header and raw bytes behind it. */
function textFile(header: string, data: Uint8Array = voxels): Uint8Array<ArrayBuffer> {
  return new Uint8Array([...new TextEncoder().encode(header), ...data]);
}

function read(bytes: Uint8Array<ArrayBuffer>, name: string): Promise<Image> {
  return readImage(sourceFromBytes(bytes, name));
}

function expectAffine(image: Image): void {
  image.affine.forEach((value, i) => {
    expect(value).toBeCloseTo(obliqueAffine[i]!, 12);
  });
  [2.5, 1.1, 0.9].forEach((value, i) => {
    expect(image.spacing[i]).toBeCloseTo(value, 12);
  });
}

describe('files that ITK wrote', () => {
  it.each(itkFiles)('$name', async ({ name, bytes }) => {
    const image = await read(bytes, name);
    const expected = name.startsWith('vector') ? [2, ...shape] : shape;
    expect(image.shape).toEqual(expected);
    expect([...image.data]).toEqual([...countingImage(expected).data]);
    expect(image.data).toBeInstanceOf(Int16Array);
    expectAffine(image);
    expect((await readImage(sourceFromBytes(bytes, name), { as: 'float32' })).data).toBeInstanceOf(Float32Array);
  });
});

describe('there and back', () => {
  const folder = temporaryFolder();
  const arrays = [Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array];

  it.each(['a.nrrd', 'a.mha'])('%s keeps voxels of every type, and the affine', async (name) => {
    for (const TypedArray of arrays) {
      const image = obliqueImage(shape, countingVoxels(new TypedArray(24)));
      await writeImageFile(join(folder, name), image);
      const back = await readImageFile(join(folder, name));
      expect(back.data).toEqual(image.data);
      expect(back.shape).toEqual(shape);
      expectAffine(back);
    }
  });

  it('NRRD and MetaImage keep channels, and refuse further axes', async () => {
    const image = countingImage([2, ...shape]);
    for (const [encode, name] of [[encodeNrrd, 'a.nrrd'] as const, [encodeMetaImage, 'a.mha'] as const]) {
      const back = await read(new Uint8Array(Buffer.concat(await encode(image))), name);
      expect([back.shape, back.data]).toEqual([image.shape, image.data]);
      await expect(encode(countingImage([2, 2, ...shape]), {}, 'pat')).rejects.toThrow(/pat: expected 3 or 4 axes/);
    }
  });
});

describe('NRRD', () => {
  const header = (changes: Record<string, string | undefined> = {}): string => {
    const fields = { type: 'short', dimension: '3', sizes: '4 3 2', endian: 'little', encoding: 'raw', ...changes };
    const lines = Object.entries(fields).flatMap(([key, value]) => (value === undefined ? [] : [`${key}: ${value}`]));
    return `NRRD0004\n# a remark\nkey:=value\n${lines.join('\n')}\n\n`;
  };

  it('takes spacings without directions for LPS, as ITK does, and knows RAS and LAS', async () => {
    const plain = await read(textFile(header({ spacings: '1 2 3' })), 'a.nrrd');
    expect(plain.affine).toEqual([-1, 0, 0, 0, 0, -2, 0, 0, 0, 0, 3, 0, 0, 0, 0, 1]);
    expect(plain.spacing).toEqual([3, 2, 1]);
    const directions = { 'space directions': '(1,0,0) (0,2,0) (0,0,3)', 'space origin': '(5,6,7)' };
    const ras = await read(textFile(header({ space: 'RAS', ...directions })), 'a.nrrd');
    expect(ras.affine).toEqual([1, 0, 0, 5, 0, 2, 0, 6, 0, 0, 3, 7, 0, 0, 0, 1]);
    const las = await read(textFile(header({ space: 'left-anterior-superior', ...directions })), 'a.nrrd');
    expect(las.affine).toEqual([-1, 0, 0, -5, 0, 2, 0, 6, 0, 0, 3, 7, 0, 0, 0, 1]);
  });

  it('swaps bytes, skips them, reads CR LF and detached data', async () => {
    const swapped = voxels.slice();
    for (let i = 0; i < swapped.length; i += 2) swapped.subarray(i, i + 2).reverse();
    const expected = countingImage(shape).data;
    expect((await read(textFile(header({ endian: 'big' }), swapped), 'a.nrrd')).data).toEqual(expected);
    const skipped = new Uint8Array([9, 9, 9, ...voxels]);
    for (const skip of ['3', '-1'])
      expect((await read(textFile(header({ 'byte skip': skip }), skipped), 'a.nrrd')).data).toEqual(expected);
    expect((await read(textFile(header().replaceAll('\n', '\r\n')), 'a.nrrd')).data).toEqual(expected);
    const data = sourceFromBytes(new Uint8Array(gzipSync(voxels)), 'x/a.raw.gz');
    const detached = textFile(header({ encoding: 'gzip', 'data file': 'a.raw.gz' }).trimEnd(), new Uint8Array([10]));
    expect((await readImage(sourceFromBytes(detached, 'x/a.nhdr', [data]))).data).toEqual(expected);
    await expect(read(detached, 'x/a.nhdr')).rejects.toThrow(/a\.raw\.gz: got no such file\nhelp: x\/a\.nhdr names it/);
  });

  it.each([
    ['magic', textFile('NRRD0009\n\n'), /a NRRD file/],
    ['no text', new Uint8Array(200_000), /a NRRD file/],
    ['no end', textFile('NRRD0004\ntype: short\n', new Uint8Array(0)), /empty line behind the header/],
    ['type', textFile(header({ type: 'block' })), /type block/],
    ['no type', textFile(header({ type: undefined })), /the field type/],
    ['encoding', textFile(header({ encoding: 'bzip2' })), /encoding raw or gzip, got bzip2/],
    ['sizes', textFile(header({ sizes: '4 3' })), /3 sizes/],
    ['size 0', textFile(header({ sizes: '4 0 2' })), /4 × 0 × 2/],
    ['too large', textFile(header({ sizes: '4000 3000 2000' })), /48000000000 bytes of voxels/],
    ['truncated', textFile(header(), voxels.subarray(1)), /truncated/],
    ['endian', textFile(header({ endian: undefined })), /endian little or big/],
    ['space', textFile(header({ space: 'scanner-xyz-time' })), /space RAS, LAS or LPS/],
    ['singular', textFile(header({ 'space directions': '(1,0,0) (2,0,0) (0,0,1)' })), /span the space/],
    ['NaN', textFile(header({ 'space directions': '(nan,0,0) (2,0,0) (0,0,1)' })), /vectors like/],
    ['list', textFile(header({ 'data file': 'LIST' })), /one data file/],
  ])('refuses %s', async (_, bytes, message) => {
    const error: unknown = await read(bytes, 'a.nrrd').catch((caught: unknown) => caught);
    expect(isVoxelgradError(error, 'format'), String(error)).toBe(true);
    expect(String(error)).toMatch(message);
  });
});

describe('MetaImage', () => {
  const header = (changes: Record<string, string | undefined> = {}): string => {
    const fields = { NDims: '3', DimSize: '4 3 2', ElementType: 'MET_SHORT', ...changes, ElementDataFile: 'LOCAL' };
    const given = {
      ...fields,
      ...(changes.ElementDataFile === undefined ? {} : { ElementDataFile: changes.ElementDataFile }),
    };
    return Object.entries(given)
      .flatMap(([key, value]) => (value === undefined ? [] : [`${key} = ${value}\n`]))
      .join('');
  };

  it('reads old names, byte order, two dimensions, and detached data', async () => {
    const expected = countingImage(shape).data;
    const old = { Position: '5 6 7', ElementSize: '1 2 3', Orientation: '0 1 0 1 0 0 0 0 1' };
    const image = await read(textFile(header(old)), 'a.mha');
    expect(image.affine).toEqual([0, -2, 0, -5, -1, 0, 0, -6, 0, 0, 3, 7, 0, 0, 0, 1]);
    const swapped = voxels.slice();
    for (let i = 0; i < swapped.length; i += 2) swapped.subarray(i, i + 2).reverse();
    expect((await read(textFile(header({ ElementByteOrderMSB: 'True' }), swapped), 'a.mha')).data).toEqual(expected);
    expect((await read(textFile(header({ NDims: '2', DimSize: '4 6' })), 'a.mha')).shape).toEqual([1, 6, 4]);
    const data = sourceFromBytes(new Uint8Array([1, 2, 3, ...voxels]), 'x/a.raw');
    const detached = textFile(header({ HeaderSize: '-1', ElementDataFile: 'a.raw' }), new Uint8Array(0));
    expect((await readImage(sourceFromBytes(detached, 'x/a.mhd', [data]))).data).toEqual(expected);
    await expect(read(detached, 'x/a.mhd')).rejects.toThrow(/a\.raw: got no such file/);
  });

  it.each([
    ['no header', new Uint8Array(10), /lines "Key = Value"/],
    ['dimensions', textFile(header({ NDims: '4', DimSize: '4 3 2 1' })), /2 or 3 dimensions/],
    ['sizes', textFile(header({ DimSize: '4 3' })), /2 or 3 dimensions/],
    ['size 0', textFile(header({ DimSize: '4 0 2' })), /4 × 0 × 2/],
    ['type', textFile(header({ ElementType: 'MET_STRING' })), /MET_UCHAR to MET_DOUBLE, got MET_STRING/],
    ['text', textFile(header({ BinaryData: 'False' })), /BinaryData = True/],
    ['too large', textFile(header({ DimSize: '4000 3000 2000' })), /48000000000 bytes of voxels/],
    ['truncated', textFile(header(), voxels.subarray(1)), /truncated/],
    ['no zlib', textFile(header({ CompressedData: 'True' })), /whole zlib data/],
    ['singular', textFile(header({ TransformMatrix: '1 0 0 1 0 0 0 0 1' })), /can be inverted/],
    ['short matrix', textFile(header({ TransformMatrix: '1 0 0' })), /9 for the matrix/],
    ['list', textFile(header({ ElementDataFile: 'LIST' })), /one data file/],
  ])('refuses %s', async (_, bytes, message) => {
    const error: unknown = await read(bytes, 'a.mha').catch((caught: unknown) => caught);
    expect(isVoxelgradError(error, 'format'), String(error)).toBe(true);
    expect(String(error)).toMatch(message);
  });
});
