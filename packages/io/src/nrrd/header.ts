/**
 * The NRRD header: lines of text up to an empty one (teem.sourceforge.net/nrrd/format.html). What 3D Slicer, MITK and ITK write is
 * understood; what changes the numbers and is not understood is refused.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import { type Affine, affineFromColumns, flipLps, isInvertible, type Vector3 } from '../affine.ts';
import type { ByteReader } from '../byte-reader.ts';
import type { StoredType } from '../stored.ts';

export interface NrrdHeader {
  readonly type: StoredType;
  readonly littleEndian: boolean;
  readonly compressed: boolean;
  /** Extents, fastest axis first. */
  readonly sizes: readonly number[];
  /** The axis that is no axis of space (channels, time); undefined where there is none. */
  readonly channelAxis: number | undefined;
  /** File that holds the voxels; undefined where they follow the header. */
  readonly dataFile: string | undefined;
  /** Bytes before the voxels, once decompressed; −1: as many as there are too many. */
  readonly byteSkip: number;
  readonly affine: Affine;
}

const types: Readonly<Record<string, StoredType>> = Object.fromEntries(
  (
    [
      ['int8', 'signed char', 'int8', 'int8_t'],
      ['uint8', 'uchar', 'unsigned char', 'uint8', 'uint8_t'],
      ['int16', 'short', 'short int', 'signed short', 'signed short int', 'int16', 'int16_t'],
      ['uint16', 'ushort', 'unsigned short', 'unsigned short int', 'uint16', 'uint16_t'],
      ['int32', 'int', 'signed int', 'int32', 'int32_t'],
      ['uint32', 'uint', 'unsigned int', 'uint32', 'uint32_t'],
      [
        'int64',
        'longlong',
        'long long',
        'long long int',
        'signed long long',
        'signed long long int',
        'int64',
        'int64_t',
      ],
      ['uint64', 'ulonglong', 'unsigned long long', 'unsigned long long int', 'uint64', 'uint64_t'],
      ['float32', 'float'],
      ['float64', 'double'],
    ] as [StoredType, ...string[]][]
  ).flatMap(([type, ...names]) => names.map((name) => [name, type])),
);

/** Signs that take a space's x and y to RAS+. */
const spaces: Readonly<Record<string, readonly [1 | -1, 1 | -1]>> = {
  'right-anterior-superior': [1, 1],
  ras: [1, 1],
  'left-anterior-superior': [-1, 1],
  las: [-1, 1],
  'left-posterior-superior': [-1, -1],
  lps: [-1, -1],
};

const mostLines = 10_000;

/** Reads up to the empty line behind the header. Throws 'format'. */
export async function readNrrdHeader(reader: ByteReader, file: string): Promise<NrrdHeader> {
  const magic = await reader.line(64);
  if (magic === undefined || !/^NRRD000[1-5]$/.test(magic))
    throw refuse(file, 'a NRRD file (NRRD0001 to NRRD0005)', 'other bytes');
  const fields = new Map<string, string>();
  for (let count = 0; ; count++) {
    const line = await reader.line();
    if (line === '' || (line === undefined && fields.has('data file'))) break;
    if (line === undefined || count > mostLines)
      throw refuse(file, 'an empty line behind the header', 'none', 'the file is truncated');
    const split = /^([^:]+): (.*)$/.exec(line);
    if (!line.startsWith('#') && split !== null) fields.set(canonical(split[1]!), split[2]!.trim());
  }
  return parseFields(fields, file);
}

/** `Space Directions` and `centers` are the same words to NRRD as `space directions` and `centerings`. */
function canonical(field: string): string {
  const name = field.trim().toLowerCase();
  return { datafile: 'data file', byteskip: 'byte skip', lineskip: 'line skip' }[name] ?? name;
}

