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
  return collect(output, gradient, options, variables, false).map((found, i) => {
    const { dtype, shape, device } = inputs[i]!;
    return found ?? zeros(shape, { dtype, device });
  });
}

/** The gradient of `output` times `gradient` on variables, undefined where it does not depend on one. What is behind them is not visited. */
export const gradientsUpTo = (
  output: Tensor,
  gradient: Tensor,
  variables: readonly (Variable | undefined)[],
): (Tensor | undefined)[] => collect(output, gradient, {}, variables, true);

function collect(
  output: Tensor,
  gradient: Tensor | undefined,
  options: BackwardOptions,
  variables: readonly (Variable | undefined)[],
  last: boolean,
): (Tensor | undefined)[] {
  const found = new Map<Variable, Tensor | undefined>();
  for (const variable of variables) if (variable !== undefined) found.set(variable, undefined);
  try {
    backward(output, gradient, options, { found, last });
    return variables.map((variable) => variable && found.get(variable)?.alias(true));
  } finally {
    for (const tensor of found.values()) tensor?.dispose();
  }
}
