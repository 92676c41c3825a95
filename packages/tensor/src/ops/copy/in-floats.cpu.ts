/**
 * Runs a kernel that only knows f32 on f16 operands: copies of the inputs in f32 before, the outputs rounded to f16 after. On the CPU f16 saves
 * memory, not time, so its kernels need not be fast.
 */
import type { CpuDevice } from '../../device/cpu/cpu-device.ts';
import type { Operand } from '../../device/device.ts';
import { sizeOf } from '../../shape.ts';
import { enqueueCast } from './cast.cpu.ts';

type Operands<T extends readonly Operand[]> = { readonly [K in keyof T]: Operand };

export function inFloats<In extends readonly Operand[], Out extends readonly Operand[]>(
  device: CpuDevice,
  inputs: readonly [...In],
  outputs: readonly [...Out],
  compute: (inputs: Operands<In>, outputs: Operands<Out>) => void,
): void {
  const copies: Operand[] = [];
  const inFloat = (operand: Operand): Operand => {
    if (operand.dtype !== 'f16') return operand;
    const buffer = device.allocate(4 * sizeOf(operand.shape));
    const copy: Operand = { buffer, byteOffset: 0, dtype: 'f32', shape: operand.shape };
    copies.push(copy);
    return copy;
  };
  const floatInputs = inputs.map(inFloat);
  floatInputs.forEach((copy, i) => {
    if (copy !== inputs[i]) enqueueCast(device, inputs[i]!, copy);
  });
  const floatOutputs = outputs.map(inFloat);
  compute(floatInputs as Operands<In>, floatOutputs as Operands<Out>);
  floatOutputs.forEach((copy, i) => {
    if (copy !== outputs[i]) enqueueCast(device, copy, outputs[i]!);
  });
  for (const copy of copies) device.free(copy.buffer);
}
