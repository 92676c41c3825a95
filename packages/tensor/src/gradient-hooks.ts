/**
 * Hooks on gradients, with the semantics of PyTorch's `Tensor.register_hook`: called once in each backward() with the whole gradient of a tensor, before
 * anything behind it is computed from it; what a hook returns takes the gradient's place.
 */
import { isRecording } from './autograd.ts';
import { VoxelgradError } from './errors.ts';
import { tidy } from './scope.ts';
import { sameShape } from './shape.ts';
import type { Tensor } from './tensor.ts';

/** Sees a gradient, and may return another one of the same shape, dtype and device. */
export type GradientHook = (gradient: Tensor) => Tensor | undefined;

/** What registering a hook gives. Removing it twice does no harm. */
export interface HookHandle {
  remove(): void;
}

/** Hooks in the order of their registration; one function may be among them several times. */
export type Hooks<Result> = Set<{ readonly hook: (gradient: Tensor) => Result }>;

function add<Result>(hooks: Hooks<Result>, hook: (gradient: Tensor) => Result): HookHandle {
  const entry = { hook };
  hooks.add(entry);
  return { remove: () => void hooks.delete(entry) };
}

/** See Tensor.registerHook. */
export function registerHook(tensor: Tensor, hook: GradientHook): HookHandle {
  const { variable } = tensor;
  if (variable !== undefined) {
    variable.hooks ??= new Set();
    return add(variable.hooks, hook);
  }
  // Where nothing is recorded no gradient will ever come: so it is in the first run of a checkpointed block.
  if (!isRecording()) return { remove: () => {} };
  throw new VoxelgradError('autograd', {
    what: `a gradient hook on ${tensor}`,
    expected: 'a tensor that depends on one made by requireGradient()',
    got: 'one without history',
  });
}

/** See Tensor.registerAccumulationHook. */
export function registerAccumulationHook(tensor: Tensor, hook: (gradient: Tensor) => void): HookHandle {
  const { variable } = tensor;
  if (variable === undefined || !variable.isLeaf)
    throw new VoxelgradError('autograd', {
      what: `a hook on the accumulated gradient of ${tensor}`,
      expected: 'a tensor made by requireGradient(), which collects one',
      got: variable === undefined ? 'one without history' : 'the output of an op',
      help: 'registerHook sees the gradients of any tensor',
    });
  variable.accumulationHooks ??= new Set();
  return add(variable.accumulationHooks, hook);
}

/** The gradient after all hooks, in the order in which they were registered. Consumes the handle it is given. */
export function afterHooks(hooks: Hooks<Tensor | undefined>, gradient: Tensor, of: string): Tensor {
  let result = gradient;
  for (const { hook } of [...hooks]) {
    const before = result;
    const replacement = tidy(() => hook(before)?.alias(true));
    if (replacement === undefined) continue;
    checkReplacement(before, replacement, of);
    before.dispose();
    result = replacement;
  }
  return result;
}

function checkReplacement(gradient: Tensor, replacement: Tensor, of: string): void {
  const { device, dtype, shape } = replacement;
  if (device !== gradient.device || dtype !== gradient.dtype || !sameShape(shape, gradient.shape))
    throw new VoxelgradError('autograd', {
      what: `a gradient hook on ${of}`,
      expected: `nothing or a gradient like the one it was given, ${gradient}`,
      got: String(replacement),
    });
}
