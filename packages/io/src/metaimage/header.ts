/**
 * The MetaImage header: `Key = Value` lines, the last of them ElementDataFile (itk.org, MetaIO). World is LPS+.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import { type Affine, affineFromColumns, flipLps, isInvertible, type Vector3 } from '../affine.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { StoredType } from '../stored.ts';

export interface MetaImageHeader {
  readonly type: StoredType;
  readonly littleEndian: boolean;
  readonly compressed: boolean;
  /** Extents of space, x first. */
  readonly sizes: readonly number[];
  /** Values a voxel, which lie side by side. */
  readonly channels: number;
  /** File that holds the voxels; undefined where they follow the header. */
  readonly dataFile: string | undefined;
  /** Bytes before the voxels; −1: as many as there are too many. */
  readonly headerSize: number;
  readonly affine: Affine;
}

const types: Readonly<Record<string, StoredType>> = {
  MET_CHAR: 'int8',
  MET_UCHAR: 'uint8',
  MET_SHORT: 'int16',
  MET_USHORT: 'uint16',
  MET_INT: 'int32',
  MET_UINT: 'uint32',
  MET_LONG: 'int32',
  MET_ULONG: 'uint32',
  MET_LONG_LONG: 'int64',
  MET_ULONG_LONG: 'uint64',
  MET_FLOAT: 'float32',
  MET_DOUBLE: 'float64',
};

const mostLines = 10_000;

/** Reads up to the line ElementDataFile. Throws 'format'. */
export async function readMetaImageHeader(reader: ByteReader, file: string): Promise<MetaImageHeader> {
  const fields = new Map<string, string>();
  while (!fields.has('ElementDataFile')) {
    const line = await reader.line();
    const split = line === undefined ? null : /^\s*([^=]+?)\s*=\s*(.*?)\s*$/.exec(line);
    if (split === null || fields.size > mostLines)
      throw refuse(
        file,
        'lines "Key = Value" up to ElementDataFile',
        line === undefined ? 'their end' : JSON.stringify(line.slice(0, 40)),
      );
    fields.set(split[1]!, split[2]!);
  }
  return parseFields(fields, file);
}

function parseFields(fields: ReadonlyMap<string, string>, file: string): MetaImageHeader {
  const first = (...names: string[]): string | undefined =>
    names.map((name) => fields.get(name)).find((value) => value !== undefined);
  const flag = (...names: string[]): boolean => /^(true|1)$/i.test(first(...names) ?? '');
  const type = types[first('ElementType') ?? ''];
  if (type === undefined) throw refuse(file, 'ElementType MET_UCHAR to MET_DOUBLE', first('ElementType') ?? 'none');
  if (first('BinaryData') !== undefined && !flag('BinaryData')) throw refuse(file, 'BinaryData = True', 'text');
  const sizes = numbers(first('DimSize'));
  const axes = Number(first('NDims'));
  const channels = Number(first('ElementNumberOfChannels') ?? 1);
  const voxels = sizes.reduce((product, extent) => product * extent, channels);
  if ((axes !== 2 && axes !== 3) || sizes.length !== axes)
    throw refuse(file, '2 or 3 dimensions', `NDims ${first('NDims')}, DimSize ${first('DimSize')}`);
  if (![...sizes, channels].every((extent) => Number.isInteger(extent) && extent > 0) || voxels > 2 ** 48)
    throw refuse(file, 'extents of 1 or more', sizes.join(' × '));
  const dataFile = first('ElementDataFile')!;
  if (/^LIST\b/.test(dataFile) || /%\d*d/.test(dataFile))
    throw refuse(file, 'one data file', dataFile, 'save the image as one file');
  const compressed = flag('CompressedData');
  const headerSize = Number(first('HeaderSize') ?? 0);
  if (!Number.isSafeInteger(headerSize) || headerSize < (compressed ? 0 : -1))
    throw refuse(file, 'another HeaderSize', `${headerSize}`);
  return {
    type,
    littleEndian: !flag('BinaryDataByteOrderMSB', 'ElementByteOrderMSB'),
    compressed,
    sizes,
    channels,
    dataFile: /^LOCAL$/i.test(dataFile) ? undefined : dataFile,
    headerSize,
    affine: placement(first, axes, file),
  };
}

function placement(first: (...names: string[]) => string | undefined, axes: number, file: string): Affine {
  const identity = axes === 2 ? '1 0 0 1' : '1 0 0 0 1 0 0 0 1';
  const matrix = numbers(first('TransformMatrix', 'Rotation', 'Orientation') ?? identity);
  const spacing = numbers(first('ElementSpacing', 'ElementSize') ?? '1 1 1');
  const offset = numbers(first('Offset', 'Position', 'Origin') ?? '0 0 0');
  if (matrix.length < axes * axes || spacing.length < axes || offset.length < axes)
    throw refuse(file, `${axes} numbers for spacing and offset, ${axes * axes} for the matrix`, 'fewer');
  // The numbers of one axis stand side by side in TransformMatrix: that is a column of the direction matrix.
  const column = (axis: number): Vector3 => {
    if (axis >= axes) return [0, 0, 1];
    const step = Math.abs(spacing[axis]!) || 1;
    const [x, y, z = 0] = matrix.slice(axis * axes, (axis + 1) * axes).map((value) => value * step) as [
      number,
      number,
      number?,
    ];
    return flipLps([x, y, z]);
  };
  const affine = affineFromColumns(column(0), column(1), column(2), flipLps([offset[0]!, offset[1]!, offset[2] ?? 0]));
  if (!isInvertible(affine))
    throw refuse(file, 'a matrix that can be inverted', `${matrix.join(' ')}, spacing ${spacing.join(' ')}`);
  return affine;
}

const numbers = (text: string | undefined): number[] =>
  (text ?? '')
    .split(/\s+/)
    .filter((part) => part !== '')
    .map(Number);

function refuse(file: string, expected: string, got: string, help?: string): VoxelgradError {
  return new VoxelgradError('format', { what: file, expected, got, ...(help === undefined ? {} : { help }) });
}
