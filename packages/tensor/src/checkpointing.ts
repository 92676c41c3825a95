/**
 * Gradient checkpointing (Chen et al. 2016): a block keeps its inputs instead of everything inside, and is computed once more in the backward pass.
 * Costs one more forward pass of the block, gives back the memory of its intermediate tensors.
 */
import { isAutocast, withAutocast } from './autocast.ts';
import { noGrad, notTwiceDifferentiable, recordAlways, withRecording } from './autograd.ts';
import { isRecomputing, withRecomputing } from './recompute.ts';
import { tidy } from './scope.ts';
import type { Tensor } from './tensor.ts';

/**
 * `block(...inputs)`, recomputed in the backward pass. The block must be a function of its inputs and of parameters alone, the same each time it is
 * called. Gradients reach both. They cannot be differentiated again.
 */
export function checkpoint<Inputs extends Tensor[]>(block: (...inputs: Inputs) => Tensor, ...inputs: Inputs): Tensor {
  const output = noGrad(() => tidy(() => block(...inputs)));
  // backward() is called outside of the scopes that the block ran in.
  const [half, frugal] = [isAutocast(), isRecomputing()];
  return recordAlways('checkpoint', inputs, output, inputs, (gradient, saved) => {
    notTwiceDifferentiable('checkpoint');
    const handles: readonly Tensor[] = saved;
    const leaves = handles.map((tensor) => (tensor.requiresGradient ? tensor.detach().requireGradient() : tensor));
    const again = withRecording(true, () =>
      withAutocast(half, () => withRecomputing(frugal, () => block(...(leaves as Inputs)))),
    );
    again.backward(gradient);
    return leaves.map((leaf, i) => (handles[i]?.requiresGradient ? leaf.gradient?.alias(true) : undefined));
  });
}
