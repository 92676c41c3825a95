/**
 * The WebGPU convolutions: implicit matrix products where rows can be gathered (one group, at most 10 taps an axis and 125 in all, which is
 * every layer of nnU-Net), a direct kernel for the rest.
 */
import type { WebgpuDevice } from '../../device/webgpu/webgpu-device.ts';
import type { Conv3dKernels } from './conv3d.kernels.ts';
import { productWebgpu, weightProductWebgpu } from './conv3d-choice.webgpu.ts';
import { directConv3d } from './conv3d-direct.webgpu.ts';
import { isGathered, kernelOf } from './conv3d-parameters.webgpu.ts';

export const conv3dWebgpu = (device: WebgpuDevice): Conv3dKernels => {
  const direct = directConv3d(device);
  return {
    conv3d(x, weight, bias, y, geometry) {
      if (isGathered(kernelOf(weight), geometry))
        productWebgpu(device, { dataGradient: false, source: x, weight, bias, result: y, geometry });
      else direct.conv3d(x, weight, bias, y, geometry);
    },
    conv3dDataGradient(dy, weight, bias, dx, geometry) {
      if (isGathered(kernelOf(weight), geometry))
        productWebgpu(device, { dataGradient: true, source: dy, weight, bias, result: dx, geometry });
      else direct.conv3dDataGradient(dy, weight, bias, dx, geometry);
    },
    conv3dWeightGradient(x, dy, dweight, geometry) {
      if (isGathered(kernelOf(dweight), geometry)) weightProductWebgpu(device, x, dy, dweight, geometry);
      else direct.conv3dWeightGradient(x, dy, dweight, geometry);
    },
  };
};
