/**
 * Python's values as they come out of a pickle. None is null; whole numbers beyond 2⁵³ are bigint; a list is an array and a tuple its own class,
 * since nnU-Net tells them apart; a dict of any kind is a Map, so that a key can never be mistaken for a property of JavaScript's.
 */
import type { Budget } from './budget.ts';

export type Pickled =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | Pickled[]
  | PickledTuple
  | Map<Pickled, Pickled>
  | Set<Pickled>
  | PickledObject;

export class PickledTuple {
  readonly items: readonly Pickled[];

  constructor(items: readonly Pickled[]) {
    this.items = items;
  }
}

/** What stands for an object of a Python class: one subclass for each class that is known. */
export abstract class PickledObject {
  /** What Python's `__setstate__` would do; a class without it takes no state. */
  setState?(state: Pickled, budget: Budget): void;
}

/** A function or class that a pickle may call. It builds a value from its arguments and does nothing else. */
export class PickledCallable extends PickledObject {
  readonly name: string;
  readonly call: (args: readonly Pickled[], budget: Budget) => Pickled;

  constructor(name: string, call: PickledCallable['call']) {
    super();
    this.name = name;
    this.call = call;
  }
}

/** What a pickle may name: the value for `module` and `name`, or undefined, which refuses the file. */
export type Globals = (module: string, name: string) => Pickled | undefined;

/** The items of a list or tuple. */
export function itemsOf(value: Pickled | undefined): readonly Pickled[] | undefined {
  if (value instanceof PickledTuple) return value.items;
  return Array.isArray(value) ? value : undefined;
}

/** The numbers of a list or tuple of whole numbers ≥ 0. */
export function countsOf(value: Pickled | undefined): readonly number[] | undefined {
  const items = itemsOf(value);
  return items?.every((item) => typeof item === 'number' && Number.isSafeInteger(item) && item >= 0)
    ? (items as readonly number[])
    : undefined;
}

/** A name for messages: what kind of value this is. */
export function kindOf(value: Pickled | undefined): string {
  if (value === undefined) return 'nothing';
  if (value === null) return 'None';
  if (value instanceof PickledCallable) return value.name;
  if (value instanceof PickledTuple) return 'a tuple';
  if (Array.isArray(value)) return 'a list';
  if (value instanceof Map) return 'a dict';
  if (value instanceof Set) return 'a set';
  if (value instanceof Uint8Array) return 'bytes';
  return typeof value === 'object' ? value.constructor.name : `the ${typeof value} ${String(value).slice(0, 40)}`;
}
