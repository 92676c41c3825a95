/** The bytes of one frame, as stored, and their samples. */
import { VoxelgradError } from '@voxelgrad/tensor';
import dicomParser, { type Element } from 'dicom-parser';
import { tags } from './attributes.ts';
import { decodeWithCornerstone } from './codecs/cornerstone.ts';
import { compressedFrameSize } from './codecs/frame-size.ts';
import { decodeJpegLossless } from './codecs/jpeg-lossless.ts';
import { decodeRle } from './codecs/rle.ts';
import { type DicomFile, refuseDicom } from './file.ts';
import { type PixelFormat, type SampleArray, samplesFrom } from './pixel-format.ts';

/** No codec makes a frame of an image this much smaller; below a MiB it does not matter. */
const largestInflation = 2000;
const harmlessBytes = 2 ** 20;

const damaged = 'the file is damaged or truncated; copy it again';

/** Bytes that a frame takes in memory. */
const frameByteCount = ({ rows, columns, bitsAllocated }: PixelFormat): number => (rows * columns * bitsAllocated) / 8;

/** Checks that the pixels of all frames can be there, before memory is taken for them. Throws 'format'. */
export function checkPixelData({ dataset, syntax, source }: DicomFile, format: PixelFormat, frames: number): void {
  const element = dataset.elements[tags.pixelData];
  if (element === undefined) throw refuseDicom(source.path, 'pixel data', 'none');
  const there = Math.max(0, Math.min(element.length, dataset.byteArray.length - element.dataOffset));
  const needed = frameByteCount(format) * frames;
  if ((syntax.codec !== 'none') !== (element.encapsulatedPixelData === true))
    throw refuseDicom(source.path, `pixel data as its transfer syntax says`, 'another form of it', damaged);
  const most = syntax.codec === 'none' ? there : Math.max(harmlessBytes, there * largestInflation);
  if (needed > most)
    throw refuseDicom(
      source.path,
      `${needed} bytes of pixels (${frames} × ${format.rows} × ${format.columns}, ${format.bitsAllocated} bits)`,
      `${there} bytes`,
      damaged,
    );
}

/** Samples of a frame. Throws 'format' for what cannot be decoded. */
export async function frameSamples(
  file: DicomFile,
  format: PixelFormat,
  frame: number,
  frames: number,
): Promise<SampleArray> {
  const { syntax, source } = file;
  const voxels = format.rows * format.columns;
  const { bytes, bytesPerSample } =
    syntax.codec === 'none'
      ? { bytes: nativeBytes(file, format, frame), bytesPerSample: (format.bitsAllocated / 8) as 1 | 2 | 4 }
      : await decode(file, format, encapsulatedBytes(file, frame, frames));
  if (bytes.length !== voxels * bytesPerSample)
    throw refuseDicom(source.path, `${voxels} voxels in frame ${frame}`, `${bytes.length / bytesPerSample}`, damaged);
  return samplesFrom(bytes, bytesPerSample, syntax.littleEndian || syntax.codec !== 'none', format);
}

function nativeBytes({ dataset }: DicomFile, format: PixelFormat, frame: number): Uint8Array<ArrayBuffer> {
  const { dataOffset } = dataset.elements[tags.pixelData]!;
  const size = frameByteCount(format);
  return new Uint8Array(dataset.byteArray.subarray(dataOffset + frame * size, dataOffset + (frame + 1) * size));
}

async function decode({ syntax, source }: DicomFile, format: PixelFormat, encoded: Uint8Array) {
  const { path } = source;
  if (syntax.codec === 'rle') {
    const bytesPerSample = (format.bitsAllocated / 8) as 1 | 2 | 4;
    const bytes = decodeRle(encoded, format.rows * format.columns, bytesPerSample);
    if (bytes === undefined) throw refuseDicom(path, 'RLE segments that fill the frame', 'others', damaged);
    return { bytes, bytesPerSample };
  }
  const size = compressedFrameSize(encoded);
  if (size === undefined) throw refuseDicom(path, `${syntax.codec} data`, 'something else', damaged);
  if (size.width !== format.columns || size.height !== format.rows || size.components !== 1)
    throw refuseDicom(
      path,
      `a compressed frame of ${format.columns} × ${format.rows}, one component`,
      `${size.width} × ${size.height}, ${size.components}`,
      damaged,
    );
  if (size.precision > 16 || size.precision > format.bitsAllocated || (syntax.codec === 'jpeg' && size.precision > 8))
    throw refuseDicom(
      path,
      `at most ${Math.min(format.bitsAllocated, 16)} bits a sample`,
      `${syntax.codec} with ${size.precision}`,
    );
  try {
    return syntax.codec === 'jpeg-lossless'
      ? await decodeJpegLossless(encoded, size.precision)
      : await decodeWithCornerstone(syntax.codec as 'jpeg' | 'jpeg-ls' | 'jpeg-2000', encoded);
  } catch (cause) {
    const got = cause instanceof Error ? cause.message.slice(0, 200) : 'an error of the codec';
    throw refuseDicom(path, `${syntax.codec} data that can be decoded`, got, damaged, cause);
  }
}

/** Fragments of a frame, put together (PS3.5, A.4): by the offset table; without one, a fragment a frame, or as JPEG markers tell. */
function encapsulatedBytes({ dataset, source }: DicomFile, frame: number, frames: number): Uint8Array {
  const element = dataset.elements[tags.pixelData]!;
  const count = element.fragments?.length ?? 0;
  if (count === 0) throw refuseDicom(source.path, 'fragments of pixel data', 'none', damaged);
  try {
    checkFragments(element, dataset.byteArray.length);
    if (frames === 1) return dicomParser.readEncapsulatedPixelDataFromFragments(dataset, element, 0, count);
    if ((element.basicOffsetTable?.length ?? 0) === frames)
      return dicomParser.readEncapsulatedImageFrame(dataset, element, frame);
    if (count === frames) return dicomParser.readEncapsulatedPixelDataFromFragments(dataset, element, frame, 1);
    const table = dicomParser.createJPEGBasicOffsetTable(dataset, element);
    return dicomParser.readEncapsulatedImageFrame(dataset, element, frame, table);
  } catch (cause) {
    if (cause instanceof VoxelgradError) throw cause;
    const got = cause instanceof Error ? cause.message : String(cause);
    throw refuseDicom(source.path, `fragments of frame ${frame}`, got, damaged, cause);
  }
}

/** Fragments lie within the file: the parser does not look. */
function checkFragments({ fragments = [] }: Element, length: number): void {
  for (const { position, length: size } of fragments)
    if (!(size >= 0 && position >= 0 && position + size <= length)) throw new Error('a fragment that leaves the file');
}
