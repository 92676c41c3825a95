/** Launches the generators of random numbers. */
import { chunkFor } from '../../device/cpu/chunk.ts';
import type { CpuDevice } from '../../device/cpu/cpu-device.ts';
import type { Operand } from '../../device/device.ts';
import { floatBits } from '../../device/float-bits.ts';
import { sizeOf } from '../../shape.ts';
import type { RandomKernels, RandomState } from './random.kernels.ts';

/** The largest float below a finite float. */
function floatBelow(value: number): number {
  const float = new Float32Array([value]);
  const word = new Int32Array(float.buffer);
  if (float[0] === 0) return -(2 ** -149);
  word[0] = word[0]! + (float[0]! > 0 ? -1 : 1);
  return float[0]!;
}

export const randomCpu = (device: CpuDevice): RandomKernels => {
  const enqueue = (kernel: string, out: Operand, { seed, stream }: RandomState, constants: readonly number[]): void => {
    const size = sizeOf(out.shape);
    const chunk = chunkFor(size);
    const parameters = [device.address(out), size, chunk, ...seed, ...stream, ...constants.map(floatBits)];
    device.enqueue(kernel, Math.ceil(size / chunk), parameters);
  };
  return {
    randomUniform(out, state, low, high) {
      const limit = Math.fround(low) < Math.fround(high) ? floatBelow(high) : Number.POSITIVE_INFINITY;
      enqueue('randomUniform', out, state, [low, high - low, limit]);
    },
    randomNormal(out, state, mean, deviation) {
      enqueue('randomNormal', out, state, [mean, deviation, 0]);
    },
    randomBits(out, state) {
      enqueue('randomBits', out, state, [0, 0, 0]);
    },
  };
};
