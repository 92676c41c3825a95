/** The kernels of the cpu device: one factory an op. */
import type { CpuDevice } from '../device/cpu/cpu-device.ts';
import { copyCpu } from './copy/copy.cpu.ts';
import { elementwiseCpu } from './elementwise/elementwise.cpu.ts';
import type { Kernels } from './kernels.ts';

export const createCpuKernels = (device: CpuDevice): Kernels =>
  ({
    ...copyCpu(device),
    ...elementwiseCpu(device),
  }) as unknown as Kernels;
