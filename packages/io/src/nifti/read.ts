/**
 * Reads NIfTI-1 and NIfTI-2 from any source: .nii, .nii.gz, and .hdr + .img (each .gz or not).
 */
import { ByteReader } from '../byte-reader.ts';
import { channelsFirst, type Image } from '../image.ts';
import type { ReadOptions } from '../read-options.ts';
import { type FileSource, missingFile } from '../source.ts';
import { takeVoxelBytes } from '../voxel-stream.ts';
import { headerGeometry } from './geometry.ts';
import { headerKind, headerPrefix, layouts, type NiftiHeader, parseHeader, refuse, voxelBytes } from './header.ts';
import { decodeVoxels } from './voxels.ts';

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
    const flat = header.dim.length === 2;
    const { samples } = header;
    const data = decodeVoxels(bytes, header, file, options.as);
    return {
      shape: [...(samples === undefined ? [] : [samples]), ...rest.reverse(), z, y, x],
      data: samples === undefined ? data : channelsFirst(data, samples, file),
      ...geometry,
      header,
      ...(flat ? { flat } : {}),
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

const openReader = (source: FileSource): ByteReader =>
  new ByteReader(source.stream(isCompressed(source) ? { decompress: 'gzip' } : {}));

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

function readVoxelBytes(reader: ByteReader, position: number, header: NiftiHeader, source: FileSource) {
  return takeVoxelBytes(reader, {
    file: source.path,
    description: `${header.dim.join(' × ')} ${header.type}`,
    skip: header.voxelOffset - position,
    needed: voxelBytes(header),
    stored: isCompressed(source) ? source.size : source.size - position,
    compressed: isCompressed(source),
  });
}
