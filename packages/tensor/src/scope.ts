/**
 * Scopes free what is made inside them: `tidy(() => …)` disposes of every tensor made during the call except those it returns. Nothing waits
 * for the garbage collector, which knows nothing of device memory.
 */
import { VoxelgradError } from './errors.ts';

interface Disposable {
  dispose(): void;
}

const scopes: Set<Disposable>[] = [];

/** Makes the innermost scope responsible for `tensor`. Called for every new tensor. */
export function enterScope(tensor: Disposable): void {
  scopes.at(-1)?.add(tensor);
}

export function leaveScope(tensor: Disposable): void {
  for (let i = scopes.length - 1; i >= 0; i--) if (scopes[i]!.delete(tensor)) return;
}

/**
 * Runs `work` and disposes of all tensors made meanwhile, but for those that it returns: a tensor, or arrays and plain objects of them.
 * `work` must not be asynchronous: tensors that others make while it waits would be swept up.
 */
export function tidy<Result>(work: () => Result): Result {
  const scope = new Set<Disposable>();
  scopes.push(scope);
  let kept: Set<unknown>;
  let result: Result;
  try {
    result = work();
    if (result instanceof Promise)
      throw new VoxelgradError('option', {
        what: 'tidy',
        expected: 'a function that returns at once',
        got: 'one that returns a promise',
        help: 'await outside of tidy, or dispose of the tensors yourself',
      });
    kept = collect(result, new Set());
  } catch (error) {
    scopes.pop();
    for (const tensor of scope) tensor.dispose();
    throw error;
  }
  scopes.pop();
  for (const tensor of scope)
    if (kept.has(tensor)) enterScope(tensor);
    else tensor.dispose();
  return result;
}

/** Takes a tensor out of every scope: it lives until it is disposed of by hand. For parameters and other lasting state. */
export function keep<Kept extends Disposable>(tensor: Kept): Kept {
  leaveScope(tensor);
  return tensor;
}

function collect(value: unknown, found: Set<unknown>): Set<unknown> {
  if (typeof value !== 'object' || value === null || found.has(value)) return found;
  found.add(value);
  if (Array.isArray(value)) for (const entry of value) collect(entry, found);
  else if (Object.getPrototypeOf(value) === Object.prototype)
    for (const entry of Object.values(value)) collect(entry, found);
  return found;
}
