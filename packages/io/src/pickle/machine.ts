/** The state of the pickle machine: a stack with marks, and a memo of values that are used again. */
import type { Budget } from './budget.ts';
import type { ByteCursor } from './byte-cursor.ts';
import { type Globals, kindOf, type Pickled } from './values.ts';

export class PickleMachine {
  readonly cursor: ByteCursor;
  readonly budget: Budget;
  readonly globals: Globals;
  /** The value for a persistent id; by default a pickle may hold none. */
  readonly persistent: ((id: Pickled) => Pickled) | undefined;
  /** Set by STOP. */
  result: { readonly value: Pickled } | undefined;
  readonly #stack: Pickled[] = [];
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, Pickled>();

  constructor(
    cursor: ByteCursor,
    budget: Budget,
    globals: Globals,
    persistent: ((id: Pickled) => Pickled) | undefined,
  ) {
    this.cursor = cursor;
    this.budget = budget;
    this.globals = globals;
    this.persistent = persistent;
  }

  push(value: Pickled): void {
    this.#stack.push(value);
  }

  /** The top of the stack, which may not lie under the last mark. */
  pop(): Pickled {
    const value = this.top();
    this.#stack.pop();
    return value;
  }

  top(): Pickled {
    if (this.#stack.length <= (this.#marks.at(-1) ?? 0))
      throw this.budget.broken('a pickle whose stack is never empty', 'one that takes more than it has');
    return this.#stack.at(-1)!;
  }

  mark(): void {
    this.#marks.push(this.#stack.length);
  }

  /** Everything above the last mark, which goes away. */
  popToMark(): Pickled[] {
    const mark = this.#marks.pop();
    if (mark === undefined) throw this.budget.broken('a mark on the stack of a pickle', 'none');
    const values = this.#stack.splice(mark);
    this.budget.spend('items', values.length);
    return values;
  }

  /** POP takes a mark where one is on top. */
  popValueOrMark(): void {
    if (this.#marks.length > 0 && this.#marks.at(-1) === this.#stack.length) this.#marks.pop();
    else this.pop();
  }

  remember(index: number): void {
    this.#memo.set(index, this.top());
  }

  /** MEMOIZE numbers values in the order in which they come. */
  rememberNext(): void {
    this.remember(this.#memo.size);
  }

  recall(index: number): void {
    const value = this.#memo.get(index);
    if (value === undefined) throw this.budget.broken(`value ${index} of a pickle to be known`, 'no such value');
    this.push(value);
  }

  /** The top of the stack as a list, dict or set that items are added to. */
  container<Kind extends Pickled>(type: new (...args: never[]) => Kind, name: string): Kind {
    const value = this.top();
    if (value instanceof (type as new (...args: never[]) => object)) return value as Kind;
    throw this.budget.broken(`${name} to add items to`, kindOf(value));
  }
}

export type Instruction = (machine: PickleMachine) => void;
