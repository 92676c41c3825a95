/** Random numbers on WebGPU: the blocks of the generator are independent, one a thread. */
import type { Operand } from '../../device/device.ts';
import { floatBits, write } from '../../device/webgpu/dispatch.ts';
import { writePreamble } from '../../device/webgpu/preamble.ts';
import { mergeTail, vectorWorkgroups } from '../../device/webgpu/vectors.ts';
import type { WebgpuDevice } from '../../device/webgpu/webgpu-device.ts';
import { foldWorkgroups } from '../../device/webgpu/workgroups.ts';
import { sizeOf } from '../../shape.ts';
import type { RandomKernels, RandomState } from './random.kernels.ts';
import { uniformLimit } from './uniform-limit.ts';

export const randomWebgpu = (device: WebgpuDevice): RandomKernels => {
  function draw(out: Operand, { seed, stream }: RandomState, convert: string, constants: readonly number[]): void {
    const size = sizeOf(out.shape);
    device.dispatch({
      shader: 'random/random',
      preamble: writePreamble({
        types: { result: out.dtype },
        code: `fn convert(words: vec4<u32>) -> vec4<result> { return ${convert}; }\n${mergeTail('result')}`,
      }),
      bindings: [write(out)],
      parameters: [size, ...seed, ...stream, ...constants.map(floatBits), 0],
      workgroups: foldWorkgroups(vectorWorkgroups(size)),
    });
  }
  return {
    randomUniform: (out, state, low, high) =>
      draw(out, state, 'uniform_numbers(words)', [low, high - low, uniformLimit(low, high)]),
    randomNormal: (out, state, mean, deviation) => draw(out, state, 'normal_numbers(words)', [mean, deviation, 0]),
    randomBits: (out, state) => draw(out, state, 'bitcast<vec4<i32>>(words)', [0, 0, 0]),
  };
};
