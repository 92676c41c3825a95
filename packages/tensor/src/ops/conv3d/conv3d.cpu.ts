/** The convolution kernels of the cpu device: which algorithm for which shape. f16 operands are converted to f32 and back. */
import type { CpuDevice } from '../../device/cpu/cpu-device.ts';
import { inFloats } from '../copy/in-floats.cpu.ts';
import type { Conv3dKernels } from './conv3d.kernels.ts';
import { convolveDirect } from './conv3d-direct.cpu.ts';
import { convolveFewChannels, suitsFewChannels } from './conv3d-few.cpu.ts';
import { type Conv3dSizes, conv3dSizes } from './conv3d-sizes.cpu.ts';
import { convolveStrided, suitsStrided, weightGradientStrided } from './conv3d-strided.cpu.ts';
import { weightGradientDirect } from './conv3d-weight-gradient.cpu.ts';
import { convolveWinograd } from './conv3d-winograd.cpu.ts';
import { weightGradientWinograd } from './conv3d-winograd-gradient.cpu.ts';
import { suitsWinograd } from './conv3d-winograd-tiling.cpu.ts';

export const conv3dCpu = (device: CpuDevice): Conv3dKernels => ({
  conv3d(x, weight, bias, y, geometry) {
    const sizes = conv3dSizes(x, weight, y, geometry);
    const { convolve } = choose(device, sizes);
    inFloats(device, [x, weight], [y], ([x, weight], [y]) => convolve(device, sizes, x, weight, bias, y, false));
  },

  conv3dDataGradient(dy, weight, bias, dx, geometry) {
    const sizes = conv3dSizes(dx, weight, dy, geometry);
    const { convolve } = choose(device, sizes);
    inFloats(device, [dy, weight], [dx], ([dy, weight], [dx]) => convolve(device, sizes, dy, weight, bias, dx, true));
  },

  conv3dWeightGradient(x, dy, dweight, geometry) {
    const sizes = conv3dSizes(x, dweight, dy, geometry);
    const { weightGradient } = choose(device, sizes);
    inFloats(device, [x, dy], [dweight], ([x, dy], [dweight]) => weightGradient(device, sizes, x, dy, dweight));
  },
});

const ALGORITHMS = [
  { name: 'Winograd', suits: suitsWinograd, convolve: convolveWinograd, weightGradient: weightGradientWinograd },
  { name: 'strided', suits: suitsStrided, convolve: convolveStrided, weightGradient: weightGradientStrided },
  {
    name: 'few channels',
    suits: suitsFewChannels,
    convolve: convolveFewChannels,
    weightGradient: weightGradientDirect,
  },
  { name: 'direct', suits: () => true, convolve: convolveDirect, weightGradient: weightGradientDirect },
] as const;

function choose(device: CpuDevice, sizes: Conv3dSizes): (typeof ALGORITHMS)[number] {
  const algorithm = ALGORITHMS.find(({ suits }) => suits(sizes))!;
  device.choose(() => algorithm.name);
  return algorithm;
}
