/**
 * The NIfTI-1 (348 bytes) and NIfTI-2 (540 bytes) headers, in either byte order.
 * Field offsets from nifti1.h and nifti2.h; what is repaired and what is refused follows nibabel 5.4 (nifti1.py, analyze.py),
 * which repairs negative and zero voxel sizes, and refuses what cannot be read.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import { bytesPerVoxel, type StoredType } from '../stored.ts';
import { colourSamples, storedType } from './data-type.ts';

export interface NiftiHeader {
  readonly version: 1 | 2;
  readonly littleEndian: boolean;
  /** True for .hdr + .img. */
  readonly pair: boolean;
  readonly type: StoredType;
  /** Numbers a voxel: 3 in RGB, 4 in RGBA, which read as channels; absent where there is one. */
  readonly samples?: 3 | 4;
  /** Extents as stored, x first; the file's own number of axes. */
  readonly dim: readonly number[];
  /** All 8 numbers: qfac, then the voxel size along x, y, z, t, …; x, y, z are positive, qfac is 1 or −1. */
  readonly pixdim: readonly number[];
  /** Byte where the voxels begin. */
  readonly voxelOffset: number;
  /** As stored; see voxels.ts for when they count. */
  readonly slope: number;
  readonly intercept: number;
  /** Units of space (bits 0–2) and time (bits 3–5). */
  readonly units: number;
  readonly qformCode: number;
  readonly sformCode: number;
  /** Quaternion b, c, d and offset x, y, z of the qform. */
  readonly quaternion: readonly [number, number, number];
  readonly qoffset: readonly [number, number, number];
  /** First three rows of the sform. */
  readonly sform: readonly number[];
  readonly description: string;
}

/** Where the fields are. NIfTI-2 widens dim and offsets to int64 and the geometry to float64. */
export const layouts = {
  1: {
    size: 348,
    magic: 344,
    dim: 40,
    datatype: 70,
    bitpix: 72,
    pixdim: 76,
    voxelOffset: 108,
    slope: 112,
    intercept: 116,
    units: 123,
    description: 148,
    qformCode: 252,
    sformCode: 254,
    quaternion: 256,
    sform: 280,
  },
  2: {
    size: 540,
    magic: 4,
    dim: 16,
    datatype: 12,
    bitpix: 14,
    pixdim: 104,
    voxelOffset: 168,
    slope: 176,
    intercept: 184,
    units: 500,
    description: 240,
    qformCode: 344,
    sformCode: 348,
    quaternion: 352,
    sform: 400,
  },
} as const;

/** Four bytes of "no extension" follow the header of a single file. */
export const singleFileOffset = { 1: 352, 2: 544 } as const;

/** Bytes to read before anything is known of the file. */
export const headerPrefix = 8;

/** Which header it is, from the first bytes of a file. Throws 'format' where it is none. */
export function headerKind(prefix: Uint8Array, file: string): { version: 1 | 2; littleEndian: boolean } {
  if (prefix.length === 0) throw refuse(file, 'a NIfTI file', 'no bytes at all');
  if (prefix.length >= 4) {
    const view = new DataView(prefix.buffer, prefix.byteOffset, prefix.byteLength);
    for (const littleEndian of [true, false])
      for (const version of [1, 2] as const)
        if (view.getInt32(0, littleEndian) === layouts[version].size) return { version, littleEndian };
  }
  if (prefix[0] === 0x1f && prefix[1] === 0x8b)
    throw refuse(file, 'a NIfTI header', 'gzip data', 'rename the file so that it ends in .gz');
  throw refuse(file, 'a NIfTI-1 or NIfTI-2 header', `bytes ${[...prefix.subarray(0, 4)].join(' ')}`);
}

/** Parses and checks a whole header; `bytes` is at least as long as `headerKind` says. */
export function parseHeader(bytes: Uint8Array, file: string): NiftiHeader {
  const { version, littleEndian } = headerKind(bytes, file);
  const at = layouts[version];
  if (bytes.length < at.size)
    throw refuse(file, `a header of ${at.size} bytes`, `${bytes.length} bytes`, 'the file is truncated; copy it again');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const fields = version === 1 ? fieldsOfVersion1(view, littleEndian) : fieldsOfVersion2(view, littleEndian);
  const pair = isPair(bytes, version, file);
  const floats = (offset: number, count: number) => Array.from({ length: count }, (_, i) => fields.float(offset, i));

  const pixdim = floats(at.pixdim, 8).map((value, i) => repairVoxelSize(value, i, file));
  const quaternion = floats(at.quaternion, 6);
  const code = view.getInt16(at.datatype, littleEndian);
  const samples = colourSamples(code);
  return {
    version,
    littleEndian,
    pair,
    type: storedType(code, file),
    ...(samples === undefined ? {} : { samples }),
    dim: checkDimensions(fields.dimensions, file),
    pixdim,
    voxelOffset: checkOffset(fields.voxelOffset, version, pair, file),
    slope: fields.float(at.slope, 0),
    intercept: fields.float(at.intercept, 0),
    units: fields.units,
    qformCode: knownCode(fields.code(at.qformCode)),
    sformCode: knownCode(fields.code(at.sformCode)),
    quaternion: [quaternion[0]!, quaternion[1]!, quaternion[2]!],
    qoffset: [quaternion[3]!, quaternion[4]!, quaternion[5]!],
    sform: floats(at.sform, 12),
    description: ascii(bytes.subarray(at.description, at.description + 80)),
  };
}