function parseFields(fields: ReadonlyMap<string, string>, file: string): NrrdHeader {
  const required = (name: string): string => {
    const value = fields.get(name);
    if (value === undefined) throw refuse(file, `the field ${name}`, 'none');
    return value;
  };
  const type = types[required('type').toLowerCase()];
  if (type === undefined) throw refuse(file, 'voxels that are numbers of 8 to 64 bits', `type ${fields.get('type')}`);
  const encoding = required('encoding').toLowerCase();
  const compressed = encoding === 'gzip' || encoding === 'gz';
  if (!compressed && encoding !== 'raw')
    throw refuse(file, 'encoding raw or gzip', encoding, 'save it with gzip compression');
  const sizes = required('sizes').split(/\s+/).map(Number);
  const voxels = sizes.reduce((product, extent) => product * extent, 1);
  if (
    sizes.length !== Number(required('dimension')) ||
    !sizes.every((n) => Number.isInteger(n) && n > 0) ||
    voxels > 2 ** 48
  )
    throw refuse(file, `${fields.get('dimension')} sizes of 1 or more`, sizes.join(' × '));
  const endian = fields.get('endian')?.toLowerCase();
  if (endian !== 'little' && endian !== 'big' && !type.endsWith('int8'))
    throw refuse(file, 'endian little or big', endian ?? 'none');
  if (Number(fields.get('line skip') ?? 0) !== 0) throw refuse(file, 'no line skip', `${fields.get('line skip')}`);
  const byteSkip = Number(fields.get('byte skip') ?? 0);
  if (!Number.isSafeInteger(byteSkip) || byteSkip < (compressed ? 0 : -1))
    throw refuse(file, 'another byte skip', `${byteSkip}`);
  const dataFile = fields.get('data file');
  if (dataFile !== undefined && (dataFile === 'LIST' || /%\d*d/.test(dataFile)))
    throw refuse(file, 'one data file', dataFile, 'save the image as one file');
  return {
    type,
    littleEndian: endian !== 'big',
    compressed,
    sizes,
    dataFile,
    byteSkip,
    ...placement(fields, sizes, file),
  };
}

/** Which axes are space, and where they lead. Without directions: spacings along the axes, as ITK reads it. */
function placement(fields: ReadonlyMap<string, string>, sizes: readonly number[], file: string) {
  const directions = fields.get('space directions')?.match(/none|\([^)]*\)/gi) ?? undefined;
  const kinds = fields.get('kinds')?.split(/\s+/);
  if (directions !== undefined && directions.length !== sizes.length)
    throw refuse(file, `${sizes.length} space directions`, `${directions.length}`);
  const inSpace = (axis: number): boolean => {
    if (directions !== undefined) return directions[axis]!.toLowerCase() !== 'none';
    if (kinds !== undefined && kinds.length === sizes.length) return /^(space|domain|\?\?\?|none)$/i.test(kinds[axis]!);
    return axis < 3;
  };
  const axes = [...sizes.keys()].filter(inSpace);
  const others = [...sizes.keys()].filter((axis) => !inSpace(axis));
  if (
    axes.length < 2 ||
    axes.length > 3 ||
    others.length > 1 ||
    (others[0] !== undefined && others[0] !== 0 && others[0] !== sizes.length - 1)
  )
    throw refuse(
      file,
      '2 or 3 axes of space, and at most one other, first or last',
      `${axes.length} and ${others.length}`,
    );

  const signs = spaces[fields.get('space')?.toLowerCase() ?? 'lps'];
  if (signs === undefined) throw refuse(file, 'space RAS, LAS or LPS', `${fields.get('space')}`);
  const toRas = ([x, y, z]: Vector3): Vector3 => flipLps([x * -signs[0], y * -signs[1], z]);
  const spacings = fields.get('spacings')?.split(/\s+/).map(Number);
  const columns = axes.map((axis, i) =>
    directions === undefined ? alongAxis(i, Math.abs(spacings?.[axis] ?? 1) || 1) : vector(directions[axis]!, file),
  );
  const [x, y, z = alongAxis(2, 1)] = columns as [Vector3, Vector3, Vector3?];
  const origin = fields.get('space origin');
  const affine = affineFromColumns(
    toRas(x),
    toRas(y),
    toRas(z),
    toRas(origin === undefined ? [0, 0, 0] : vector(origin, file)),
  );
  if (!isInvertible(affine))
    throw refuse(file, 'directions that span the space', columns.map((column) => `(${column})`).join(' '));
  return { channelAxis: others[0], affine };
}

const alongAxis = (axis: number, length: number): Vector3 =>
  [0, 1, 2].map((i) => (i === axis ? length : 0)) as unknown as Vector3;

/** `(1,0,0)`; two numbers lie in the plane. */
function vector(text: string, file: string): Vector3 {
  const numbers = text.replace(/[()]/g, '').split(',').map(Number);
  if (numbers.length < 2 || numbers.length > 3 || !numbers.every(Number.isFinite))
    throw refuse(file, 'vectors like (1,0,0)', text);
  return [numbers[0]!, numbers[1]!, numbers[2] ?? 0];
}

function refuse(file: string, expected: string, got: string, help?: string): VoxelgradError {
  return new VoxelgradError('format', { what: file, expected, got, ...(help === undefined ? {} : { help }) });
}
