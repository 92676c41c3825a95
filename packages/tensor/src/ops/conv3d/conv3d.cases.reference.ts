/** The convolutions that kernels are tested with. */
import type { Shape, Triple } from '../../shape.ts';
import type { Conv3dGeometry } from './conv3d.kernels.ts';
import type { ConvolutionCase } from './conv3d.reference.ts';

/** The same along all axes. */
export const all = (value: number): Triple => [value, value, value];

export function convolution(
  x: Shape,
  cout: number,
  kernel: Triple,
  { stride = all(1), padding = all(0), dilation = all(1), groups = 1 }: Partial<Conv3dGeometry> = {},
): ConvolutionCase {
  return { x, cout, kernel, geometry: { stride, padding, dilation, groups } };
}

/** Every kind of convolution, and every edge that a kernel may trip over. */
export const CONVOLUTIONS: Readonly<Record<string, ConvolutionCase>> = {
  'a segmentation head, 1×1×1, 32 → 3': convolution([2, 3, 4, 5, 32], 3, all(1)),
  '1×1×1, 17 → 4': convolution([1, 3, 5, 4, 17], 4, all(1)),
  '1×1×1 with stride 2, 4 → 8': convolution([1, 5, 6, 7, 4], 8, all(1), { stride: all(2) }),
  'the first layer, 3×3×3, 1 → 32': convolution([1, 5, 6, 7, 1], 32, all(3), { padding: all(1) }),
  '3×3×3, 3 → 4': convolution([2, 4, 5, 3, 3], 4, all(3), { padding: all(1) }),
  '3×3×3, 4 → 4': convolution([1, 5, 4, 7, 4], 4, all(3), { padding: all(1) }),
  '3×3×3, 32 → 32': convolution([1, 5, 6, 7, 32], 32, all(3), { padding: all(1) }),
  '3×3×3, 17 → 17': convolution([1, 4, 3, 5, 17], 17, all(3), { padding: all(1) }),
  '3×3×3, 8 → 72': convolution([1, 3, 4, 5, 8], 72, all(3), { padding: all(1) }),
  '3×3×3 without padding, 16 → 12': convolution([2, 5, 4, 6, 16], 12, all(3)),
  '3×3×3 with stride 2, 8 → 16': convolution([2, 7, 6, 5, 8], 16, all(3), { stride: all(2), padding: all(1) }),
  '3×3×3 with stride 2, 3 → 5': convolution([1, 6, 5, 8, 3], 5, all(3), { stride: all(2), padding: all(1) }),
  '3×3×3 with stride 1, 2, 2': convolution([1, 4, 7, 6, 4], 8, all(3), { stride: [1, 2, 2], padding: all(1) }),
  '3×3×3 with dilation 2': convolution([1, 6, 7, 5, 4], 4, all(3), { padding: all(2), dilation: all(2) }),
  '3×3×3 with stride 2 and dilation 2': convolution([1, 7, 8, 6, 4], 4, all(3), {
    stride: all(2),
    padding: all(2),
    dilation: all(2),
  }),
  '3×3×3 with stride 3 and dilation 2': convolution([1, 9, 8, 7, 4], 8, all(3), {
    stride: all(3),
    padding: [1, 2, 0],
    dilation: [2, 1, 2],
  }),
  '1×3×3, 4 → 8': convolution([2, 3, 6, 5, 4], 8, [1, 3, 3], { padding: [0, 1, 1] }),
  '1×3×3 with stride 1, 2, 2': convolution([1, 3, 6, 7, 4], 8, [1, 3, 3], { stride: [1, 2, 2], padding: [0, 1, 1] }),
  '2×2×2 with stride 2, as upsampling transposes, 32 → 16': convolution([1, 4, 6, 4, 32], 16, all(2), {
    stride: all(2),
  }),
  '2×2×2 with stride 2, odd extents': convolution([1, 5, 7, 3, 3], 6, all(2), { stride: all(2) }),
  '1×2×2 with stride 1, 2, 2': convolution([1, 3, 4, 6, 8], 4, [1, 2, 2], { stride: [1, 2, 2] }),
  '1×1×1 with stride 3: voxels that no window reads': convolution([1, 5, 4, 7, 4], 4, all(1), { stride: all(3) }),
  '5×5×5': convolution([1, 6, 5, 7, 4], 4, all(5), { padding: all(2) }),
  '7×7×7': convolution([1, 4, 5, 7, 2], 4, all(7), { padding: all(3) }),
  '1×1×11: a long axis': convolution([1, 2, 3, 13, 4], 4, [1, 1, 11], { padding: [0, 0, 5] }),
  'two groups': convolution([1, 4, 5, 3, 8], 4, all(3), { padding: all(1), groups: 2 }),
  'groups with stride and dilation': convolution([1, 6, 7, 5, 6], 9, [3, 2, 3], {
    stride: [2, 1, 2],
    padding: [1, 0, 2],
    dilation: [1, 2, 2],
    groups: 3,
  }),
  depthwise: convolution([1, 5, 4, 6, 17], 17, all(3), { padding: all(1), groups: 17 }),
  'one voxel': convolution([1, 1, 1, 1, 4], 8, all(3), { padding: all(1) }),
};
