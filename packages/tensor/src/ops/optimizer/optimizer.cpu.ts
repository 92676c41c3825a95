/** Launches the optimizer kernels. */
import { chunkFor } from '../../device/cpu/chunk.ts';
import type { CpuDevice } from '../../device/cpu/cpu-device.ts';
import { floatBits } from '../../device/float-bits.ts';
import { sizeOf } from '../../shape.ts';
import type { OptimizerKernels } from './optimizer.kernels.ts';

/** A number as two floats whose sum has about 48 bits. */
function twoFloats(value: number): readonly [number, number] {
  const float = Math.fround(value);
  return [floatBits(float), floatBits(value - float)];
}

export const optimizerCpu = (device: CpuDevice): OptimizerKernels => ({
  prepareStep(gradient, control, settings) {
    const size = sizeOf(gradient.shape);
    const chunk = chunkFor(size);
    const chunks = Math.ceil(size / chunk);
    const sums = device.allocate(8 * chunks);
    const address = device.addressOf(sums);
    device.enqueue('gradientSquares', chunks, [device.address(gradient), address, size, chunk]);
    device.enqueue('prepareStep', 1, [
      address,
      chunks,
      device.address(control),
      floatBits(settings.maximumNorm),
      floatBits(settings.growthFactor),
      floatBits(settings.backoffFactor),
      floatBits(settings.growthInterval),
    ]);
    device.free(sums);
  },

  sgdStep(parameter, gradient, momentum, control, learningRate, settings) {
    const size = sizeOf(parameter.shape);
    const chunk = chunkFor(size);
    device.enqueue('sgdStep', Math.ceil(size / chunk), [
      device.address(parameter),
      device.address(gradient),
      device.address(momentum),
      device.address(control),
      size,
      chunk,
      device.address(learningRate),
      floatBits(settings.momentum),
      floatBits(1 - settings.dampening),
      floatBits(settings.weightDecay),
      settings.nesterov ? 1 : 0,
    ]);
  },

  adamStep(parameter, gradient, first, second, maximum, control, learningRate, settings) {
    const size = sizeOf(parameter.shape);
    const chunk = chunkFor(size);
    device.enqueue('adamStep', Math.ceil(size / chunk), [
      device.address(parameter),
      device.address(gradient),
      device.address(first),
      device.address(second),
      maximum === undefined ? 0 : device.address(maximum),
      device.address(control),
      size,
      chunk,
      device.address(learningRate),
      ...twoFloats(settings.beta1),
      ...twoFloats(settings.beta2),
      floatBits(settings.epsilon),
      floatBits(settings.weightDecay),
      settings.decoupled ? 1 : 0,
    ]);
  },

  adanStep(parameter, gradient, previous, first, difference, second, control, learningRate, settings) {
    const size = sizeOf(parameter.shape);
    const chunk = chunkFor(size);
    device.enqueue('adanStep', Math.ceil(size / chunk), [
      device.address(parameter),
      device.address(gradient),
      device.address(previous),
      device.address(first),
      device.address(difference),
      device.address(second),
      device.address(control),
      size,
      chunk,
      device.address(learningRate),
      ...twoFloats(settings.beta1),
      ...twoFloats(settings.beta2),
      ...twoFloats(settings.beta3),
      floatBits(settings.epsilon),
      floatBits(settings.weightDecay),
    ]);
  },
});
