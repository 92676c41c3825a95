/**
 * A DICOM file, parsed by `dicom-parser`. It throws strings and believes lengths: what comes out of it is checked here and where it is used.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import dicomParser, { type DataSet } from 'dicom-parser';
import { readBytes } from '../pixels.ts';
import type { FileSource } from '../source.ts';
import { type TransferSyntax, transferSyntax } from './transfer-syntax.ts';

export interface DicomFile {
  readonly source: FileSource;
  readonly dataset: DataSet;
  readonly syntax: TransferSyntax;
}

/** Bytes before the elements: a preamble of 128, then DICM. */
const prefixBytes = 132;

/** No file of one image is larger. */
const largestFile = 2 ** 32;

/** True for files that begin as DICOM files do; those without a preamble, which the standard does not allow, are passed over. */
export async function isDicom(source: FileSource): Promise<boolean> {
  if (source.size < prefixBytes) return false;
  const prefix = new Uint8Array(prefixBytes);
  let filled = 0;
  for await (const chunk of source.stream()) {
    prefix.set(chunk.subarray(0, prefixBytes - filled), filled);
    filled += chunk.length;
    if (filled >= prefixBytes) break;
  }
  return String.fromCharCode(...prefix.subarray(128)) === 'DICM';
}

/** Reads and parses a whole file. Throws 'format' for what is none or is damaged, 'file' where it cannot be read. */
export async function readDicomFile(source: FileSource): Promise<DicomFile> {
  const dataset = parse(await readBytes(source, largestFile), source.path);
  const uid = dataset.string('x00020010');
  if (uid === undefined) throw refuseDicom(source.path, 'a transfer syntax', 'none');
  return { source, dataset, syntax: transferSyntax(uid, source.path) };
}

function parse(bytes: Uint8Array, path: string): DataSet {
  if (bytes.length < prefixBytes || String.fromCharCode(...bytes.subarray(128, 132)) !== 'DICM')
    throw refuseDicom(path, 'a DICOM file', 'no DICM behind a preamble of 128 bytes');
  try {
    const dataset = dicomParser.parseDicom(bytes);
    checkElements(dataset);
    return dataset;
  } catch (cause) {
    const reason = parseErrorText(cause);
    throw refuseDicom(path, 'a DICOM file', reason, 'the file is damaged or truncated; copy it again', cause);
  }
}

/** Every element lies within the file, so that none of the parser's getters reads beyond it. */
function checkElements({ elements, byteArray }: DataSet): void {
  for (const { tag, dataOffset, length, items = [] } of Object.values(elements)) {
    if (dataOffset + length > byteArray.length) throw new Error(`element ${tag} ends at byte ${dataOffset + length}`);
    for (const { dataSet } of items) if (dataSet !== undefined) checkElements(dataSet);
  }
}

function parseErrorText(cause: unknown): string {
  if (typeof cause === 'string') return cause;
  if (cause instanceof Error) return cause.message;
  // The parser also throws { exception, dataSet }.
  const inner = typeof cause === 'object' && cause !== null && 'exception' in cause ? cause.exception : cause;
  return inner instanceof Error ? inner.message : String(inner);
}

export function refuseDicom(what: string, expected: string, got: string, help?: string, cause?: unknown) {
  return new VoxelgradError('format', { what, expected, got, cause, ...(help === undefined ? {} : { help }) });
}
