/** Launches the generators of random numbers. */
import { chunkFor } from '../../device/cpu/chunk.ts';
import type { CpuDevice } from '../../device/cpu/cpu-device.ts';
import type { Operand } from '../../device/device.ts';
import { floatBits } from '../../device/float-bits.ts';
import { sizeOf } from '../../shape.ts';
import type { RandomKernels, RandomState } from './random.kernels.ts';
import { uniformLimit } from './uniform-limit.ts';

export const randomCpu = (device: CpuDevice): RandomKernels => {
  const enqueue = (kernel: string, out: Operand, { seed, stream }: RandomState, constants: readonly number[]): void => {
    const size = sizeOf(out.shape);
    const chunk = chunkFor(size);
    const parameters = [device.address(out), size, chunk, ...seed, ...stream, ...constants.map(floatBits)];
    device.enqueue(kernel, Math.ceil(size / chunk), parameters);
  };
  return {
    randomUniform(out, state, low, high) {
      enqueue('randomUniform', out, state, [low, high - low, uniformLimit(low, high)]);
    },
    randomNormal(out, state, mean, deviation) {
      enqueue('randomNormal', out, state, [mean, deviation, 0]);
    },
    randomBits(out, state) {
      enqueue('randomBits', out, state, [0, 0, 0]);
    },
  };
};
