/** Where a patch may start (nnunetv2/training/dataloading/data_loader.py: `get_bbox`, v2.8.1). */
import type { Triple } from '@voxelgrad/tensor';

export interface PatchBounds {
  /** Smallest and largest start on each axis, both inclusive. */
  readonly lowest: Triple;
  readonly highest: Triple;
}

const each = (value: (axis: number) => number): Triple => [value(0), value(1), value(2)];

/**
 * A patch of `size` voxels may hang over the case's border by half of what it is larger than `final`, the patch that the network gets, so that the
 * border is seen as often as the middle; where the case is smaller still, by as much as centres it.
 */
export function patchBounds(shape: Triple, size: Triple, final: Triple): PatchBounds {
  const padding = each((axis) => Math.max(size[axis]! - final[axis]!, size[axis]! - shape[axis]!));
  return {
    lowest: each((axis) => 0 - Math.ceil(padding[axis]! / 2)),
    highest: each((axis) => shape[axis]! + Math.ceil(padding[axis]! / 2) - size[axis]!),
  };
}

/** The start of a patch centred on a voxel. It is kept from starting too low, but not, as in nnU-Net, from ending too high. */
export const centredStart = (voxel: Triple, size: Triple, { lowest }: PatchBounds): Triple =>
  each((axis) => Math.max(lowest[axis]!, voxel[axis]! - Math.floor(size[axis]! / 2)));

/** The start of the patch of `final` voxels in the middle of one of `size` that starts at `start`, as nnU-Net crops it. */
export const middleStart = (start: Triple, size: Triple, final: Triple): Triple =>
  each((axis) => start[axis]! + Math.floor(size[axis]! / 2) - Math.floor(final[axis]! / 2));
