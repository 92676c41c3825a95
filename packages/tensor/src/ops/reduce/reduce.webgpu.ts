/** Reductions on WebGPU. Long axes are reduced in steps, each with partial results in f32 (i32 for integers). */
import type { Operand } from '../../device/device.ts';
import { floatBits, read, write } from '../../device/webgpu/dispatch.ts';
import { writePreamble } from '../../device/webgpu/preamble.ts';
import type { WebgpuDevice } from '../../device/webgpu/webgpu-device.ts';
import { foldWorkgroups } from '../../device/webgpu/workgroups.ts';
import type { DType } from '../../dtype.ts';
import type { ReduceKernels, ReduceOp } from './reduce.kernels.ts';
import { layOutReduction } from './reduce-layout.webgpu.ts';
import { cumulativeSumWebgpu } from './running-sum.webgpu.ts';

const valueType = (dtype: DType): 'f32' | 'i32' => (dtype === 'i32' ? 'i32' : 'f32');

const IS_NAN = 'fn is_nan(x: f32) -> bool { return (bitcast<u32>(x) & 0x7fffffffu) > 0x7f800000u; }';

/** The functions start, prepare, combine and finish of reduce.wgsl. */
function reduceFunctions(op: ReduceOp, value: 'f32' | 'i32'): string {
  const sum = op !== 'max' && op !== 'min';
  const sign = op === 'max' ? '>' : '<';
  const combine = sum ? 'a + b' : value === 'i32' ? `${op}(a, b)` : `select(b, a, a ${sign} b || is_nan(a))`;
  const start = sum
    ? 'value()'
    : value === 'i32'
      ? op === 'max'
        ? 'i32(-2147483648)'
        : '2147483647'
      : 'bitcast<f32>(start_bits)';
  return `alias value = ${value};
${IS_NAN}
var<private> start_bits: u32 = ${op === 'max' ? '0xff800000u' : '0x7f800000u'};
fn start() -> value { return ${start}; }
fn prepare(x: value) -> value { return ${op === 'sumOfSquares' ? 'x * x' : 'x'}; }
fn combine(a: value, b: value) -> value { return ${combine}; }
fn finish(x: value) -> value { return ${op === 'mean' ? 'x * parameters.scale' : 'x'}; }`;
}

/** What is left to do with partial results. */
const nextOp = (op: ReduceOp): ReduceOp => (op === 'sumOfSquares' ? 'sum' : op);

export const reduceWebgpu = (device: WebgpuDevice): ReduceKernels => {
  function reduce(op: ReduceOp, x: Operand, out: Operand, outer: number, reduced: number, inner: number): void {
    // A mean is scaled once, by the number of elements of the whole axis.
    reduceSteps(op, x, out, outer, reduced, inner, 1 / reduced);
  }

  function reduceSteps(
    op: ReduceOp,
    x: Operand,
    out: Operand,
    outer: number,
    reduced: number,
    inner: number,
    scale: number,
  ): void {
    const { rows, rowsNeighbour, chunk, chunks, blocks } = layOutReduction(outer, reduced, inner, false);
    device.choose(() => `${rows} threads an output, ${chunks} chunks of ${chunk}`);
    const value = valueType(x.dtype);
    const last = chunks === 1;
    const target = last ? out : device.temporary(value, [outer, chunks, inner]);
    device.dispatch({
      shader: 'reduce/reduce',
      preamble: writePreamble({
        types: { element: x.dtype, result: target.dtype },
        code: reduceFunctions(op === 'mean' && !last ? 'sum' : op, value),
      }),
      bindings: [read(x), write(target)],
      parameters: [outer * inner, reduced, inner, rows, Number(rowsNeighbour), chunk, chunks, blocks, floatBits(scale)],
      workgroups: foldWorkgroups(blocks * chunks),
    });
    if (last) return;
    reduceSteps(nextOp(op), target, out, outer, chunks, inner, scale);
    device.free(target.buffer);
  }

  return {
    reduce,

    argReduce(op, x, out, outer, reduced, inner) {
      const { rows, rowsNeighbour, blocks } = layOutReduction(outer, reduced, inner, true);
      device.choose(() => `${rows} threads an output`);
      const value = valueType(x.dtype);
      const better = `a ${op === 'max' ? '>' : '<'} b`;
      const beats = value === 'i32' ? better : `${better} || (is_nan(a) && !is_nan(b))`;
      device.dispatch({
        shader: 'reduce/arg-reduce',
        preamble: writePreamble({
          types: { element: x.dtype },
          code: `alias value = ${value};\n${IS_NAN}\nfn beats(a: value, b: value) -> bool { return ${beats}; }`,
        }),
        bindings: [read(x), write(out)],
        parameters: [outer * inner, reduced, inner, rows, Number(rowsNeighbour)],
        workgroups: foldWorkgroups(blocks),
      });
    },

    ...cumulativeSumWebgpu(device),
  };
};
