/** What the writers of text-headed formats share: the voxels of an image as bytes, compressed or not. */
import { VoxelgradError } from '@voxelgrad/tensor';
import { writeVoxels } from './encode-voxels.ts';
import { type Image, type VoxelType, voxelCount, voxelType } from './image.ts';
import { bytesPerVoxel } from './stored.ts';

export interface EncodeOptions {
  /** Type in the file; by default the array's. What an integer type cannot hold is refused; float32 rounds. */
  readonly type?: VoxelType;
  /** Compresses the voxels: to gzip for NRRD, to zlib for MetaImage. Without it they are stored as they are. */
  readonly compress?: (bytes: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>;
}

/** Throws 'shape' where the image has other than `axes` axes, 'option' where voxels do not fit the type. */
export async function encodeVoxels(
  image: Image,
  axes: readonly number[],
  { type, compress }: EncodeOptions,
  what: string,
) {
  const voxels = voxelCount(image.shape);
  if (!axes.includes(image.shape.length) || voxels !== image.data.length)
    throw new VoxelgradError('shape', {
      what,
      expected: `${axes.join(' or ')} axes, ${image.data.length} voxels`,
      got: `[${image.shape.join(', ')}]`,
    });
  const stored = type ?? voxelType(image.data);
  const bytes = new Uint8Array(voxels * bytesPerVoxel[stored]);
  writeVoxels(new DataView(bytes.buffer), image.data, stored, what);
  return { type: stored, bytes: compress === undefined ? bytes : await compress(bytes) };
}
