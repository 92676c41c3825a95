/**
 * Tensors that are cheaper to make again than to keep. Inside of `recomputing`, ops such as normalisation and concatenation leave a recipe on their output;
 * a record that saves such a tensor for its gradient holds the recipe and not the values, which are freed as soon as the forward pass is done with them.
 * The backward pass makes them again, with the same bits. Of convolution, norm and activation only the convolution's output is then kept.
 */
import { noGrad, type Variable } from './autograd.ts';
import { debugChoice } from './debug.ts';
import { tidy } from './scope.ts';
import { showShape } from './shape.ts';
import { Switch } from './switch.ts';
import type { Tensor } from './tensor.ts';

const active = new Switch('recomputing', false);

/** Runs `work` so that its records make cheap tensors again instead of keeping them. */
export const recomputing = <Result>(work: () => Result): Result => withRecomputing(true, work);

/** Runs `work` with recomputing switched on or off. */
export const withRecomputing = <Result>(on: boolean, work: () => Result): Result => active.run(on, work);

export const isRecomputing = (): boolean => active.on;

/** What a record saves of a tensor. */
export interface Saved {
  /** The tensor, in the scope of the caller where it is made for him. */
  take(): Tensor;
  dispose(): void;
}

/** How a tensor is made. Counted by the handles and records that refer to it. */
export class Recipe {
  readonly #sources: readonly Saved[];
  readonly #make: (sources: readonly Tensor[]) => Tensor;
  #references = 0;

  constructor(sources: readonly Tensor[], make: (sources: readonly Tensor[]) => Tensor) {
    this.#sources = sources.map(hold);
    this.#make = make;
  }

  retain(): void {
    this.#references++;
  }

  release(): void {
    if (--this.#references === 0) for (const source of this.#sources) source.dispose();
  }

  /** The values, without history. */
  make(): Tensor {
    return noGrad(() => tidy(() => this.#make(this.#sources.map((source) => source.take()))));
  }
}

/** Leaves a recipe on the output of an op, if that is asked for. `make` gets the sources again; it must compute the same bits. */
export function remember(
  output: Tensor,
  sources: readonly Tensor[],
  make: (sources: readonly Tensor[]) => Tensor,
): Tensor {
  if (active.on && output.requiresGradient) output.remember(new Recipe(sources, make));
  return output;
}

class SavedRecipe implements Saved {
  readonly #recipe: Recipe;
  readonly #variable: Variable | undefined;

  constructor(recipe: Recipe, variable: Variable | undefined) {
    this.#recipe = recipe;
    this.#variable = variable;
    recipe.retain();
    variable?.retain();
  }

  take(): Tensor {
    const tensor = this.#recipe.make();
    if (this.#variable !== undefined) tensor.attach(this.#variable);
    return tensor;
  }

  dispose(): void {
    this.#recipe.release();
    this.#variable?.release();
  }
}

class SavedValues implements Saved {
  readonly #tensor: Tensor;

  constructor(tensor: Tensor) {
    this.#tensor = tensor;
  }

  take(): Tensor {
    return this.#tensor;
  }

  dispose(): void {
    this.#tensor.dispose();
  }
}

/** Holds on to a tensor's values, or to how they are made. */
export function hold(tensor: Tensor): Saved {
  const { recipe } = tensor;
  if (recipe === undefined) return new SavedValues(tensor.alias());
  debugChoice(() => `recomputing: ${tensor.dtype}${showShape(tensor.shape)} is made again for gradients, not kept`);
  return new SavedRecipe(recipe, tensor.variable);
}
