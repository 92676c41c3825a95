/**
 * A module is an object whose fields are parameters, modules, or arrays of modules. Names follow the fields (`encoder.stages.0.conv.weight`), and
 * the order is that of the fields, so a class that declares its fields as PyTorch's does has PyTorch's state dict.
 */
import { type HookHandle, Tensor } from '@voxelgrad/tensor';

/** Sees what a module was called with and what it gave; what it returns takes the output's place. */
export type ForwardHook<Inputs extends readonly unknown[], Output> = (
  inputs: Inputs,
  output: Output,
) => Output | undefined;

type ForwardHooks = Set<{ readonly hook: ForwardHook<readonly unknown[], unknown> }>;

/** A module that can be called. */
interface Callable<Inputs extends unknown[], Output> {
  forward(...inputs: Inputs): Output;
}

/** What has parameters: a layer, a block, a network. */
export abstract class Module {
  #forwardHooks: ForwardHooks | undefined;

  /** All parameters with their names, each once. */
  namedParameters(): [name: string, parameter: Tensor][] {
    return this.namedState().filter(([, tensor]) => tensor.requiresGradient);
  }

  /** The parameters, and what a module keeps besides, such as running statistics: what PyTorch's state dict has. */
  namedState(): [name: string, tensor: Tensor][] {
    const found: [string, Tensor][] = [];
    const seen = new Set<unknown>();
    const visit = (value: unknown, path: string): void => {
      if (seen.has(value)) return;
      if (value instanceof Tensor) {
        seen.add(value);
        found.push([path, value]);
      } else if (value instanceof Module || Array.isArray(value)) {
        seen.add(value);
        for (const [key, child] of Object.entries(value)) visit(child, path === '' ? key : `${path}.${key}`);
      }
    };
    visit(this, '');
    return found;
  }

  parameters(): Tensor[] {
    return this.namedParameters().map(([, parameter]) => parameter);
  }

  /** Numbers that are learnt. */
  get parameterCount(): number {
    return this.parameters().reduce((count, parameter) => count + parameter.size, 0);
  }

  /**
   * From now on each `forward` of this module calls `hook` with its inputs and its output, before the caller gets it; several hooks run in order, each on
   * what the one before left. Registered on a module inside a network it sees what happens there: `block.conv.registerForwardHook(…)`.
   * The tensors belong to the module's caller: `keep(output.detach())` holds on to one. A checkpointed block runs twice, and its hooks with it, but for what they do by `inFirstPass`.
   * As PyTorch's register_forward_hook.
   */
  registerForwardHook<Inputs extends unknown[], Output>(
    this: Module & Callable<Inputs, Output>,
    hook: ForwardHook<Inputs, Output>,
  ): HookHandle {
    if (this.#forwardHooks === undefined) {
      const hooks: ForwardHooks = new Set();
      this.#forwardHooks = hooks;
      const plain = this.forward;
      // A field of this one object, in front of the class's method: whoever calls `forward` gets here.
      this.forward = (...inputs) =>
        [...hooks].reduce<unknown>(
          (output, { hook }) => hook(inputs, output) ?? output,
          plain.apply(this, inputs),
        ) as Output;
    }
    const entry = { hook: hook as unknown as ForwardHook<readonly unknown[], unknown> };
    this.#forwardHooks.add(entry);
    return { remove: () => void this.#forwardHooks?.delete(entry) };
  }

  dispose(): void {
    for (const [, tensor] of this.namedState()) tensor.dispose();
  }
}
