/** The three directions of a 3-D convolution. A transposed convolution is the data gradient run forward. */
import type { Operand } from '../../device/device.ts';
import type { Triple } from '../../shape.ts';

/** How output voxels meet input voxels: `input = output · stride − padding + tap · dilation`. */
export interface Conv3dGeometry {
  readonly stride: Triple;
  readonly padding: Triple;
  readonly dilation: Triple;
  /** Input channels are split into this many groups, and output channels likewise. */
  readonly groups: number;
}

/**
 * Shapes: `x [n, d, h, w, cin]`, `weight [kd, kh, kw, cin / groups, cout]`, `y [n, od, oh, ow, cout]`, `bias [cout]`.
 * f32 everywhere, or x, weight and y in f16 with sums in f32 and an f32 bias.
 */
export interface Conv3dKernels {
  /** `y = conv(x, weight) + bias`. */
  conv3d(x: Operand, weight: Operand, bias: Operand | undefined, y: Operand, geometry: Conv3dGeometry): void;
  /**
   * `dx = convᵀ(dy, weight) (+ bias over dx's channels)`: the gradient of conv3d with respect to x, for the whole of x (voxels that no
   * window reads get bias or 0). With a bias it is the forward pass of a transposed convolution.
   */
  conv3dDataGradient(
    dy: Operand,
    weight: Operand,
    bias: Operand | undefined,
    dx: Operand,
    geometry: Conv3dGeometry,
  ): void;
  /** `dweight`: the gradient of conv3d with respect to weight (f32), summed in a fixed order. */
  conv3dWeightGradient(x: Operand, dy: Operand, dweight: Operand, geometry: Conv3dGeometry): void;
}
