/**
 * How kernels with two or three operands read them (shaders/elementwise/broadcast.wgsl). Where the innermost axis allows, four neighbours are one
 * vector load, or one value where the operand is stretched along it; else they are four loads.
 */

import type { Operand } from '../../device/device.ts';
import { writePreamble } from '../../device/webgpu/preamble.ts';
import { mergeTail } from '../../device/webgpu/vectors.ts';
import { type DType, isFloat } from '../../dtype.ts';
import { sizeOf } from '../../shape.ts';
import { BROADCAST_AXES, planBroadcast } from './broadcast-plan.ts';

export interface BroadcastLaunch {
  readonly preamble: string;
  readonly parameters: readonly number[];
}

/** What kernels compute in: f32 for floats, else the stored type. */
export const valueType = (dtype: DType): 'f32' | 'i32' | 'u32' =>
  isFloat(dtype) ? 'f32' : dtype === 'i32' ? 'i32' : 'u32';

const NAMES = ['a', 'b', 'c'] as const;

/** `code`: further declarations of the preamble. `constant`: bits. */
export function launchBroadcast(
  operands: readonly Operand[],
  out: Operand,
  constant: number,
  code: string,
): BroadcastLaunch {
  const { extents, strides } = planBroadcast(
    out.shape,
    operands.map(({ shape }) => shape),
    'an elementwise op',
  );
  const last = BROADCAST_AXES - 1;
  const first = extents.findIndex((extent) => extent !== 1);
  const rank = first < 0 ? 1 : BROADCAST_AXES - first;
  const inner = strides.map((list) => list[last]!);
  const gather = rank > 1 && extents[last]! % 4 !== 0;
  const loads = operands.map(({ dtype }, i) => {
    const name = NAMES[i]!;
    const value = valueType(dtype);
    const stored = `${name}_element`;
    const vector = !gather && inner[i] === 1;
    const four = [0, 1, 2, 3].map((lane) => `${value}(${name}[at[${lane}]])`).join(', ');
    const load = vector
      ? `vec4<${value}>(${name}[at.x >> 2u])`
      : gather
        ? `vec4<${value}>(${four})`
        : `vec4<${value}>(${value}(${name}[at.x]))`;
    return `alias ${name}_storage = ${vector ? `vec4<${stored}>` : stored};
fn load_${name}(at: vec4<u32>) -> vec4<${value}> { return ${load}; }`;
  });
  const preamble = writePreamble({
    types: { ...Object.fromEntries(operands.map(({ dtype }, i) => [`${NAMES[i]}_element`, dtype])), result: out.dtype },
    constants: { RANK: `${rank}u`, GATHER: gather },
    code: [...loads, mergeTail('result'), code].join('\n'),
  });
  const axes = new Array<number>(BROADCAST_AXES * 4).fill(0);
  for (let axis = 0; axis < rank; axis++) {
    const from = last - axis;
    strides.forEach((list, i) => {
      axes[axis * 4 + i] = list[from]!;
    });
    axes[axis * 4 + 3] = extents[from]!;
  }
  return { preamble, parameters: [sizeOf(out.shape), constant, 0, 0, ...axes] };
}
