/** How the samples of an image lie in their bytes (PS3.3, C.7.6.3), and turning them into numbers. */
import type { DataSet } from 'dicom-parser';
import { storedVoxels } from '../stored.ts';
import { items, text, wholeNumber } from './attributes.ts';
import { refuseDicom } from './file.ts';

export interface PixelFormat {
  readonly rows: number;
  readonly columns: number;
  readonly bitsAllocated: 8 | 16 | 32;
  readonly bitsStored: number;
  readonly highBit: number;
  readonly signed: boolean;
}

export type SampleArray = Int8Array | Uint8Array | Int16Array | Uint16Array | Int32Array | Uint32Array;

/** Throws 'format' for colour and for what is no image of numbers. */
export function pixelFormat(dataset: DataSet, file: string): PixelFormat {
  const samples = wholeNumber(dataset, 'samplesPerPixel', [1, 4], file, 1);
  const photometric = text(dataset, 'photometricInterpretation') ?? 'MONOCHROME2';
  if (samples !== 1 || !/^MONOCHROME[12]$/.test(photometric))
    throw refuseDicom(file, 'one grey value a voxel', `${samples} samples, ${photometric}`);
  if (items(dataset, 'modalityLut').length > 0)
    throw refuseDicom(file, 'a slope and an intercept', 'a table of values (Modality LUT)', 'convert it with dcm2niix');
  const allocated = wholeNumber(dataset, 'bitsAllocated', [1, 64], file);
  if (allocated !== 8 && allocated !== 16 && allocated !== 32)
    throw refuseDicom(file, 'samples of 8, 16 or 32 bits', `${allocated} bits`);
  const bitsStored = wholeNumber(dataset, 'bitsStored', [1, allocated], file, allocated);
  return {
    rows: wholeNumber(dataset, 'rows', [1, 65535], file),
    columns: wholeNumber(dataset, 'columns', [1, 65535], file),
    bitsAllocated: allocated,
    bitsStored,
    highBit: wholeNumber(dataset, 'highBit', [bitsStored - 1, allocated - 1], file, bitsStored - 1),
    signed: wholeNumber(dataset, 'pixelRepresentation', [0, 1], file, 0) === 1,
  };
}

/** Smallest and largest number that a sample can be. */
export function sampleRange({ bitsStored, signed }: PixelFormat): readonly [number, number] {
  return signed ? [-(2 ** (bitsStored - 1)), 2 ** (bitsStored - 1) - 1] : [0, 2 ** bitsStored - 1];
}

/** The samples in bytes that are theirs alone; what is outside of the stored bits (old overlays, padding) is cut off. */
export function samplesFrom(
  bytes: Uint8Array<ArrayBuffer>,
  bytesPerSample: 1 | 2 | 4,
  littleEndian: boolean,
  { bitsStored, highBit, signed }: PixelFormat,
): SampleArray {
  const bits = 8 * bytesPerSample;
  const type = `${signed ? 'int' : 'uint'}${bits}` as 'int8' | 'uint8' | 'int16' | 'uint16' | 'int32' | 'uint32';
  const samples = storedVoxels(bytes, type, littleEndian) as SampleArray;
  // A codec gives samples of 8 bits where 16 are allocated but no more than 8 are stored.
  const top = Math.min(highBit, bits - 1);
  if (bitsStored >= bits && top === bits - 1) return samples;
  const [left, right] = [31 - top, 32 - bitsStored];
  for (let i = 0; i < samples.length; i++)
    samples[i] = signed ? (samples[i]! << left) >> right : (samples[i]! << left) >>> right;
  return samples;
}
