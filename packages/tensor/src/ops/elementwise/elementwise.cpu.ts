/** Launches the elementwise kernels. f16 is computed on f32 copies. */
import { chunkFor } from '../../device/cpu/chunk.ts';
import type { CpuDevice } from '../../device/cpu/cpu-device.ts';
import type { Operand } from '../../device/device.ts';
import { floatBits } from '../../device/float-bits.ts';
import type { DType } from '../../dtype.ts';
import { sizeOf } from '../../shape.ts';
import { inFloats } from '../copy/in-floats.cpu.ts';
import { planBroadcast } from './broadcast-plan.ts';
import type { ElementwiseKernels, UnaryOp } from './elementwise.kernels.ts';

const LOGICAL: readonly string[] = ['and', 'or', 'xor'];

/** Powers that have a kernel of their own. */
const SIMPLE_POWERS: ReadonlyMap<number, UnaryOp> = new Map([
  [2, 'square'],
  [0.5, 'sqrt'],
  [-0.5, 'rsqrt'],
  [-1, 'reciprocal'],
]);

const capital = (name: string): string => name.charAt(0).toUpperCase() + name.slice(1);

const constantBits = (dtype: DType, p: number): number => (dtype === 'f32' ? floatBits(p) : Math.trunc(p));

/** Kernels whose names carry no prefix are for f32. */
function kernelPrefix(dtype: DType): string {
  if (dtype === 'f32') return '';
  return dtype === 'i32' ? 'Int' : 'Byte';
}

function whereKernel(dtype: DType): string {
  if (dtype === 'f16') return 'whereHalf';
  return dtype === 'f32' || dtype === 'i32' ? 'whereWord' : 'whereByte';
}

export const elementwiseCpu = (device: CpuDevice): ElementwiseKernels => {
  const broadcast = (
    kernel: string,
    a: Operand,
    b: Operand,
    condition: Operand | undefined,
    out: Operand,
    p: number,
  ): void => {
    const operands = condition === undefined ? [a, b] : [a, b, condition];
    const shapes = operands.map((operand) => operand.shape);
    const { extents, strides } = planBroadcast(out.shape, shapes, kernel);
    const inner = extents[extents.length - 1]!;
    const size = sizeOf(out.shape);
    const rows = size / Math.max(1, inner);
    const chunk = chunkFor(size);
    const pieces = inner > 2 * chunk ? Math.ceil(inner / chunk) : 1;
    const rowsPerItem = Math.max(1, Math.floor(chunk / inner));
    device.enqueue(kernel, Math.ceil(rows / rowsPerItem) * pieces, [
      device.address(a),
      device.address(b),
      condition === undefined ? 0 : device.address(condition),
      device.address(out),
      p,
      rows,
      rowsPerItem,
      pieces,
      pieces === 1 ? inner : chunk,
      ...extents,
      ...strides.flat(),
    ]);
  };

  const kernels: ElementwiseKernels = {
    unary(op, x, out, p) {
      if (x.dtype === 'f16') return inFloats(device, [x], [out], ([x], [out]) => kernels.unary(op, x, out, p));
      const kernel = op === 'power' ? (SIMPLE_POWERS.get(p) ?? op) : op;
      const size = sizeOf(out.shape);
      const chunk = chunkFor(size);
      const name = `unary${kernelPrefix(x.dtype)}${capital(kernel)}`;
      device.enqueue(name, Math.ceil(size / chunk), [
        device.address(x),
        device.address(out),
        size,
        chunk,
        constantBits(x.dtype, p),
      ]);
    },

    binary(op, a, b, out, p) {
      if (a.dtype === 'f16') {
        if (out.dtype === 'f16') inFloats(device, [a, b], [out], ([a, b], [out]) => kernels.binary(op, a, b, out, p));
        else inFloats(device, [a, b], [], ([a, b]) => kernels.binary(op, a, b, out, p));
        return;
      }
      const prefix = LOGICAL.includes(op) ? 'Byte' : kernelPrefix(a.dtype);
      broadcast(`binary${prefix}${capital(op)}`, a, b, undefined, out, constantBits(a.dtype, p));
    },

    where(condition, a, b, out) {
      broadcast(whereKernel(out.dtype), a, b, condition, out, 0);
    },

    accumulate(x, target, scale) {
      const size = sizeOf(target.shape);
      const chunk = chunkFor(size);
      const parameters = [device.address(x), device.address(target), size, chunk, floatBits(scale)];
      device.enqueue('accumulate', Math.ceil(size / chunk), parameters);
    },
  };
  return kernels;
};
