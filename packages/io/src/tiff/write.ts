/**
 * A volume as TIFF (6.0, baseline): a page a slice, one strip a page, little-endian, without compression; and its spacing as JSON, in a file of its own.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import { writeVoxels } from '../encode-voxels.ts';
import { type Image, spatialShape, type VoxelType, voxelCount, voxelType } from '../image.ts';
import { bytesPerVoxel } from '../stored.ts';

export interface TiffOptions {
  /** Type in the file; by default the array's. */
  readonly type?: VoxelType;
}

const sampleFormat = (type: VoxelType): number => (type.startsWith('uint') ? 1 : type.startsWith('int') ? 2 : 3);

/** Fields of a page; each takes 12 bytes. */
const fieldCount = 10;
const directoryBytes = 2 + 12 * fieldCount + 4;
const [short, long] = [3, 4];

/** Throws 'shape' for channels, 'option' for what the type cannot hold or for more than 4 GiB. */
export function encodeTiff(
  image: Image,
  { type = voxelType(image.data) }: TiffOptions = {},
  what = 'image',
): Uint8Array<ArrayBuffer> {
  const [depth, height, width] = spatialShape(image);
  if (voxelCount(image.shape) !== depth * height * width || image.data.length !== depth * height * width)
    throw new VoxelgradError('shape', { what, expected: '[z, y, x] for TIFF', got: `[${image.shape.join(', ')}]` });
  const pageBytes = height * width * bytesPerVoxel[type];
  const voxelsAt = 8 + depth * directoryBytes + ((depth * directoryBytes) % 2);
  const total = voxelsAt + depth * pageBytes;
  if (total >= 2 ** 32)
    throw new VoxelgradError('option', {
      what,
      expected: 'less than 4 GiB for TIFF',
      got: `${total} bytes`,
      help: 'write it as .nii.gz',
    });
  const bytes = new Uint8Array(total);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x49492a00);
  view.setUint32(4, 8, true);
  for (let page = 0; page < depth; page++) {
    const at = 8 + page * directoryBytes;
    const fields: readonly (readonly [tag: number, type: number, value: number])[] = [
      [256, long, width],
      [257, long, height],
      [258, short, 8 * bytesPerVoxel[type]],
      [259, short, 1],
      [262, short, 1],
      [273, long, voxelsAt + page * pageBytes],
      [277, short, 1],
      [278, long, height],
      [279, long, pageBytes],
      [339, short, sampleFormat(type)],
    ];
    view.setUint16(at, fieldCount, true);
    fields.forEach(([tag, fieldType, value], i) => {
      view.setUint16(at + 2 + 12 * i, tag, true);
      view.setUint16(at + 4 + 12 * i, fieldType, true);
      view.setUint32(at + 6 + 12 * i, 1, true);
      if (fieldType === short) view.setUint16(at + 10 + 12 * i, value, true);
      else view.setUint32(at + 10 + 12 * i, value, true);
    });
    view.setUint32(at + directoryBytes - 4, page + 1 < depth ? at + directoryBytes : 0, true);
  }
  writeVoxels(new DataView(bytes.buffer, voxelsAt), image.data, type, what);
  return bytes;
}

/** The JSON beside it: `case.json` for `case.tif`. */
export const tiffSidecar = ({ spacing }: Image): string => `${JSON.stringify({ spacing })}\n`;
