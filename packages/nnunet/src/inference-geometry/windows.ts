/**
 * Where a sliding window stands: the patches that cover an image at inference.
 *
 * `even` is nnU-Net's rule (`compute_steps_for_sliding_window`): as few windows as the step allows, spread evenly from the first voxel to the
 * last. `shifted-last` is MONAI's (`dense_patch_slices`): full steps from the first voxel, and a last window pushed back into the image.
 */
import { roundHalfEven, VoxelgradError } from '@voxelgrad/tensor';

export type WindowSpread = 'even' | 'shifted-last';

export interface WindowOptions {
  /** The step between windows as a share of the patch, in (0, 1]; 0.5 overlaps by half. MONAI's `overlap` is 1 − step. */
  readonly step?: number;
  readonly spread?: WindowSpread;
}

/** First voxels of the windows along each axis. `image` must be at least as large as `patch` (see `paddingToPatch`). */
export function windowSteps(
  image: readonly number[],
  patch: readonly number[],
  options: WindowOptions = {},
): number[][] {
  const { step = 0.5, spread = 'even' } = options;
  if (!(step > 0 && step <= 1))
    throw new VoxelgradError('option', {
      what: 'step of the sliding window',
      expected: 'a number in (0, 1]',
      got: `${step}`,
    });
  if (image.length !== patch.length || image.some((extent, axis) => extent < patch[axis]!))
    throw new VoxelgradError('shape', {
      what: 'sliding window',
      expected: `an image that holds the patch [${patch.join(', ')}]`,
      got: `[${image.join(', ')}]`,
      help: 'Pad the image to the patch first.',
    });
  const along = spread === 'even' ? evenSteps : shiftedLastSteps;
  return image.map((extent, axis) => along(extent, patch[axis]!, step));
}

/**
 * First voxels of all windows, the last axis fastest. A patch with one axis less than the image is a 2-D network's: its windows are taken
 * from every slice along the image's first axis.
 */
export function windowOrigins(
  image: readonly number[],
  patch: readonly number[],
  options: WindowOptions = {},
): number[][] {
  if (image.length === patch.length + 1) {
    const slices = Array.from({ length: image[0]! }, (_, slice) => slice);
    return combinations([slices, ...windowSteps(image.slice(1), patch, options)]);
  }
  return combinations(windowSteps(image, patch, options));
}

function evenSteps(extent: number, patch: number, step: number): number[] {
  const last = extent - patch;
  const intervals = Math.ceil(last / (patch * step));
  return Array.from({ length: intervals + 1 }, (_, i) => (intervals === 0 ? 0 : roundHalfEven((last / intervals) * i)));
}

function shiftedLastSteps(extent: number, patch: number, step: number): number[] {
  const last = extent - patch;
  const interval = Math.max(1, Math.trunc(patch * step));
  return Array.from({ length: Math.ceil(last / interval) + 1 }, (_, i) => Math.min(i * interval, last));
}

function combinations(choices: readonly (readonly number[])[]): number[][] {
  return choices.reduce<number[][]>(
    (origins, steps) => origins.flatMap((origin) => steps.map((start) => [...origin, start])),
    [[]],
  );
}
