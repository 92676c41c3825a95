/**
 * Gradient checkpointing (Chen et al. 2016): a block keeps its inputs instead of everything inside, and is computed once more in the backward pass.
 * Costs one more forward pass of the block, gives back the memory of its intermediate tensors.
 */
import { isAutocast, withAutocast } from './autocast.ts';
import { markUsed, notTwiceDifferentiable, recordFrom, traced, withRecording } from './autograd.ts';
import { gradientsUpTo } from './gradients.ts';
import { isRecomputing, withRecomputing } from './recompute.ts';
import { tidy } from './scope.ts';
import { Switch } from './switch.ts';
import type { Tensor } from './tensor.ts';

const again = new Switch('checkpoint', false);

/**
 * Runs `work` in the first pass of checkpointed blocks only, and wherever nothing is checkpointed: for what a layer does once for each batch besides
 * computing its output, such as moving running statistics. Without it the second pass, in the backward pass, would do it again.
 */
export function inFirstPass(work: () => void): void {
  if (!again.on) work();
}

/**
 * `block(...inputs)`, recomputed in the backward pass. The block's output must be a function of its inputs and of parameters alone, the same each time
 * it is called; what else it changes it changes by `inFirstPass`. Gradients reach both, as if the block were one op made from all of them. They cannot be
 * differentiated again. A block that depends on nothing that needs a gradient is not recorded.
 */
export function checkpoint<Inputs extends Tensor[]>(block: (...inputs: Inputs) => Tensor, ...inputs: Inputs): Tensor {
  const { output, variables } = traced(() =>
    tidy(() => {
      const result = block(...inputs);
      markUsed([result.variable]);
      // A handle of its own: what the block returns may be an input or a parameter, which have their places in the record.
      return result.detach();
    }),
  );
  if (variables.size === 0) return output;
  const entries = inputs.map(({ variable }) => variable);
  const closedOver = [...variables].filter((variable) => !entries.includes(variable));
  // backward() is called outside of the scopes that the block ran in.
  const [half, frugal] = [isAutocast(), isRecomputing()];
  return recordFrom('checkpoint', [...entries, ...closedOver], output, inputs, (gradient, saved) => {
    notTwiceDifferentiable('checkpoint');
    const handles: readonly Tensor[] = saved;
    const leaves = handles.map((tensor) => (tensor.requiresGradient ? tensor.detach().requireGradient() : tensor));
    const compute = (): Tensor => again.run(true, () => block(...(leaves as Inputs)));
    const output = withRecording(true, () => withAutocast(half, () => withRecomputing(frugal, compute)));
    if (output.variable === undefined) return [];
    return gradientsUpTo(output, gradient, [...leaves.map(({ variable }) => variable), ...closedOver]);
  });
}
