/** Optimizer steps on WebGPU over whole arenas: one dispatch for all parameters of a model. */
import { floatBits, read, write } from '../../device/webgpu/dispatch.ts';
import { mergeTail, vectorWorkgroups } from '../../device/webgpu/vectors.ts';
import type { WebgpuDevice } from '../../device/webgpu/webgpu-device.ts';
import { foldWorkgroups } from '../../device/webgpu/workgroups.ts';
import { sizeOf } from '../../shape.ts';
import { reduceWebgpu } from '../reduce/reduce.webgpu.ts';
import type { OptimizerKernels } from './optimizer.kernels.ts';

/** AMSGrad divides by the largest second moment so far, Adam by the present one. */
const PRESENT = `fn largest_second_moment(second: vec4<f32>, group: u32, left: u32) -> vec4<f32> { return second; }`;
const LARGEST = `@group(0) @binding(7) var<storage, read_write> maximum: array<vec4<f32>>;
fn largest_second_moment(second: vec4<f32>, group: u32, left: u32) -> vec4<f32> {
  let before = maximum[group];
  let largest = max(before, second);
  maximum[group] = merge_tail(largest, before, left);
  return largest;
}`;

export const optimizerWebgpu = (device: WebgpuDevice): OptimizerKernels => {
  const { reduce } = reduceWebgpu(device);
  return {
    prepareStep(gradient, control, { maximumNorm, growthFactor, backoffFactor, growthInterval }) {
      const squaredNorm = device.temporary('f32', [1]);
      reduce('sumOfSquares', gradient, squaredNorm, 1, sizeOf(gradient.shape), 1);
      device.dispatch({
        shader: 'optimizer/prepare',
        preamble: '',
        bindings: [read(squaredNorm), write(control)],
        parameters: [floatBits(maximumNorm), floatBits(growthFactor), floatBits(backoffFactor), growthInterval],
        workgroups: [1, 1, 1],
      });
      device.free(squaredNorm.buffer);
    },

    sgdStep(parameter, gradient, momentum, control, learningRate, settings) {
      const size = sizeOf(parameter.shape);
      device.dispatch({
        shader: 'optimizer/sgd',
        preamble: mergeTail('f32'),
        bindings: [read(gradient), read(control), read(learningRate), write(parameter), write(momentum)],
        parameters: [
          size,
          floatBits(settings.momentum),
          floatBits(1 - settings.dampening),
          floatBits(settings.weightDecay),
          Number(settings.nesterov),
        ],
        workgroups: foldWorkgroups(vectorWorkgroups(size)),
      });
    },

    adamStep(parameter, gradient, first, second, maximum, control, learningRate, settings) {
      const size = sizeOf(parameter.shape);
      const { beta1, beta2, epsilon, weightDecay, decoupled } = settings;
      const floats = [1 - beta1, 1 - beta2, Math.log(beta1), Math.log(beta2), epsilon, weightDecay];
      device.dispatch({
        shader: 'optimizer/adam',
        preamble: `${mergeTail('f32')}\n${maximum === undefined ? PRESENT : LARGEST}`,
        bindings: [
          read(gradient),
          read(control),
          read(learningRate),
          write(parameter),
          write(first),
          write(second),
          ...(maximum === undefined ? [] : [write(maximum)]),
        ],
        parameters: [size, ...floats.map(floatBits), Number(decoupled)],
        workgroups: foldWorkgroups(vectorWorkgroups(size)),
      });
    },

    adanStep(parameter, gradient, previous, first, difference, second, control, learningRate, settings) {
      const size = sizeOf(parameter.shape);
      const { beta1, beta2, beta3, epsilon, weightDecay } = settings;
      const floats = [
        beta1,
        beta2,
        beta3,
        ...[beta1, beta2, beta3].map((beta) => Math.log1p(-beta)),
        epsilon,
        weightDecay,
      ];
      device.dispatch({
        shader: 'optimizer/adan',
        preamble: mergeTail('f32'),
        bindings: [
          read(gradient),
          read(control),
          read(learningRate),
          write(parameter),
          write(previous),
          write(first),
          write(difference),
          write(second),
        ],
        parameters: [size, ...floats.map(floatBits)],
        workgroups: foldWorkgroups(vectorWorkgroups(size)),
      });
    },
  };
};
