/**
 * The table of kernels. Both devices fill it whole, so the compiler says what a device lacks. A kernel only enqueues; shapes were checked
 * by the op that calls it. All operands are contiguous. Outputs never share memory with inputs, except where it says "in place".
 */

import type { ConvNormKernels } from './conv-norm/conv-norm.kernels.ts';
import type { Conv3dKernels } from './conv3d/conv3d.kernels.ts';
import type { CopyKernels } from './copy/copy.kernels.ts';
import type { ElementwiseKernels } from './elementwise/elementwise.kernels.ts';
import type { InstanceNormKernels } from './instance-norm/instance-norm.kernels.ts';
import type { MatmulKernels } from './matmul/matmul.kernels.ts';
import type { MedianKernels } from './median/median.kernels.ts';
import type { OptimizerKernels } from './optimizer/optimizer.kernels.ts';
import type { RandomKernels } from './random/random.kernels.ts';
import type { ReduceKernels } from './reduce/reduce.kernels.ts';
import type { ResampleKernels } from './resample/resample.kernels.ts';
import type { ResizeLabelsKernels } from './resize-labels/resize-labels.kernels.ts';
import type { SoftmaxKernels } from './softmax/softmax.kernels.ts';

export type Kernels = Conv3dKernels &
  ConvNormKernels &
  CopyKernels &
  ElementwiseKernels &
  InstanceNormKernels &
  MatmulKernels &
  MedianKernels &
  OptimizerKernels &
  RandomKernels &
  ReduceKernels &
  ResampleKernels &
  ResizeLabelsKernels &
  SoftmaxKernels;
