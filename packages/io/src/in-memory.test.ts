/** Files that are in memory, or that someone dropped onto a page: written, and read back, by what Node and browsers both have. */
import { describe, expect, it } from 'vitest';
import { folderFromFiles } from './browser-source.ts';
import type { Image } from './image.ts';
import { encodeMetaImage } from './metaimage/write.ts';
import { encodeNifti } from './nifti/write.ts';
import { encodeNrrd } from './nrrd/write.ts';
import { encodePng } from './png/write.ts';
import { readImage } from './read-image.ts';
import { sourceFromBlob, sourceFromBytes } from './source.ts';
import { countingImage } from './testing/images.ts';
import { encodeTiff, tiffSidecar } from './tiff/write.ts';

async function bytesOf(...parts: readonly Uint8Array[]): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}

/** `deflate` is zlib's format. */
const compressor =
  (form: 'gzip' | 'deflate') =>
  async (bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array> =>
    new Uint8Array(
      await new Response(new Blob([bytes]).stream().pipeThrough(new CompressionStream(form))).arrayBuffer(),
    );

const volume = countingImage([3, 4, 5]);
const colours: Image = { ...countingImage([3, 1, 4, 5]), data: Uint8Array.from({ length: 60 }, (_, i) => 4 * i) };

const files: Readonly<
  Record<string, { image: Image; encode: () => Promise<Uint8Array<ArrayBuffer>>; placed: boolean }>
> = {
  'a.nii': { image: volume, encode: () => bytesOf(encodeNifti(volume, { niftiVersion: 2 })), placed: true },
  'a.nii.gz': {
    image: volume,
    encode: async () => bytesOf(await compressor('gzip')(encodeNifti(volume, { niftiVersion: 2 }))),
    placed: true,
  },
  'raw.nrrd': { image: volume, encode: async () => bytesOf(...(await encodeNrrd(volume))), placed: true },
  'gzip.nrrd': {
    image: volume,
    encode: async () => bytesOf(...(await encodeNrrd(volume, { compress: compressor('gzip') }))),
    placed: true,
  },
  'raw.mha': { image: volume, encode: async () => bytesOf(...(await encodeMetaImage(volume))), placed: true },
  'zlib.mha': {
    image: volume,
    encode: async () => bytesOf(...(await encodeMetaImage(volume, { compress: compressor('deflate') }))),
    placed: true,
  },
  'colours.mha': { image: colours, encode: async () => bytesOf(...(await encodeMetaImage(colours))), placed: true },
  'colours.png': { image: colours, encode: () => bytesOf(encodePng(colours)), placed: false },
  'a.tif': { image: volume, encode: () => bytesOf(encodeTiff(volume)), placed: false },
};

describe.each(Object.entries(files))('%s', (name, { image, encode, placed }) => {
  const expectSame = (found: Image): void => {
    expect(found.shape).toEqual(image.shape);
    expect(found.data).toEqual(image.data);
    if (placed) expect([found.affine, found.spacing]).toEqual([image.affine, image.spacing]);
  };

  it('from bytes', async () => {
    expectSame(await readImage(sourceFromBytes(await encode(), name)));
  });

  it('from a File', async () => {
    const file = new File([await encode()], name);
    expectSame(await readImage(sourceFromBlob(file, file.name)));
  });

  it('cut off: a typed error', async () => {
    const whole = await encode();
    await expect(readImage(sourceFromBytes(whole.slice(0, whole.length - 30), name))).rejects.toMatchObject({
      code: 'format',
    });
  });
});

describe('files beside each other', () => {
  it('a TIFF finds its spacing in a dropped folder', async () => {
    const folder = folderFromFiles(
      [
        { path: 'a.tif', blob: new Blob([await bytesOf(encodeTiff(volume))]) },
        { path: 'a.json', blob: new Blob([tiffSidecar(volume)]) },
      ],
      'dropped',
    );
    const image = await readImage((await folder.file('a.tif'))!);
    expect([image.data, image.spacing]).toEqual([volume.data, volume.spacing]);
  });

  it('a MetaImage header finds its voxels in a dropped folder', async () => {
    const [header, voxels] = await encodeMetaImage(volume);
    const text = new TextDecoder().decode(header).replace('LOCAL', 'a.raw');
    const folder = folderFromFiles(
      [
        { path: 'a.mhd', blob: new Blob([text]) },
        { path: 'a.raw', blob: new Blob([await bytesOf(voxels!)]) },
      ],
      'dropped',
    );
    const image = await readImage((await folder.file('a.mhd'))!);
    expect([image.data, image.affine]).toEqual([volume.data, volume.affine]);
  });
});
