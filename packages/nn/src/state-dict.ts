/**
 * Parameters, and what else belongs to a module's state, as named arrays in PyTorch's layout, and back: convolution weights are `[…kernel, in, out]` here and `(out, in, …kernel)` there,
 * transposed ones `[…kernel, out, in]` and `(in, out, …kernel)`, so both move the last two axes, reversed, to the front.
 */
import { noGrad, permute, type Shape, sameShape, showShape, sizeOf, VoxelgradError } from '@voxelgrad/tensor';
import type { Module } from './module.ts';

/** Values in PyTorch's layout. */
export interface NamedArray {
  readonly shape: Shape;
  readonly data: Float32Array;
}

const torchOrder = (rank: number): number[] =>
  rank < 3
    ? Array.from({ length: rank }, (_, i) => i)
    : [rank - 1, rank - 2, ...Array.from({ length: rank - 2 }, (_, i) => i)];

/** The shape that PyTorch's state dict has for a parameter of this shape. */
export const toTorchShape = (shape: Shape): number[] => torchOrder(shape.length).map((axis) => shape[axis]!);

/** The parameters' values by their official names. */
export async function stateDict(module: Module): Promise<Map<string, NamedArray>> {
  const named = module.namedState().map(([name, parameter]) => {
    const ordered = noGrad(() =>
      parameter.rank < 3 ? parameter.detach() : permute(parameter, torchOrder(parameter.rank)),
    );
    return { name, ordered };
  });
  const entries = new Map<string, NamedArray>();
  for (const { name, ordered } of named) {
    entries.set(name, { shape: ordered.shape, data: (await ordered.data()) as Float32Array });
    ordered.dispose();
  }
  return entries;
}

/** Sets the parameters. Names and shapes must fit exactly; the first that does not is named in the error ('format'). */
export function loadStateDict(module: Module, entries: ReadonlyMap<string, NamedArray>): void {
  const named = module.namedState();
  const unknown = [...entries.keys()].find((name) => !named.some(([known]) => known === name));
  if (unknown !== undefined)
    throw new VoxelgradError('format', {
      what: 'weights',
      expected: 'only parameters of this network',
      got: unknown,
      help: 'is it another architecture?',
    });
  for (const [name, parameter] of named) {
    const entry = entries.get(name);
    const shape = toTorchShape(parameter.shape);
    if (entry === undefined || !sameShape(entry.shape, shape))
      throw new VoxelgradError('format', {
        what: `the weight ${name}`,
        expected: showShape(shape),
        got: entry === undefined ? 'nothing' : showShape(entry.shape),
        help: 'the weights belong to another network',
      });
    parameter.write(fromTorchLayout(entry.data, parameter.shape));
  }
}

/** Values in PyTorch's order, reordered to those of a parameter of this shape. */
export function fromTorchLayout(data: Float32Array, shape: Shape): Float32Array {
  const values = new Float32Array(data.length);
  forEachPlace(shape, (own, torch) => {
    values[own] = data[torch]!;
  });
  return values;
}

/** The values of a parameter of this shape in PyTorch's order. */
export function toTorchLayout(data: Float32Array, shape: Shape): Float32Array {
  const values = new Float32Array(data.length);
  forEachPlace(shape, (own, torch) => {
    values[torch] = data[own]!;
  });
  return values;
}

/** Every element's place in a parameter and in PyTorch's tensor. */
function forEachPlace(shape: Shape, visit: (own: number, torch: number) => void): void {
  const size = sizeOf(shape);
  const [inner, outer] = shape.length < 3 ? [1, 1] : [shape.at(-2)!, shape.at(-1)!];
  const taps = size / (inner * outer);
  for (let tap = 0; tap < taps; tap++)
    for (let i = 0; i < inner; i++)
      for (let o = 0; o < outer; o++) visit((tap * inner + i) * outer + o, (o * inner + i) * taps + tap);
}
