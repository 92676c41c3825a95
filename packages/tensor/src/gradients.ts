/** Gradients as values instead of on leaves: torch.autograd.grad. */
import { type BackwardOptions, backward, type Variable } from './autograd.ts';
import { zeros } from './create.ts';
import { VoxelgradError } from './errors.ts';
import type { Tensor } from './tensor.ts';

/**
 * The gradient of `output` (times `gradient`; by default it must have one element) on each of `inputs`, leaves or not: tensors of the inputs' shapes,
 * zeros where the output does not depend on one. Nothing is added to any tensor's `gradient`. Frees the record unless `retainGraph` or `createGraph`. Throws
 * 'autograd' for an input without history, or an output without.
 *
 *   const [slope] = gradients(sum(f(x)), [x], { createGraph: true });
 *   const [curvature] = gradients(sum(slope!), [x]);
 */
export function gradients(
  output: Tensor,
  inputs: readonly Tensor[],
  { gradient, ...options }: BackwardOptions & { readonly gradient?: Tensor } = {},
): Tensor[] {
  const variables = inputs.map((input, i) => {
    if (input.variable !== undefined) return input.variable;
    throw new VoxelgradError('autograd', {
      what: `gradients: input ${i}, ${input}`,
      expected: 'a tensor made by requireGradient(), or one that depends on such',
      got: 'one without history',
    });
  });
  const wanted = new Map<Variable, Tensor | undefined>(variables.map((variable) => [variable, undefined]));
  try {
    backward(output, gradient, options, wanted);
    return variables.map((variable, i) => {
      const { dtype, shape, device } = inputs[i]!;
      return wanted.get(variable)?.alias(true) ?? zeros(shape, { dtype, device });
    });
  } finally {
    for (const found of wanted.values()) found?.dispose();
  }
}
