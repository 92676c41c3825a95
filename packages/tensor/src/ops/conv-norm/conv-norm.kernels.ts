/** A convolution and the instance norm that follows it, as one unit, so that a device can take the norm's statistics while the convolution's results are at hand. */
import type { Operand } from '../../device/device.ts';
import type { Conv3dGeometry, Conv3dKernels } from '../conv3d/conv3d.kernels.ts';
import type { InstanceNormKernels, NormSettings } from '../instance-norm/instance-norm.kernels.ts';

export interface ConvNormKernels {
  /**
   * `y = conv(x, weight) + bias`, and `z`, `mean` and `inverseDeviation` as `normForward` makes them of y: all operands as conv3d and normForward have them.
   * `settings.groups` is y's number of channels.
   */
  conv3dNorm(
    x: Operand,
    weight: Operand,
    bias: Operand | undefined,
    y: Operand,
    geometry: Conv3dGeometry,
    scale: Operand | undefined,
    shift: Operand | undefined,
    z: Operand,
    mean: Operand,
    inverseDeviation: Operand,
    settings: NormSettings,
  ): void;
}

/** The one after the other. */
export const convThenNorm =
  ({ conv3d }: Conv3dKernels, { normForward }: InstanceNormKernels): ConvNormKernels['conv3dNorm'] =>
  (x, weight, bias, y, geometry, scale, shift, z, mean, inverseDeviation, settings) => {
    conv3d(x, weight, bias, y, geometry);
    normForward(y, scale, shift, z, mean, inverseDeviation, settings);
  };
