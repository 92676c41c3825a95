/** Reads MetaImage: .mha with its voxels behind the header, .mhd with them in a file beside it (.raw, .zraw). */
import { affineSpacing } from '../affine.ts';
import { ByteReader } from '../byte-reader.ts';
import { channelsFirst, type Image } from '../image.ts';
import type { ReadOptions } from '../read-options.ts';
import { type FileSource, missingFile } from '../source.ts';
import { bytesPerVoxel, convertVoxels, storedVoxels } from '../stored.ts';
import { takeVoxelBytes } from '../voxel-stream.ts';
import { type MetaImageHeader, readMetaImageHeader } from './header.ts';

export async function readMetaImage(source: FileSource, options: ReadOptions = {}): Promise<Image> {
  const reader = new ByteReader(source.stream());
  let header: MetaImageHeader;
  try {
    header = await readMetaImageHeader(reader, source.path);
  } finally {
    await reader.close();
  }
  const data = header.dataFile === undefined ? source : await source.sibling(header.dataFile);
  if (data === undefined) throw missingFile(header.dataFile!, `${source.path} names it as its ElementDataFile`);
  const bytes = await readBytes(data, data === source ? reader.position : 0, header);
  const stored = storedVoxels(bytes, header.type, header.littleEndian);
  const voxels = options.as === undefined ? stored : convertVoxels(stored, options.as, 1, 0, source.path);

  const { sizes, channels, affine } = header;
  const [x = 1, y = 1, z = 1] = sizes;
  const flat = sizes.length === 2;
  const geometry = { spacing: affineSpacing(affine), affine, ...(flat ? { flat } : {}) };
  if (channels === 1) return { shape: [z, y, x], data: voxels, ...geometry };
  return { shape: [channels, z, y, x], data: channelsFirst(voxels, channels, source.path), ...geometry };
}

async function readBytes(data: FileSource, offset: number, header: MetaImageHeader): Promise<Uint8Array<ArrayBuffer>> {
  const { compressed, sizes, channels, type, headerSize } = header;
  const needed = sizes.reduce((product, extent) => product * extent, channels * bytesPerVoxel[type]);
  const stored = data.size - offset;
  const reader = new ByteReader(data.stream(compressed ? { decompress: 'zlib', offset } : { offset }));
  try {
    return await takeVoxelBytes(reader, {
      file: data.path,
      description: `${sizes.join(' × ')} ${type}${channels === 1 ? '' : `, ${channels} channels`}`,
      skip: headerSize < 0 ? Math.max(0, stored - needed) : headerSize,
      needed,
      stored,
      compressed,
    });
  } finally {
    await reader.close();
  }
}
