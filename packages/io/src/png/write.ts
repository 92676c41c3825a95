/** An image in the plane as PNG: 8 or 16 bits, one to four channels. Spacing and position have no place in it. */
import { VoxelgradError } from '@voxelgrad/tensor';
import { encode } from 'fast-png';
import { writeVoxels } from '../encode-voxels.ts';
import { channelCount, type Image, spatialShape, type VoxelType } from '../image.ts';

export interface PngOptions {
  /** By default 8 bits where all values fit, else 16, as nnU-Net writes segmentations. */
  readonly type?: 'uint8' | 'uint16';
}

/** Throws 'shape' for a volume or more than 4 channels, 'option' for what 16 bits cannot hold. */
export function encodePng(image: Image, { type }: PngOptions = {}, what = 'image'): Uint8Array {
  const [depth, height, width] = spatialShape(image);
  const channels = channelCount(image);
  if (depth !== 1 || channels > 4 || image.data.length !== channels * height * width)
    throw new VoxelgradError('shape', {
      what,
      expected: 'one slice of 1 to 4 channels for PNG',
      got: `[${image.shape.join(', ')}]`,
      help: 'write volumes as .nii.gz, .nrrd, .mha or .tif',
    });
  const stored: VoxelType = type ?? (image.data.every((value) => value <= 255) ? 'uint8' : 'uint16');
  const planes = stored === 'uint8' ? new Uint8Array(image.data.length) : new Uint16Array(image.data.length);
  writeVoxels(new DataView(planes.buffer), image.data, stored, what);
  const pixels = height * width;
  const data = planes.slice();
  for (let c = 0; c < channels; c++) for (let i = 0; i < pixels; i++) data[i * channels + c] = planes[c * pixels + i]!;
  return encode({ width, height, data, depth: stored === 'uint8' ? 8 : 16, channels });
}
