/**
 * Reads NIfTI-1 and NIfTI-2 from any source: .nii, .nii.gz, and .hdr + .img (each .gz or not).
 * Whatever the header claims is held against the size of the file before memory is taken, so that a damaged or hostile header costs
 * an error and not the machine.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import { ByteReader } from '../byte-reader.ts';
import type { Image } from '../image.ts';
import { type FileSource, missingFile } from '../source.ts';
import { headerGeometry } from './geometry.ts';
import { headerKind, headerPrefix, layouts, type NiftiHeader, parseHeader, refuse, voxelBytes } from './header.ts';
import { decodeVoxels } from './voxels.ts';

export interface ReadOptions {
  /** Voxels as float32, whatever the file stores: what a network takes. By default the file's own type (see `decodeVoxels`). */
  readonly as?: 'float32';
}

/** Deflate needs at least one bit for 129 bytes of output (a match of 258 bytes in two bits), so nothing grows more than this. */
const largestInflation = 1032;

export const isNiftiName = (name: string): boolean => /\.(nii|hdr|img)(\.gz)?$/i.test(name);

export async function readNifti(source: FileSource, options: ReadOptions = {}): Promise<Image> {
  const file = source.path;
  const { headerSource, dataSource } = await findPair(source);
  const reader = openReader(headerSource);
  try {
    const header = await readHeader(reader, headerSource);
    if (header.pair !== (dataSource !== undefined))
      throw refuse(
        file,
        header.pair ? 'a pair: .hdr and .img' : 'one .nii file',
        `magic ${header.pair ? 'ni' : 'n+'}${header.version}`,
      );
    const geometry = headerGeometry(header, headerSource.path);
    const bytes =
      dataSource === undefined
        ? await readVoxelBytes(reader, layouts[header.version].size, header, source)
        : await readSeparateVoxels(dataSource, header);
    const [x = 1, y = 1, z = 1, ...rest] = header.dim;
    return {
      shape: [...rest.reverse(), z, y, x],
      data: decodeVoxels(bytes, header, file, options.as),
      ...geometry,
      header,
    };
  } finally {
    await reader.close();
  }
}

/** Header alone: for listing and checking without reading voxels. */
export async function readNiftiHeader(source: FileSource): Promise<NiftiHeader> {
  const { headerSource } = await findPair(source);
  const reader = openReader(headerSource);
  try {
    return await readHeader(reader, headerSource);
  } finally {
    await reader.close();
  }
}

const isCompressed = (source: FileSource): boolean => /\.gz$/i.test(source.name);

const openReader = (source: FileSource): ByteReader => new ByteReader(source.stream({ gunzip: isCompressed(source) }));

/** `pat.hdr` and `pat.img` belong together; either may be asked for, and either may be compressed. */
async function findPair(source: FileSource): Promise<{ headerSource: FileSource; dataSource?: FileSource }> {
  const ending = /\.(hdr|img)(\.gz)?$/i.exec(source.name);
  if (ending === null) return { headerSource: source };
  const stem = source.name.slice(0, ending.index);
  const kind = ending[1]!;
  const isHeader = kind.toLowerCase() === 'hdr';
  const partner = isHeader ? 'img' : 'hdr';
  const wanted = kind === kind.toUpperCase() ? partner.toUpperCase() : partner;
  const other = (await source.sibling(`${stem}.${wanted}`)) ?? (await source.sibling(`${stem}.${wanted}.gz`));
  if (other === undefined) {
    const folder = source.path.slice(0, source.path.length - source.name.length);
    throw missingFile(`${folder}${stem}.${wanted}`, `${source.name} is one half of a pair; put the other beside it`);
  }
  return isHeader ? { headerSource: source, dataSource: other } : { headerSource: other, dataSource: source };
}

async function readHeader(reader: ByteReader, source: FileSource): Promise<NiftiHeader> {
  const prefix = new Uint8Array(headerPrefix);
  const got = await reader.fill(prefix);
  const { version } = headerKind(prefix.subarray(0, got), source.path);
  const bytes = new Uint8Array(layouts[version].size);
  bytes.set(prefix.subarray(0, got));
  const more = await reader.fill(bytes.subarray(got));
  return parseHeader(bytes.subarray(0, got + more), source.path);
}

async function readSeparateVoxels(source: FileSource, header: NiftiHeader): Promise<Uint8Array<ArrayBuffer>> {
  const reader = openReader(source);
  try {
    return await readVoxelBytes(reader, 0, header, source);
  } finally {
    await reader.close();
  }
}

async function readVoxelBytes(reader: ByteReader, position: number, header: NiftiHeader, source: FileSource) {
  const needed = voxelBytes(header);
  const truncated = (got: string) =>
    refuse(
      source.path,
      `${needed} bytes of voxels (${header.dim.join(' × ')} ${header.type})`,
      got,
      'the file is truncated; copy it again',
    );
  const most = isCompressed(source) ? source.size * largestInflation : source.size;
  if (header.voxelOffset + needed > most)
    throw truncated(`a file that can hold ${Math.max(0, most - header.voxelOffset)} behind its header`);

  const bytes = allocateBytes(needed, source.path);
  const skipped = await reader.skip(header.voxelOffset - position);
  const filled = skipped === header.voxelOffset - position ? await reader.fill(bytes) : 0;
  if (filled < needed) throw truncated(`${filled} bytes`);
  await reader.drain();
  return bytes;
}

function allocateBytes(length: number, file: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length);
  } catch (cause) {
    throw new VoxelgradError('out-of-memory', {
      what: file,
      expected: `${length} bytes of memory for its voxels`,
      cause,
    });
  }
}
