/** Checks that every op makes on its tensors before it hands them to a kernel. */
import type { Operand } from '../device/device.ts';
import type { DType } from '../dtype.ts';
import { VoxelgradError } from '../errors.ts';
import { type Shape, showShape } from '../shape.ts';
import { Tensor } from '../tensor.ts';

/** All tensors must live on one device. */
export function checkDevice(op: string, ...tensors: readonly (Tensor | undefined)[]): void {
  const first = tensors[0]!;
  for (const tensor of tensors)
    if (tensor !== undefined && tensor.device !== first.device)
      throw new VoxelgradError('device', {
        what: op,
        expected: 'tensors of one device',
        got: `${first} and ${tensor}`,
        help: 'read the values with data() and make a tensor on the other device',
      });
}

export function checkDType(op: string, tensor: Tensor, allowed: readonly DType[]): void {
  if (!allowed.includes(tensor.dtype))
    throw new VoxelgradError('dtype', {
      what: op,
      expected: allowed.join(' or '),
      got: String(tensor),
      help: 'cast it first',
    });
}

export function checkRank(op: string, name: string, tensor: Tensor, axes: string): void {
  const rank = axes.split(',').length;
  if (tensor.rank !== rank)
    throw new VoxelgradError('shape', { what: `${op}: ${name}`, expected: `[${axes}]`, got: showShape(tensor.shape) });
}

export function checkShapeIs(op: string, name: string, tensor: Tensor, expected: Shape): void {
  if (showShape(tensor.shape) !== showShape(expected))
    throw new VoxelgradError('shape', {
      what: `${op}: ${name}`,
      expected: showShape(expected),
      got: showShape(tensor.shape),
    });
}

/** Options that are `count` whole numbers, `least` or more. */
export function checkWholeOption(what: string, values: readonly number[], least: number, count: number): void {
  if (values.length === count && values.every((value) => Number.isInteger(value) && value >= least)) return;
  const expected =
    count === 1 ? `a whole number ≥ ${least}` : `${count} whole numbers ≥ ${least}, one an axis of space`;
  throw new VoxelgradError('option', { what, expected, got: showShape(values) });
}

/** Options that are one of a few words. */
export function checkChoice(what: string, value: string, choices: readonly string[]): void {
  if (!choices.includes(value))
    throw new VoxelgradError('option', { what, expected: choices.join(', '), got: String(value) });
}

/** A new tensor on the device of `like`. */
export const output = (like: Tensor, shape: Shape, dtype: DType = like.dtype): Tensor =>
  Tensor.empty(like.device, dtype, shape);

/** The same memory seen with another shape of the same size. For kernels only. */
export const seenAs = (operand: Operand, shape: Shape): Operand => ({
  buffer: operand.buffer,
  byteOffset: operand.byteOffset,
  dtype: operand.dtype,
  shape,
});
