/**
 * Normalisation over groups of voxels, fused with the affine map and LeakyReLU.
 * `x [n, s, c]` (any rank ≥ 2: batch first, channels last, all between is space); statistics are over space (× channels of a group).
 * Instance norm has groups = c, group norm fewer, layer norm over [space, channels] has groups = 1. Statistics are f32, two-pass (no E[x²]).
 */
import type { Operand } from '../../device/device.ts';

export interface NormSettings {
  readonly groups: number;
  readonly epsilon: number;
  /** Slope of the LeakyReLU that follows; 1 for none. */
  readonly slope: number;
}

export interface InstanceNormKernels {
  /**
   * `y = leakyRelu((x − mean) · inverseDeviation · weight + bias)`; writes `mean` and `inverseDeviation`, f32 `[n, groups]`
   * (population variance). weight and bias are f32 `[c]` or absent. x and y: f32 or f16.
   */
  normForward(
    x: Operand,
    weight: Operand | undefined,
    bias: Operand | undefined,
    y: Operand,
    mean: Operand,
    inverseDeviation: Operand,
    settings: NormSettings,
  ): void;
  /** The `y` of normForward once more, bit for bit, from the statistics that it left. */
  normAgain(
    x: Operand,
    weight: Operand | undefined,
    bias: Operand | undefined,
    mean: Operand,
    inverseDeviation: Operand,
    y: Operand,
    settings: NormSettings,
  ): void;
  /** Gradients of normForward. `dweight` and `dbias` (f32 [c]) are absent with weight and bias. */
  normBackward(
    dy: Operand,
    x: Operand,
    weight: Operand | undefined,
    bias: Operand | undefined,
    mean: Operand,
    inverseDeviation: Operand,
    dx: Operand,
    dweight: Operand | undefined,
    dbias: Operand | undefined,
    settings: NormSettings,
  ): void;
}
