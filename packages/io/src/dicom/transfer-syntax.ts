/** How the pixels of a DICOM file are stored (PS3.6, annex A; PS3.5, 8 and 10). */
import { VoxelgradError } from '@voxelgrad/tensor';

export type PixelCodec = 'none' | 'rle' | 'jpeg' | 'jpeg-lossless' | 'jpeg-ls' | 'jpeg-2000';

export interface TransferSyntax {
  readonly codec: PixelCodec;
  readonly littleEndian: boolean;
}

const known: Readonly<Record<string, PixelCodec>> = {
  '1.2.840.10008.1.2': 'none', // implicit VR little endian
  '1.2.840.10008.1.2.1': 'none', // explicit VR little endian
  '1.2.840.10008.1.2.2': 'none', // explicit VR big endian
  '1.2.840.10008.1.2.5': 'rle',
  '1.2.840.10008.1.2.4.50': 'jpeg', // baseline
  '1.2.840.10008.1.2.4.51': 'jpeg', // extended
  '1.2.840.10008.1.2.4.57': 'jpeg-lossless',
  '1.2.840.10008.1.2.4.70': 'jpeg-lossless', // first-order prediction
  '1.2.840.10008.1.2.4.80': 'jpeg-ls',
  '1.2.840.10008.1.2.4.81': 'jpeg-ls', // near-lossless
  '1.2.840.10008.1.2.4.90': 'jpeg-2000', // lossless
  '1.2.840.10008.1.2.4.91': 'jpeg-2000',
};

const names: Readonly<Record<string, string>> = {
  '1.2.840.10008.1.2.1.99': 'deflated',
  '1.2.840.10008.1.2.4.201': 'high-throughput JPEG 2000',
  '1.2.840.10008.1.2.4.202': 'high-throughput JPEG 2000',
  '1.2.840.10008.1.2.4.203': 'high-throughput JPEG 2000',
  '1.2.840.10008.1.2.4.100': 'MPEG-2',
  '1.2.840.10008.1.2.4.102': 'MPEG-4',
  '1.2.840.10008.1.2.4.107': 'HEVC',
  '1.2.840.10008.1.2.4.110': 'JPEG XL',
};

/** Throws 'format' for a syntax that is not read, by name where it has one. */
export function transferSyntax(uid: string, file: string): TransferSyntax {
  const codec = known[uid];
  if (codec === undefined)
    throw new VoxelgradError('format', {
      what: file,
      expected: 'DICOM that is uncompressed, or compressed by RLE, JPEG, JPEG-LS or JPEG 2000',
      got: `transfer syntax ${uid}${names[uid] === undefined ? '' : ` (${names[uid]})`}`,
      help: 'decompress it first, for example with gdcmconv --raw or dcmdjpeg',
    });
  return { codec, littleEndian: uid !== '1.2.840.10008.1.2.2' };
}
