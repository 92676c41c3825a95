/**
 * What lies beyond an image's border when a patch reaches over it, as index arithmetic.
 *
 * nnU-Net pads small images to the patch with a constant, the smaller half in front (`acvl_utils.cropping_and_padding.padding.pad_nd_image`).
 * The overlap-tile strategy of the first U-Net (Ronneberger 2015, section 2) mirrors the image instead, and adds a border all around so that
 * the voxels at the edge are seen with context on every side.
 */
import { VoxelgradError } from '@voxelgrad/tensor';

export type PaddingMode = 'constant' | 'mirror';

export interface Padding {
  readonly before: readonly number[];
  readonly after: readonly number[];
  /** The padded extents. */
  readonly shape: readonly number[];
}

/** Marks voxels that come from no voxel of the image but hold the constant. */
export const outside = -1;

/**
 * Padding that gives `image` a border of `border` voxels on both sides of each axis and makes it at least as large as `patch`. The image lies at
 * [before, before + extent) of the padded one.
 */
export function paddingToPatch(
  image: readonly number[],
  patch: readonly number[],
  border: readonly number[] = image.map(() => 0),
): Padding {
  if (image.length !== patch.length || image.length !== border.length)
    throw new VoxelgradError('shape', {
      what: 'padding to the patch',
      expected: `a patch and a border with ${image.length} axes`,
      got: `${patch.length} and ${border.length}`,
    });
  const missing = image.map((extent, axis) => Math.max(2 * border[axis]!, patch[axis]! - extent));
  const before = missing.map((voxels) => Math.floor(voxels / 2));
  const after = missing.map((voxels, axis) => voxels - before[axis]!);
  return { before, after, shape: image.map((extent, axis) => extent + missing[axis]!) };
}

/**
 * For each voxel of one padded axis the voxel of the image that it repeats, or `outside`. Mirroring does not repeat the edge voxel (as
 * `np.pad(mode='reflect')`) and goes back and forth where the border is wider than the image.
 */
export function paddingSources(extent: number, before: number, after: number, mode: PaddingMode): Int32Array {
  if (extent < 1)
    throw new VoxelgradError('shape', {
      what: 'padding',
      expected: 'an axis with at least one voxel',
      got: `${extent}`,
    });
  return Int32Array.from({ length: before + extent + after }, (_, i) => {
    const position = i - before;
    if (position >= 0 && position < extent) return position;
    return mode === 'constant' ? outside : mirrored(position, extent);
  });
}

/** 0 1 2 3 2 1 0 1 …: there and back is one period. */
function mirrored(position: number, extent: number): number {
  if (extent === 1) return 0;
  const period = 2 * (extent - 1);
  const within = ((position % period) + period) % period;
  return Math.min(within, period - within);
}
