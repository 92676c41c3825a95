/** Median filters on WebGPU. */
import { read, write } from '../../device/webgpu/dispatch.ts';
import type { WebgpuDevice } from '../../device/webgpu/webgpu-device.ts';
import { foldWorkgroups } from '../../device/webgpu/workgroups.ts';
import { sizeOf } from '../../shape.ts';
import type { MedianKernels } from './median.kernels.ts';

export const medianWebgpu = (device: WebgpuDevice): MedianKernels => ({
  medianFilter(x, out, kernel) {
    const size = sizeOf(out.shape);
    const [, depth, height, width, channels] = out.shape as readonly [number, number, number, number, number];
    device.dispatch({
      shader: 'median/median',
      preamble: '',
      bindings: [read(x), write(out)],
      parameters: [size, depth, height, width, channels, ...kernel],
      workgroups: foldWorkgroups(Math.ceil(size / 256)),
    });
  },
});