/** Bytes that the voxels take in the file. Exact: `checkDimensions` keeps it below 2⁵³. */
export function voxelBytes(header: NiftiHeader): number {
  return header.dim.reduce((product, extent) => product * extent, header.samples ?? 1) * bytesPerVoxel[header.type];
}

export function refuse(file: string, expected: string, got: string, help?: string): VoxelgradError {
  return new VoxelgradError('format', { what: file, expected, got, ...(help === undefined ? {} : { help }) });
}

interface Fields {
  readonly dimensions: readonly number[];
  readonly voxelOffset: number;
  readonly units: number;
  float(offset: number, index: number): number;
  code(offset: number): number;
}

function fieldsOfVersion1(view: DataView, littleEndian: boolean): Fields {
  return {
    dimensions: Array.from({ length: 8 }, (_, i) => view.getInt16(layouts[1].dim + 2 * i, littleEndian)),
    voxelOffset: view.getFloat32(layouts[1].voxelOffset, littleEndian),
    units: view.getUint8(layouts[1].units),
    float: (offset, index) => view.getFloat32(offset + 4 * index, littleEndian),
    code: (offset) => view.getInt16(offset, littleEndian),
  };
}

function fieldsOfVersion2(view: DataView, littleEndian: boolean): Fields {
  return {
    dimensions: Array.from({ length: 8 }, (_, i) => Number(view.getBigInt64(layouts[2].dim + 8 * i, littleEndian))),
    voxelOffset: Number(view.getBigInt64(layouts[2].voxelOffset, littleEndian)),
    units: view.getInt32(layouts[2].units, littleEndian),
    float: (offset, index) => view.getFloat64(offset + 8 * index, littleEndian),
    code: (offset) => view.getInt32(offset, littleEndian),
  };
}

function isPair(bytes: Uint8Array, version: 1 | 2, file: string): boolean {
  const magic = ascii(bytes.subarray(layouts[version].magic, layouts[version].magic + 4));
  if (magic === `n+${version}`) return false;
  if (magic === `ni${version}`) return true;
  throw refuse(
    file,
    `the magic n+${version} or ni${version}`,
    JSON.stringify(magic),
    'plain Analyze files are not read',
  );
}

function checkDimensions(stored: readonly number[], file: string): number[] {
  const axes = stored[0]!;
  if (!(axes >= 1 && axes <= 7)) throw refuse(file, '1 to 7 axes', `dim[0] = ${axes}`);
  const dim = stored.slice(1, axes + 1);
  const voxels = dim.reduce((product, extent) => product * extent, 1);
  if (dim.some((extent) => extent < 1) || voxels > 2 ** 48) throw refuse(file, 'extents of 1 or more', dim.join(' × '));
  return dim;
}

function repairVoxelSize(value: number, index: number, file: string): number {
  if (index === 0) return value === -1 ? -1 : 1;
  if (index > 3) return value;
  if (!Number.isFinite(value)) throw refuse(file, 'finite voxel sizes', `pixdim[${index}] = ${value}`);
  return value === 0 ? 1 : Math.abs(value);
}

/** 0 means "right behind the header": some writers never set it. */
function checkOffset(offset: number, version: 1 | 2, pair: boolean, file: string): number {
  const least = pair ? 0 : singleFileOffset[version];
  if (offset === 0) return least;
  if (!Number.isSafeInteger(offset) || offset < least)
    throw refuse(file, `voxels from byte ${least} on`, `vox_offset = ${offset}`);
  return offset;
}

/** Codes that NIfTI does not define count as 0, "no such transform". */
const knownCode = (code: number): number => (code >= 0 && code <= 5 ? code : 0);

function ascii(bytes: Uint8Array): string {
  const end = bytes.indexOf(0);
  return String.fromCharCode(...(end < 0 ? bytes : bytes.subarray(0, end)));
}
