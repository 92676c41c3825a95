/** Launches softmax and its gradients. f16 is computed on f32 copies. */
import { rowsFor } from '../../device/cpu/chunk.ts';
import type { CpuDevice } from '../../device/cpu/cpu-device.ts';
import type { Operand } from '../../device/device.ts';
import { sizeOf } from '../../shape.ts';
import { inFloats } from '../copy/in-floats.cpu.ts';
import type { SoftmaxKernels } from './softmax.kernels.ts';

/** Up to this many channels, rows go side by side. */
const FEW = 16;
/** Elements whose exponentials are made in one loop. */
const BLOCK = 1024;
/** An exponential costs as much as reading about this many elements. */
const COST = 4;

export const softmaxCpu = (device: CpuDevice): SoftmaxKernels => {
  const launch = (kernel: string, x: Operand, y: Operand | undefined, out: Operand): void => {
    const channels = out.shape[out.shape.length - 1]!;
    const rows = sizeOf(out.shape) / Math.max(1, channels);
    const rowsPerItem = 4 * rowsFor(Math.ceil(rows / 4), 4 * channels * COST);
    const few = channels <= FEW;
    const block = 4 * Math.max(1, Math.floor(BLOCK / 4 / channels));
    const scratchBytes = 64 * Math.ceil((8 * block * (channels + 1)) / 64 + 1);
    const scratch = device.allocate(scratchBytes * device.threads);
    device.enqueue(`${kernel}${few ? 'Few' : 'Many'}`, Math.ceil(rows / rowsPerItem), [
      device.address(x),
      y === undefined ? 0 : device.address(y),
      device.address(out),
      device.addressOf(scratch),
      scratchBytes,
      block,
      channels,
      rows,
      rowsPerItem,
    ]);
    device.free(scratch);
  };
  const forward = (kernel: string) => (x: Operand, out: Operand) =>
    inFloats(device, [x], [out], ([x], [out]) => launch(kernel, x, undefined, out));
  const gradient = (kernel: string) => (dy: Operand, y: Operand, dx: Operand) =>
    inFloats(device, [dy, y], [dx], ([dy, y], [dx]) => launch(kernel, dy, y, dx));
  return {
    softmax: forward('softmax'),
    logSoftmax: forward('logSoftmax'),
    softmaxGradient: gradient('softmaxGradient'),
    logSoftmaxGradient: gradient('logSoftmaxGradient'),
  };
};
