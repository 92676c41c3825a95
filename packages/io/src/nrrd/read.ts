/** Reads NRRD: .nrrd with its voxels behind the header, .nhdr with them in a file beside it. */
import { affineSpacing } from '../affine.ts';
import { ByteReader } from '../byte-reader.ts';
import { channelsFirst, type Image } from '../image.ts';
import type { ReadOptions } from '../read-options.ts';
import { type FileSource, missingFile } from '../source.ts';
import { bytesPerVoxel, convertVoxels, storedVoxels } from '../stored.ts';
import { takeVoxelBytes } from '../voxel-stream.ts';
import { type NrrdHeader, readNrrdHeader } from './header.ts';

export async function readNrrd(source: FileSource, options: ReadOptions = {}): Promise<Image> {
  const reader = new ByteReader(source.stream());
  let header: NrrdHeader;
  try {
    header = await readNrrdHeader(reader, source.path);
  } finally {
    await reader.close();
  }
  const data = header.dataFile === undefined ? source : await source.sibling(header.dataFile);
  if (data === undefined) throw missingFile(header.dataFile!, `${source.path} names it as its data file`);
  const bytes = await readBytes(data, data === source ? reader.position : 0, header);
  const stored = storedVoxels(bytes, header.type, header.littleEndian);
  const voxels = options.as === undefined ? stored : convertVoxels(stored, options.as, 1, 0, source.path);

  const { sizes, channelAxis, affine } = header;
  const channels = channelAxis === undefined ? 1 : sizes[channelAxis]!;
  const extents = sizes.filter((_, axis) => axis !== channelAxis);
  const [x = 1, y = 1, z = 1] = extents;
  const flat = extents.length === 2;
  const shape = channelAxis === undefined ? [z, y, x] : [channels, z, y, x];
  const ordered = channelAxis === 0 ? channelsFirst(voxels, channels, source.path) : voxels;
  return { shape, data: ordered, spacing: affineSpacing(affine), affine, ...(flat ? { flat } : {}) };
}

async function readBytes(data: FileSource, offset: number, header: NrrdHeader): Promise<Uint8Array<ArrayBuffer>> {
  const { compressed, sizes, type, byteSkip } = header;
  const needed = sizes.reduce((product, extent) => product * extent, bytesPerVoxel[type]);
  const stored = data.size - offset;
  const reader = new ByteReader(data.stream(compressed ? { decompress: 'gzip', offset } : { offset }));
  try {
    return await takeVoxelBytes(reader, {
      file: data.path,
      description: `${sizes.join(' × ')} ${type}`,
      skip: byteSkip < 0 ? Math.max(0, stored - needed) : byteSkip,
      needed,
      stored,
      compressed,
    });
  } finally {
    await reader.close();
  }
}
