/** Running sums on WebGPU: short rows a thread each; long ones in chunks, whose totals are summed up in turn and added back. */
import type { Operand } from '../../device/device.ts';
import { read, write } from '../../device/webgpu/dispatch.ts';
import type { WebgpuDevice } from '../../device/webgpu/webgpu-device.ts';
import { foldWorkgroups } from '../../device/webgpu/workgroups.ts';
import type { ReduceKernels } from './reduce.kernels.ts';

const INVOCATIONS = 256;
/** Elements of a chunk, as the shaders have it. */
const CHUNK = 1024;
/** Up to this length a thread a row is faster than a workgroup a row. */
const SHORT = 64;

export const cumulativeSumWebgpu = (device: WebgpuDevice): Pick<ReduceKernels, 'cumulativeSum'> => {
  function cumulativeSum(
    x: Operand,
    out: Operand,
    outer: number,
    length: number,
    inner: number,
    reverse: boolean,
  ): void {
    const rows = outer * inner;
    if (length <= SHORT) {
      device.dispatch({
        shader: 'reduce/running-sum-short',
        preamble: '',
        bindings: [read(x), write(out)],
        parameters: [rows, length, inner, Number(reverse)],
        workgroups: foldWorkgroups(Math.ceil(rows / INVOCATIONS)),
      });
      return;
    }
    const chunks = Math.ceil(length / CHUNK);
    device.choose(() => `${chunks} chunks of ${CHUNK} a row`);
    const totals = device.temporary('f32', [rows, chunks]);
    device.dispatch({
      shader: 'reduce/running-sum',
      preamble: '',
      bindings: [read(x), write(out), write(totals)],
      parameters: [rows, length, inner, Number(reverse), chunks],
      workgroups: foldWorkgroups(rows * chunks),
    });
    if (chunks > 1) {
      const sums = device.temporary('f32', [rows, chunks]);
      cumulativeSum(totals, sums, rows, chunks, 1, false);
      const size = rows * length;
      device.dispatch({
        shader: 'reduce/running-sum-add',
        preamble: '',
        bindings: [read(sums), write(out)],
        parameters: [size, length, inner, Number(reverse), chunks],
        workgroups: foldWorkgroups(Math.ceil(size / INVOCATIONS)),
      });
      device.free(sums.buffer);
    }
    device.free(totals.buffer);
  }
  return { cumulativeSum };
};
