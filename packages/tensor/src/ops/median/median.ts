/** Median filters, for augmentation: they have no gradient. */
import { noGrad } from '../../autograd.ts';
import { fromArray } from '../../create.ts';
import { tidy } from '../../scope.ts';
import type { Triple } from '../../shape.ts';
import type { Tensor } from '../../tensor.ts';
import { gather } from '../copy/copy.ts';
import { checkDType, output } from '../operands.ts';

/**
 * The median of the `kernel` voxels around each voxel of `x [n, d, h, w, c]` (f32), channel by channel, as `scipy.ndimage.median_filter` has it: the image is
 * mirrored at its edges, of an even number of values the larger middle one counts, and of an even extent the window lies towards the beginning. No gradient.
 */
export function medianFilter(x: Tensor, kernel: Triple): Tensor {
  checkDType('medianFilter', x, ['f32']);
  return noGrad(() =>
    tidy(() => {
      const padded = kernel.reduce((wider, extent, axis) => mirrored(wider, axis + 1, extent), x);
      const out = output(x, x.shape);
      x.device.kernels.medianFilter(padded, out, kernel);
      return out;
    }),
  );
}

/** Wider along an axis by what a window of `extent` reaches over its ends. */
function mirrored(x: Tensor, axis: number, extent: number): Tensor {
  if (extent === 1) return x;
  const count = x.shape[axis]!;
  const before = Math.floor(extent / 2);
  const index = Int32Array.from({ length: count + extent - 1 }, (_, i) => {
    const place = (((i - before) % (2 * count)) + 2 * count) % (2 * count);
    return place < count ? place : 2 * count - 1 - place;
  });
  return gather(x, fromArray(index, [index.length], { device: x.device }), axis);
}
