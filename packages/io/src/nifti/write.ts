/**
 * Writes single-file NIfTI-1, or NIfTI-2 where that is asked for, an extent is over 32767 or the image came from NIfTI-2; little-endian, unscaled.
 * NIfTI-1 has geometry in float32, as every program that reads NIfTI takes it; NIfTI-2 keeps spacing, origin and direction to the bit.
 * An image that was read from NIfTI keeps its pixdim, units, qform and sform to the bit, so that a prediction lies exactly over the
 * image it was made from, in every viewer's reading of the header.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import { writeVoxels } from '../encode-voxels.ts';
import { type Image, type VoxelType, voxelCount, voxelType } from '../image.ts';
import { bytesPerVoxel } from '../stored.ts';
import { dataTypeCode } from './data-type.ts';
import { affineToQform } from './geometry.ts';
import { layouts, type NiftiHeader, singleFileOffset } from './header.ts';

export interface WriteOptions {
  /** Type in the file; by default the array's. What an integer type cannot hold is refused; float32 rounds. */
  readonly type?: VoxelType;
  /** Of NIfTI: 2 keeps geometry in float64, and is what fewer programs read. By default 1, unless the image does not fit it or came from 2. */
  readonly niftiVersion?: 1 | 2;
}

/** NIFTI_UNITS_MM. */
const millimetres = 2;
/** NIFTI_XFORM_SCANNER_ANAT. */
const scanner = 1;

/** The bytes of a .nii file; `what` names the image in errors. */
export function encodeNifti(image: Image, options: WriteOptions = {}, what = 'image'): Uint8Array<ArrayBuffer> {
  const type = options.type ?? voxelType(image.data);
  const voxels = voxelCount(image.shape);
  if (image.shape.length < 3 || image.shape.length > 7 || voxels !== image.data.length)
    throw new VoxelgradError('shape', {
      what,
      expected: `3 to 7 axes, ${image.data.length} voxels`,
      got: `[${image.shape.join(', ')}]`,
    });
  const large = image.shape.some((extent) => extent > 32767);
  if (large && options.niftiVersion === 1)
    throw new VoxelgradError('option', {
      what,
      expected: 'extents up to 32767 for NIfTI-1',
      got: `[${image.shape.join(', ')}]`,
    });
  const version = options.niftiVersion ?? (large ? 2 : (image.header?.version ?? 1));
  const offset = singleFileOffset[version];
  const bytes = allocate(offset + voxels * bytesPerVoxel[type], what);
  writeHeader(new DataView(bytes.buffer), image, type, version);
  writeVoxels(new DataView(bytes.buffer, offset), image.data, type, what);
  return bytes;
}

function allocate(length: number, what: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    throw new VoxelgradError('out-of-memory', { what, expected: `${length} bytes of memory for the file`, cause });
  }
}

/** Extents x first; a 2-D file stays 2-D. */
function storedExtents(image: Image): number[] {
  const dim = [...image.shape].reverse();
  const axes = image.header?.dim.length ?? 3;
  return axes < 3 && dim.length === 3 && dim.slice(axes).every((extent) => extent === 1) ? dim.slice(0, axes) : dim;
}

type Placement = Pick<
  NiftiHeader,
  'pixdim' | 'units' | 'qformCode' | 'sformCode' | 'quaternion' | 'qoffset' | 'sform' | 'description'
>;

/** The header's own geometry, or one made from the affine: sform always, qform where the axes are at right angles. */
function placement(image: Image): Placement {
  if (image.header !== undefined) return image.header;
  const [z, y, x] = image.spacing;
  const qform = affineToQform(image.affine);
  return {
    pixdim: [qform?.qfac ?? 1, x, y, z, ...image.shape.slice(0, -3).map(() => 1), 0, 0, 0, 0].slice(0, 8),
    units: millimetres,
    qformCode: qform === undefined ? 0 : scanner,
    sformCode: scanner,
    quaternion: [...(qform?.quaternion ?? [0, 0, 0])] as [number, number, number],
    qoffset: [...(qform?.qoffset ?? [0, 0, 0])] as [number, number, number],
    sform: image.affine.slice(0, 12),
    description: '',
  };
}

function writeHeader(view: DataView, image: Image, type: VoxelType, version: 1 | 2): void {
  const at = layouts[version];
  const place = placement(image);
  const dim = storedExtents(image);
  const dimensions = [dim.length, ...dim, 1, 1, 1, 1, 1, 1].slice(0, 8);
  const float = (offset: number, value: number) =>
    version === 1 ? view.setFloat32(offset, value, true) : view.setFloat64(offset, value, true);
  const floats = (offset: number, values: readonly number[]) =>
    values.forEach((value, i) => {
      float(offset + i * (version === 1 ? 4 : 8), value);
    });
  const code = (offset: number, value: number) =>
    version === 1 ? view.setInt16(offset, value, true) : view.setInt32(offset, value, true);

  view.setInt32(0, at.size, true);
  view.setInt16(at.datatype, dataTypeCode(type), true);
  view.setInt16(at.bitpix, 8 * bytesPerVoxel[type], true);
  dimensions.forEach((extent, i) => {
    if (version === 1) view.setInt16(at.dim + 2 * i, extent, true);
    else view.setBigInt64(at.dim + 8 * i, BigInt(extent), true);
  });
  if (version === 1) {
    view.setFloat32(at.voxelOffset, singleFileOffset[1], true);
    view.setUint8(38, 'r'.charCodeAt(0)); // `regular`, which old readers look for
    view.setUint8(at.units, place.units);
  } else {
    view.setBigInt64(at.voxelOffset, BigInt(singleFileOffset[2]), true);
    view.setInt32(at.units, place.units, true);
  }
  floats(at.pixdim, place.pixdim);
  float(at.slope, 1);
  float(at.intercept, 0);
  code(at.qformCode, place.qformCode);
  code(at.sformCode, place.sformCode);
  floats(at.quaternion, [...place.quaternion, ...place.qoffset]);
  floats(at.sform, place.sform);
  writeAscii(view, at.description, place.description.slice(0, 79));
  writeAscii(view, at.magic, version === 1 ? 'n+1\0' : 'n+2\0\r\n\x1a\n');
}

function writeAscii(view: DataView, offset: number, text: string): void {
  for (let i = 0; i < text.length; i++) view.setUint8(offset + i, text.charCodeAt(i));
}
