/**
 * What the readers of PNG, BMP and TIFF share: pixels to an image. Such files say nothing of the patient, so the geometry is nnU-Net's for them
 * (nnunetv2/imageio/natural_image_reader_writer.py, tif_reader_writer.py): 1 mm pixels, and slices that are far apart where there is only one.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import { affineFromColumns, type Vector3 } from './affine.ts';
import { channelsFirst, type Image, type VoxelArray } from './image.ts';
import type { ReadOptions } from './read-options.ts';
import type { FileSource } from './source.ts';
import { convertVoxels } from './stored.ts';

/** Spacing [z, y, x] of a single image in the plane. */
export const planeSpacing: Vector3 = [999, 1, 1];

export interface Pixels {
  /** `[z, y, x, channels]`. */
  readonly data: VoxelArray;
  readonly shape: readonly [number, number, number];
  readonly channels: number;
  readonly spacing: Vector3;
}

/** `[z, y, x]`, or `[channels, z, y, x]` where there are several. */
export function imageFromPixels({ data, shape, channels, spacing }: Pixels, options: ReadOptions, file: string): Image {
  const planes = channels === 1 ? data : channelsFirst(data, channels, file);
  const [z, y, x] = spacing;
  return {
    shape: channels === 1 ? shape : [channels, ...shape],
    data: options.as === undefined ? planes : convertVoxels(planes, options.as, 1, 0, file),
    spacing,
    affine: affineFromColumns([x, 0, 0], [0, y, 0], [0, 0, z], [0, 0, 0]),
  };
}

/** All bytes of a file of at most `largest` bytes, 2 GiB unless told. */
export async function readBytes(source: FileSource, largest = 2 ** 31): Promise<Uint8Array<ArrayBuffer>> {
  if (source.size > largest)
    throw new VoxelgradError('format', {
      what: source.path,
      expected: `a file of at most ${largest / 2 ** 30} GiB`,
      got: `${source.size} bytes`,
    });
  const bytes = new Uint8Array(source.size);
  let filled = 0;
  for await (const chunk of source.stream()) {
    const part = chunk.subarray(0, bytes.length - filled);
    bytes.set(part, filled);
    filled += part.length;
  }
  return bytes.subarray(0, filled);
}
