/** The kernels of the cpu device: one factory an op. */
import type { CpuDevice } from '../device/cpu/cpu-device.ts';
import { convNormCpu } from './conv-norm/conv-norm.cpu.ts';
import { conv3dCpu } from './conv3d/conv3d.cpu.ts';
import { copyCpu } from './copy/copy.cpu.ts';
import { elementwiseCpu } from './elementwise/elementwise.cpu.ts';
import { instanceNormCpu } from './instance-norm/instance-norm.cpu.ts';
import type { Kernels } from './kernels.ts';
import { matmulCpu } from './matmul/matmul.cpu.ts';
import { medianCpu } from './median/median.cpu.ts';
import { optimizerCpu } from './optimizer/optimizer.cpu.ts';
import { randomCpu } from './random/random.cpu.ts';
import { reduceCpu } from './reduce/reduce.cpu.ts';
import { resampleCpu } from './resample/resample.cpu.ts';
import { resizeLabelsCpu } from './resize-labels/resize-labels.cpu.ts';
import { softmaxCpu } from './softmax/softmax.cpu.ts';

export const createCpuKernels = (device: CpuDevice): Kernels => ({
  ...conv3dCpu(device),
  ...convNormCpu(device),
  ...copyCpu(device),
  ...elementwiseCpu(device),
  ...instanceNormCpu(device),
  ...matmulCpu(device),
  ...medianCpu(device),
  ...optimizerCpu(device),
  ...randomCpu(device),
  ...reduceCpu(device),
  ...resampleCpu(device),
  ...resizeLabelsCpu(device),
  ...softmaxCpu(device),
});
