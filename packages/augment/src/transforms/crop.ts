/** Cropping patches to their middle, as nnU-Net's spatial transform does where it neither rotates nor scales. */
import { pad, slice, type Tensor, type Triple, tidy } from '@voxelgrad/tensor';
import { middleStart } from '../sampling/patch-bounds.ts';
import { outsideLabel } from '../sampling/read-patches.ts';
import { onLabels, type Patches } from './transform.ts';

/** The middle `size` voxels of patches; where these are smaller, images are padded with 0 and labels with −1. */
export function applyCrop(patches: Patches, size: Triple): Patches {
  const start = middleStart([0, 0, 0], patches.label.shape.slice(1) as unknown as Triple, size);
  return tidy(() => ({
    image: cropSpace(patches.image, start, size, 0),
    ...onLabels(patches, (label) => cropSpace(label, start, size, outsideLabel)),
  }));
}

/** Crops axes 1 to 3; a start below 0 or an end beyond the extent is padded. */
function cropSpace(x: Tensor, start: Triple, size: Triple, outside: number): Tensor {
  const space = [1, 2, 3].map((axis) => x.shape[axis]!);
  const low = start.map((first) => Math.max(first, 0));
  const high = start.map((first, axis) => Math.min(first + size[axis]!, space[axis]!));
  const rest = x.shape.slice(4);
  const inside = slice(x, [0, ...low, ...rest.map(() => 0)], [x.shape[0]!, ...high, ...rest]);
  const amounts = start.map((first, axis) => [low[axis]! - first, first + size[axis]! - high[axis]!] as const);
  if (amounts.every(([before, after]) => before === 0 && after === 0)) return inside;
  return pad(inside, [[0, 0], ...amounts, ...rest.map(() => [0, 0] as const)], outside);
}
