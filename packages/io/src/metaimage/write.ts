/** Writes .mha as ITK does: LPS, little-endian, zlib where a compressor is given. */
import { affineColumns, affineOrigin, flipLps, type Vector3 } from '../affine.ts';
import { type EncodeOptions, encodeVoxels } from '../encode-parts.ts';
import { channelsLast, type Image, spatialShape, type VoxelType } from '../image.ts';

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

/** Header and voxels of a .mha file, one after the other: a volume [z, y, x], or channels of it [c, z, y, x]. Throws 'shape' for more. */
export async function encodeMetaImage(
  image: Image,
  options: EncodeOptions = {},
  what = 'image',
): Promise<Uint8Array[]> {
  const channels = image.shape.length === 4 ? image.shape[0]! : 1;
  const interleaved = channels === 1 ? image : { ...image, data: channelsLast(image.data, channels, what) };
  const { type, bytes } = await encodeVoxels(interleaved, [3, 4], options, what);
  const axes = affineColumns(image.affine).map((column) => stepAndDirection(flipLps(column)));
  const compressed = options.compress !== undefined;
  const header = [
    'ObjectType = Image',
    'NDims = 3',
    'BinaryData = True',
    'BinaryDataByteOrderMSB = False',
    `CompressedData = ${compressed ? 'True' : 'False'}`,
    ...(compressed ? [`CompressedDataSize = ${bytes.length}`] : []),
    `TransformMatrix = ${axes.flatMap(({ direction }) => direction).join(' ')}`,
    `Offset = ${flipLps(affineOrigin(image.affine)).join(' ')}`,
    'CenterOfRotation = 0 0 0',
    'AnatomicalOrientation = RAI',
    `ElementSpacing = ${axes.map(({ step }) => step).join(' ')}`,
    `DimSize = ${[...spatialShape(image)].reverse().join(' ')}`,
    ...(channels === 1 ? [] : [`ElementNumberOfChannels = ${channels}`]),
    `ElementType = ${names[type]}`,
    'ElementDataFile = LOCAL',
  ];
  return [new TextEncoder().encode(`${header.join('\n')}\n`), bytes];
}

const mostUlps = 500;

/**
 * A column of the affine as a length and a direction whose product is that column to the bit: MetaImage has them apart, and of the nearest two the product
 * may be rounded to a neighbour. A length some last digits away has directions for which it is not.
 */
function stepAndDirection(column: Vector3): { step: number; direction: readonly number[] } {
  const length = Math.hypot(...column);
  for (let ulps = 0; ulps <= mostUlps; ulps++)
    for (const step of ulps === 0 ? [length] : [neighbour(length, ulps), neighbour(length, -ulps)]) {
      const direction = column.map((value) => factorOf(value, step));
      if (direction.every((value) => value !== undefined)) return { step, direction };
    }
  return { step: length, direction: column.map((value) => value / length) };
}

/** The x nearest to value / step with x · step = value; undefined where there is none. */
function factorOf(value: number, step: number): number | undefined {
  const quotient = value / step;
  if (quotient * step === value) return quotient;
  return [neighbour(quotient, 1), neighbour(quotient, -1)].find((factor) => factor * step === value);
}

/** The number so many float64 further from 0. */
function neighbour(value: number, ulps: number): number {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  view.setBigInt64(0, view.getBigInt64(0) + BigInt(ulps));
  return view.getFloat64(0);
}
