/** Elementwise kernels on WebGPU: every thread makes four neighbouring results. */
import type { Operand } from '../../device/device.ts';
import { floatBits, read, write } from '../../device/webgpu/dispatch.ts';
import { writePreamble } from '../../device/webgpu/preamble.ts';
import { mergeTail, vectorWorkgroups } from '../../device/webgpu/vectors.ts';
import type { WebgpuDevice } from '../../device/webgpu/webgpu-device.ts';
import { foldWorkgroups } from '../../device/webgpu/workgroups.ts';
import { isFloat } from '../../dtype.ts';
import { sizeOf } from '../../shape.ts';
import { binaryFunction } from './binary-functions.webgpu.ts';
import { launchBroadcast, valueType } from './broadcast.webgpu.ts';
import type { ElementwiseKernels } from './elementwise.kernels.ts';
import { UNARY_FUNCTIONS } from './unary-functions.webgpu.ts';

/** The bits of a constant in the type that an op computes in. */
const constantBits = (operand: Operand, value: number): number =>
  isFloat(operand.dtype) ? floatBits(value) : Math.trunc(value);

export const elementwiseWebgpu = (device: WebgpuDevice): ElementwiseKernels => ({
  unary(op, x, out, p) {
    const size = sizeOf(out.shape);
    const value = valueType(x.dtype);
    device.dispatch({
      shader: 'elementwise/unary',
      preamble: writePreamble({
        types: { element: x.dtype },
        code: `alias value = ${value};
fn apply(x: vec4<value>, p: value) -> vec4<value> { return ${UNARY_FUNCTIONS[op]}; }
${mergeTail('element')}`,
      }),
      bindings: [read(x), write(out)],
      parameters: [size, constantBits(x, p)],
      workgroups: foldWorkgroups(vectorWorkgroups(size)),
    });
  },

  binary(op, a, b, out, p) {
    const value = valueType(a.dtype);
    const { expression, boolean } = binaryFunction(op, value === 'i32');
    const code = `alias value = ${value};
fn apply(a: vec4<value>, b: vec4<value>, p: value) -> vec4<${boolean ? 'u32' : 'value'}> { return ${expression}; }`;
    const plan = launchBroadcast([a, b], out, constantBits(a, p), code);
    device.dispatch({
      shader: 'elementwise/binary',
      ...plan,
      bindings: [read(a), read(b), write(out)],
      workgroups: foldWorkgroups(vectorWorkgroups(sizeOf(out.shape))),
    });
  },

  where(condition, a, b, out) {
    device.dispatch({
      shader: 'elementwise/where',
      ...launchBroadcast([a, b, condition], out, 0, ''),
      bindings: [read(a), read(b), read(condition), write(out)],
      workgroups: foldWorkgroups(vectorWorkgroups(sizeOf(out.shape))),
    });
  },

  accumulate(x, target, scale) {
    const size = sizeOf(target.shape);
    device.dispatch({
      shader: 'elementwise/accumulate',
      preamble: mergeTail('f32'),
      bindings: [read(x), write(target)],
      parameters: [size, floatBits(scale)],
      workgroups: foldWorkgroups(vectorWorkgroups(size)),
    });
  },
});
