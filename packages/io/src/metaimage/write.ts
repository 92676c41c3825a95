/** Writes .mha as ITK does: LPS, little-endian, zlib where a compressor is given. */
import { affineColumns, affineOrigin, flipLps } from '../affine.ts';
import { type EncodeOptions, encodeVoxels } from '../encode-parts.ts';
import { type Image, spatialShape, type VoxelType } from '../image.ts';

const names: Readonly<Record<VoxelType, string>> = {
  int8: 'MET_CHAR',
  uint8: 'MET_UCHAR',
  int16: 'MET_SHORT',
  uint16: 'MET_USHORT',
  int32: 'MET_INT',
  uint32: 'MET_UINT',
  float32: 'MET_FLOAT',
  float64: 'MET_DOUBLE',
};

/** Header and voxels of a .mha file, one after the other. One volume [z, y, x]; throws 'shape' for more. */
export async function encodeMetaImage(
  image: Image,
  options: EncodeOptions = {},
  what = 'image',
): Promise<Uint8Array[]> {
  const { type, bytes } = await encodeVoxels(image, [3], options, what);
  const columns = affineColumns(image.affine);
  const lengths = columns.map((column) => Math.hypot(...column));
  const directions = columns.map((column, i) => flipLps(column).map((value) => value / lengths[i]!));
  const compressed = options.compress !== undefined;
  const header = [
    'ObjectType = Image',
    'NDims = 3',
    'BinaryData = True',
    'BinaryDataByteOrderMSB = False',
    `CompressedData = ${compressed ? 'True' : 'False'}`,
    ...(compressed ? [`CompressedDataSize = ${bytes.length}`] : []),
    `TransformMatrix = ${directions.flat().join(' ')}`,
    `Offset = ${flipLps(affineOrigin(image.affine)).join(' ')}`,
    'CenterOfRotation = 0 0 0',
    'AnatomicalOrientation = RAI',
    `ElementSpacing = ${lengths.join(' ')}`,
    `DimSize = ${[...spatialShape(image)].reverse().join(' ')}`,
    `ElementType = ${names[type]}`,
    'ElementDataFile = LOCAL',
  ];
  return [new TextEncoder().encode(`${header.join('\n')}\n`), bytes];
}
