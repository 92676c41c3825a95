/** Cropping to what is not zero in any channel, and marking the zeros that are left (preprocessing/cropping/cropping.py of nnU-Net 2.8). */
import { type Box, boundingBox, boxShape, cropToBox, nonzeroMask, type VoxelArray } from '@voxelgrad/io/images';
import { type Triple, VoxelgradError } from '@voxelgrad/tensor';

export interface CroppedCase {
  readonly box: Box;
  readonly shape: Triple;
  readonly channels: readonly Float32Array[];
  /** −1 where neither mask nor labels say that there is anything; without labels, 0 inside. */
  readonly segmentation: Int16Array;
}

/**
 * All arrays are `[d, h, w]` of `shape`; `what` names the case. Throws 'dataset' for voxels that are not finite: one of them would make a whole
 * normalised channel NaN (nnU-Net's fingerprint refuses NaN, too).
 */
export function cropToNonzero(
  channels: readonly Float32Array[],
  shape: Triple,
  what: string,
  label?: VoxelArray,
): CroppedCase {
  const wholeMask = nonzeroMask(channels, shape);
  const box = boundingBox(wholeMask, shape);
  const mask = cropToBox(wholeMask, shape, box);
  const segmentation = label === undefined ? new Int16Array(mask.length) : new Int16Array(cropToBox(label, shape, box));
  for (let i = 0; i < mask.length; i++) if (mask[i] === 0 && segmentation[i] === 0) segmentation[i] = -1;
  return {
    box,
    shape: boxShape(box),
    // What is not finite is not 0, so it lies inside the box.
    channels: channels.map((channel, c) => finite(cropToBox(channel, shape, box), `channel ${c} of ${what}`)),
    segmentation,
  };
}

function finite(channel: Float32Array, what: string): Float32Array {
  // 0 × x is NaN for what is not finite, and the sum keeps it: no branch in a loop over all voxels.
  let zero = 0;
  for (let i = 0; i < channel.length; i++) zero += 0 * channel[i]!;
  if (zero === 0) return channel;
  const broken = channel.filter((value) => !Number.isFinite(value));
  throw new VoxelgradError('dataset', {
    what,
    expected: 'finite voxels',
    got: `${broken.length} that ${broken.length === 1 ? 'is' : 'are'} not, the first ${broken[0]}`,
    help: 'voxelgrad check names the files of a data set that have such voxels: set them to the background',
  });
}
