/** What a launcher says to run a shader: its name, generated text before it, its operands, its parameters and how many workgroups. */
import type { DType } from '../../dtype.ts';
import { showShape } from '../../shape.ts';
import type { Operand } from '../device.ts';

export type Access = 'read' | 'write';

export interface Binding {
  readonly operand: Operand;
  /** 'read': `var<storage, read>`, 'write': `var<storage, read_write>`. */
  readonly access: Access;
}

export interface Dispatch {
  /** A file of `shaders/` without its ending: 'reduce/sum'. */
  readonly shader: string;
  /** Text before the shader's own: see preamble.ts. Each distinct preamble is a pipeline of its own. */
  readonly preamble: string;
  /** `@group(0) @binding(1)` and on. */
  readonly bindings: readonly Binding[];
  /**
   * The words of the uniform struct at `@group(0) @binding(0)`, at most 64: u32 or i32 as they are, f32 through floatBits. They may change from
   * call to call without a new pipeline.
   */
  readonly parameters: readonly number[];
  /** Workgroups along x, y and z: see workgroups.ts for counts that do not fit x. */
  readonly workgroups: readonly [number, number, number];
}

export const read = (operand: Operand): Binding => ({ operand, access: 'read' });
export const write = (operand: Operand): Binding => ({ operand, access: 'write' });

export { floatBits } from '../float-bits.ts';

/** Bytes of one element: u8 and bool live in 32-bit words here. */
export const elementBytes = (dtype: DType): number => (dtype === 'f16' ? 2 : 4);

/** 'conv3d/forward(f16[1, 8, 8, 8, 4], f16[3, 3, 3, 4, 8] → f16[1, 8, 8, 8, 8])' */
export function describeDispatch(dispatch: Dispatch): string {
  const show = (access: Access): string =>
    dispatch.bindings
      .filter((binding) => binding.access === access)
      .map(({ operand }) => `${operand.dtype}${showShape(operand.shape)}`)
      .join(', ');
  return `${dispatch.shader}(${[show('read'), show('write')].filter((part) => part !== '').join(' → ')})`;
}
