/** On the cpu device a convolution's results go through memory before they are normalised. */
import type { CpuDevice } from '../../device/cpu/cpu-device.ts';
import { conv3dCpu } from '../conv3d/conv3d.cpu.ts';
import { instanceNormCpu } from '../instance-norm/instance-norm.cpu.ts';
import { type ConvNormKernels, convThenNorm } from './conv-norm.kernels.ts';

export const convNormCpu = (device: CpuDevice): ConvNormKernels => ({
  conv3dNorm: convThenNorm(conv3dCpu(device), instanceNormCpu(device)),
});
