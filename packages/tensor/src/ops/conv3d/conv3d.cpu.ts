/** The convolution kernels of the cpu device: which algorithm for which shape. */
import type { CpuDevice } from '../../device/cpu/cpu-device.ts';
import type { Operand } from '../../device/device.ts';
import { VoxelgradError } from '../../errors.ts';
import type { Conv3dKernels } from './conv3d.kernels.ts';
import { convolveDirect } from './conv3d-direct.cpu.ts';
import { conv3dSizes } from './conv3d-sizes.cpu.ts';
import { weightGradientDirect } from './conv3d-weight-gradient.cpu.ts';
import { convolveWinograd, suitsWinograd, weightGradientWinograd } from './conv3d-winograd.cpu.ts';

export const conv3dCpu = (device: CpuDevice): Conv3dKernels => ({
  conv3d(x, weight, bias, y, geometry) {
    requireF32('conv3d', x, weight, y);
    const sizes = conv3dSizes(x, weight, y, geometry);
    const convolve = suitsWinograd(sizes) ? convolveWinograd : convolveDirect;
    convolve(device, sizes, x, weight, bias, y, false);
  },

  conv3dDataGradient(dy, weight, bias, dx, geometry) {
    requireF32('conv3dDataGradient', dy, weight, dx);
    const sizes = conv3dSizes(dx, weight, dy, geometry);
    const convolve = suitsWinograd(sizes) ? convolveWinograd : convolveDirect;
    convolve(device, sizes, dy, weight, bias, dx, true);
  },

  conv3dWeightGradient(x, dy, dweight, geometry) {
    requireF32('conv3dWeightGradient', x, dy, dweight);
    const sizes = conv3dSizes(x, dweight, dy, geometry);
    const weightGradient = suitsWinograd(sizes) ? weightGradientWinograd : weightGradientDirect;
    weightGradient(device, sizes, x, dy, dweight);
  },
});

function requireF32(kernel: string, ...operands: readonly Operand[]): void {
  const other = operands.find((operand) => operand.dtype !== 'f32');
  if (other !== undefined)
    throw new VoxelgradError('dtype', {
      what: `${kernel} on the cpu`,
      expected: 'f32',
      got: other.dtype,
      help: 'cast it first',
    });
}
