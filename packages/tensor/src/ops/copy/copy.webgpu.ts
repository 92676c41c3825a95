/** Kernels on WebGPU that fill, copy, convert and gather. */
import { floatBits, read, write } from '../../device/webgpu/dispatch.ts';
import { writePreamble } from '../../device/webgpu/preamble.ts';
import { mergeTail, vectorWorkgroups } from '../../device/webgpu/vectors.ts';
import type { WebgpuDevice } from '../../device/webgpu/webgpu-device.ts';
import { foldWorkgroups } from '../../device/webgpu/workgroups.ts';
import { type DType, isFloat } from '../../dtype.ts';
import { type Shape, sizeOf } from '../../shape.ts';
import type { CopyKernels, StridedBox } from './copy.kernels.ts';

const INVOCATIONS = 256;
/** Axes of a box at most. */
const MAXIMUM_AXES = 6;

/** The preamble of kernels that move elements unseen, alone or as vectors of four. */
const unitPreamble = (dtype: DType, vector: boolean, constants: Record<string, boolean | string> = {}): string =>
  writePreamble({
    types: { element: dtype },
    constants,
    code: `alias unit = ${vector ? 'vec4<element>' : 'element'};`,
  });

/** WGSL for a vector x of the one storage type as the other. */
function conversion(from: DType, to: DType): string {
  if (to === 'bool') return `select(vec4<u32>(0u), vec4<u32>(1u), x != vec4<source>())`;
  if (isFloat(to)) return `vec4<result>(${isFloat(from) ? '' : 'vec4<f32>'}(x))`;
  const integer = isFloat(from) ? 'saturate_to_i32(vec4<f32>(x))' : 'vec4<i32>(x)';
  return to === 'i32' ? integer : `saturate_to_u8(${integer})`;
}

/** Slowest axis of the target first, so that neighbouring threads write neighbouring elements. */
function sortAxes({ shape, fromStrides, toStrides }: StridedBox): { extent: number; from: number; to: number }[] {
  return shape
    .map((extent, axis) => ({ extent, from: fromStrides[axis]!, to: toStrides[axis]! }))
    .sort((a, b) => Math.abs(b.to) - Math.abs(a.to));
}

/** [outer, extent of the axis, inner] of a tensor. */
function aroundAxis(shape: Shape, axis: number): readonly [number, number, number] {
  return [sizeOf(shape.slice(0, axis)), shape[axis]!, sizeOf(shape.slice(axis + 1))];
}

export const copyWebgpu = (device: WebgpuDevice): CopyKernels => ({
  fill(out, value) {
    const size = sizeOf(out.shape);
    const float = isFloat(out.dtype);
    const converted = float ? 'element(bitcast<f32>(bits))' : 'bitcast<element>(bits)';
    device.dispatch({
      shader: 'copy/fill',
      preamble: writePreamble({
        types: { element: out.dtype },
        code: `fn from_bits(bits: u32) -> element { return ${converted}; }\n${mergeTail('element')}`,
      }),
      bindings: [write(out)],
      parameters: [size, float ? floatBits(value) : Math.trunc(value)],
      workgroups: foldWorkgroups(vectorWorkgroups(size)),
    });
  },

  stridedCopy(x, out, box) {
    const axes = sortAxes(box);
    const { fromOffset, toOffset } = box;
    const inner = axes.at(-1)!;
    const whole = [fromOffset, toOffset, inner.extent, ...axes.slice(0, -1).flatMap(({ from, to }) => [from, to])];
    const vector = inner.from === 1 && inner.to === 1 && whole.every((number) => number % 4 === 0);
    device.choose(() => (vector ? 'vectors of four' : 'single elements'));
    const unit = vector ? 4 : 1;
    const words = new Array<number>(MAXIMUM_AXES * 4).fill(0);
    axes.reverse().forEach(({ extent, from, to }, i) => {
      words.splice(i * 4, 3, ...(i === 0 ? [from, to, extent / unit] : [from / unit, to / unit, extent]));
    });
    const count = sizeOf(box.shape) / unit;
    device.dispatch({
      shader: 'copy/strided',
      preamble: unitPreamble(x.dtype, vector, { RANK: `${axes.length}u` }),
      bindings: [read(x), write(out)],
      parameters: [count, fromOffset / unit, toOffset / unit, 0, ...words],
      workgroups: foldWorkgroups(Math.ceil(count / INVOCATIONS)),
    });
  },

  cast(x, out) {
    const size = sizeOf(out.shape);
    const convert = `fn convert(x: vec4<source>) -> vec4<result> { return ${conversion(x.dtype, out.dtype)}; }`;
    device.dispatch({
      shader: 'copy/cast',
      preamble: writePreamble({
        types: { source: x.dtype, result: out.dtype },
        code: `${convert}\n${mergeTail('result')}`,
      }),
      bindings: [read(x), write(out)],
      parameters: [size],
      workgroups: foldWorkgroups(vectorWorkgroups(size)),
    });
  },

  gather(x, index, out, axis) {
    const [outer, extent, inner] = aroundAxis(x.shape, axis);
    const unit = inner % 4 === 0 ? 4 : 1;
    const indices = sizeOf(index.shape);
    const count = (outer * indices * inner) / unit;
    device.dispatch({
      shader: 'copy/gather',
      preamble: unitPreamble(x.dtype, unit === 4, { EACH: false }),
      bindings: [read(x), read(index), write(out)],
      parameters: [count, indices, extent, inner / unit],
      workgroups: foldWorkgroups(Math.ceil(count / INVOCATIONS)),
    });
  },

  scatterAdd(x, index, out, axis) {
    const [outer, extent, inner] = aroundAxis(out.shape, axis);
    const count = outer * extent * inner;
    device.dispatch({
      shader: 'copy/scatter-add',
      preamble: '',
      bindings: [read(x), read(index), write(out)],
      parameters: [count, sizeOf(index.shape), extent, inner],
      workgroups: foldWorkgroups(Math.ceil(count / INVOCATIONS)),
    });
  },

  gatherElements(x, index, out, axis) {
    const [, extent, inner] = aroundAxis(x.shape, axis);
    const count = sizeOf(index.shape);
    device.dispatch({
      shader: 'copy/gather',
      preamble: unitPreamble(x.dtype, false, { EACH: true }),
      bindings: [read(x), read(index), write(out)],
      parameters: [count, index.shape[axis]!, extent, inner],
      workgroups: foldWorkgroups(Math.ceil(count / INVOCATIONS)),
    });
  },

  scatterAddElements(x, index, out, axis) {
    const [outer, extent, inner] = aroundAxis(out.shape, axis);
    const columns = outer * inner;
    device.dispatch({
      shader: 'copy/scatter-add-elements',
      preamble: '',
      bindings: [read(x), read(index), write(out)],
      parameters: [columns, index.shape[axis]!, extent, inner],
      workgroups: foldWorkgroups(Math.ceil(columns / INVOCATIONS)),
    });
  },
});
