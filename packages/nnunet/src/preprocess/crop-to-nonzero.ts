/** Cropping to what is not zero in any channel, and marking the zeros that are left (preprocessing/cropping/cropping.py of nnU-Net 2.8). */
import { type Box, boundingBox, boxShape, cropToBox, nonzeroMask, type VoxelArray } from '@voxelgrad/io';
import type { Triple } from '@voxelgrad/tensor';

export interface CroppedCase {
  readonly box: Box;
  readonly shape: Triple;
  readonly channels: readonly Float32Array[];
  /** −1 where neither mask nor labels say that there is anything; without labels, 0 inside. */
  readonly segmentation: Int16Array;
}

/** All arrays are `[d, h, w]` of `shape`. */
export function cropToNonzero(channels: readonly Float32Array[], shape: Triple, label?: VoxelArray): CroppedCase {
  const wholeMask = nonzeroMask(channels, shape);
  const box = boundingBox(wholeMask, shape);
  const mask = cropToBox(wholeMask, shape, box);
  const segmentation =
    label === undefined ? new Int16Array(mask.length) : Int16Array.from(cropToBox(label, shape, box));
  for (let i = 0; i < mask.length; i++) if (mask[i] === 0 && segmentation[i] === 0) segmentation[i] = -1;
  return {
    box,
    shape: boxShape(box),
    channels: channels.map((channel) => cropToBox(channel, shape, box)),
    segmentation,
  };
}
