/** Whole files of every format that is read, small, to be damaged. */
import { deflateSync, gzipSync } from 'node:zlib';
import { encodeMetaImage } from '../metaimage/write.ts';
import { encodeNifti } from '../nifti/write.ts';
import { encodeNrrd } from '../nrrd/write.ts';
import { dicomBytes, type Item, pixelBytes } from './dicom-files.ts';
import { encodedFrame } from './dicom-frames.ts';
import { flatFile } from './flat-files.ts';
import { countingImage } from './images.ts';

export interface FuzzTarget {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Whole files in the same folder, by name. */
  readonly beside?: Readonly<Record<string, Uint8Array<ArrayBuffer>>>;
  /** Done to the damaged bytes. */
  readonly pack?: (bytes: Uint8Array) => Uint8Array;
  /** False where checksums, or lengths everywhere, let hardly any damage through. */
  readonly forgiving?: boolean;
  /** Bytes of the pieces that its decoder takes whatever the file; by default those of a file that is read as it is. */
  readonly blocks?: number;
  /** How many times its size a file may claim before anything of it is inflated, where a library takes the memory first; by default twice. */
  readonly claims?: number;
}

/** Deflate grows nothing more than this. */
const deflateInflation = 1032;

/** Deflate looks back 32 KiB: fflate begins with a window of 128 KiB and doubles it once, Node's zlib takes 16 KiB, pako 64 KiB. */
const deflateBlocks = 2 ** 18;
/** Whichever codec it had: damage may make it a deflated one. */
const tiff = { blocks: deflateBlocks, claims: deflateInflation } as const;

const image = countingImage([4, 5, 6]);
const bytesOf = (parts: Uint8Array[]): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.concat(parts));
const compressed = (syntax: string, frame: Parameters<typeof encodedFrame>[0], elements: Item = {}) =>
  dicomBytes({
    syntax: `1.2.840.10008.1.2.${syntax}`,
    elements: { ...elements, '7fe00010': ['OB', [encodedFrame(frame)]] },
  });

const eightBits: Item = { '00280100': ['US', 8], '00280101': ['US', 8], '00280102': ['US', 7] };

const rle = (): Uint8Array => {
  const plane = [127, ...new Uint8Array(119), 7, 255, 1, 128];
  const header = new Uint8Array(64);
  header.set([2, 0, 0, 0, 64, 0, 0, 0, 64 + plane.length]);
  return Uint8Array.of(...header, ...plane, ...plane);
};

const enhanced: Item = {
  '00280008': ['IS', '2'],
  '00280010': ['US', 6],
  '52009229': ['SQ', [{ '00289110': ['SQ', [{ '00280030': ['DS', '1\\1'] }]] }]],
  '52009230': ['SQ', [0, 3].map((z): Item => ({ '00209113': ['SQ', [{ '00200032': ['DS', `0\\0\\${z}`] }]] }))],
};

const ascii = (text: string): Uint8Array<ArrayBuffer> => new Uint8Array(Buffer.from(text, 'latin1'));
const voxels = new Uint8Array(image.data.buffer.slice(0) as ArrayBuffer);

/** The header of a pair: `ni1`, and voxels from the first byte of the other file. */
function niftiHeader(): Uint8Array<ArrayBuffer> {
  const header = encodeNifti(image).slice(0, 348);
  header.set(ascii('ni1\0'), 344);
  new DataView(header.buffer).setFloat32(108, 0, true);
  return header;
}

export const fuzzTargets: Readonly<Record<string, FuzzTarget>> = {
  'one.nii': { bytes: encodeNifti(image) },
  'two.nii': { bytes: encodeNifti(countingImage([1, 1, 32768])) },
  'inside.nii.gz': { bytes: encodeNifti(image), pack: gzipSync, blocks: deflateBlocks },
  'outside.nii.gz': {
    bytes: bytesOf([gzipSync(encodeNifti(image))]),
    forgiving: false,
    blocks: deflateBlocks,
  },
  'one.nrrd': {
    bytes: bytesOf(await encodeNrrd(image, { compress: async (bytes) => gzipSync(bytes) })),
    blocks: deflateBlocks,
  },
  'raw.nrrd': { bytes: bytesOf(await encodeNrrd(image)) },
  'one.mha': {
    bytes: bytesOf(await encodeMetaImage(image, { compress: async (bytes) => deflateSync(bytes) })),
    blocks: deflateBlocks,
  },
  'raw.mha': { bytes: bytesOf(await encodeMetaImage(image)) },
  'pair.hdr': { bytes: niftiHeader(), beside: { 'pair.img': voxels } },
  'pair.img': { bytes: voxels, beside: { 'pair.hdr': niftiHeader() } },
  'pair.nhdr': {
    bytes: ascii(
      'NRRD0004\ntype: int16\ndimension: 3\nsizes: 6 5 4\nspace: left-posterior-superior\nendian: little\nencoding: raw\ndata file: pair.raw\n\n',
    ),
    beside: { 'pair.raw': voxels },
  },
  'pair.mhd': {
    bytes: ascii(
      'ObjectType = Image\nNDims = 3\nDimSize = 6 5 4\nElementSpacing = 1 1 2\nElementType = MET_SHORT\nElementDataFile = pair.raw\n',
    ),
    beside: { 'pair.raw': voxels },
  },
  'explicit.dcm': { bytes: dicomBytes() },
  'implicit.dcm': { bytes: dicomBytes({ syntax: '1.2.840.10008.1.2' }) },
  'big-endian.dcm': { bytes: dicomBytes({ syntax: '1.2.840.10008.1.2.2' }) },
  'enhanced.dcm': {
    bytes: dicomBytes({ elements: { ...enhanced, '7fe00010': ['OW', pixelBytes(new Uint16Array(120))] } }),
  },
  'rle.dcm': { bytes: dicomBytes({ syntax: '1.2.840.10008.1.2.5', elements: { '7fe00010': ['OB', [rle()]] } }) },
  'jpeg.dcm': { bytes: compressed('4.50', 'jpegBaseline', eightBits) },
  'lossless.dcm': { bytes: compressed('4.70', 'jpegLossless') },
  'jpeg-ls.dcm': { bytes: compressed('4.80', 'jpegLs') },
  'jpeg-2000.dcm': { bytes: compressed('4.90', 'jpeg2000') },
  'rgb.png': { bytes: flatFile('rgb.png'), forgiving: false, blocks: deflateBlocks, claims: deflateInflation },
  'rgb.bmp': { bytes: flatFile('rgb.bmp') },
  'grey.bmp': { bytes: flatFile('grey8.bmp') },
  'raw.tif': { bytes: flatFile('uint16.tif'), ...tiff },
  'zlib.tif': { bytes: flatFile('int16.tif'), ...tiff },
  'lzw.tif': { bytes: flatFile('float32.tif'), ...tiff },
};
