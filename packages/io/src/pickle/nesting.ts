/**
 * How deep the values of a pickle are nested. Whoever walks through them does so by recursion, so a file may neither nest deeper than a stack holds
 * nor contain itself. Looked at once, without recursion, after all values are there: a list can be filled after it was put into another.
 */
import type { Budget } from './budget.ts';
import { type Pickled, PickledTuple } from './values.ts';

type Container = Pickled[] | PickledTuple | Map<Pickled, Pickled> | Set<Pickled>;

const isContainer = (value: Pickled): value is Container =>
  value instanceof PickledTuple || Array.isArray(value) || value instanceof Map || value instanceof Set;

function* childrenOf(value: Container): Iterator<Pickled> {
  if (value instanceof Map)
    for (const [key, item] of value) {
      yield key;
      yield item;
    }
  else yield* value instanceof PickledTuple ? value.items : value;
}

/** Throws 'format' for values nested deeper than the budget's limit, and for one that contains itself. */
export function checkNesting(root: Pickled, budget: Budget): void {
  if (!isContainer(root)) return;
  const { depth } = budget.limits;
  /** Levels below a container, itself included; undefined while it is being looked at. */
  const heights = new Map<Container, number | undefined>();
  const path: { readonly value: Container; readonly children: Iterator<Pickled>; height: number }[] = [];
  const enter = (value: Container): void => {
    if (path.length >= depth) throw budget.broken(`values nested at most ${depth} deep`, 'a deeper one');
    heights.set(value, undefined);
    path.push({ value, children: childrenOf(value), height: 1 });
  };
  enter(root);
  for (let current = path.at(-1); current !== undefined; current = path.at(-1)) {
    const { done, value: child } = current.children.next();
    if (done) {
      heights.set(current.value, current.height);
      path.pop();
      const parent = path.at(-1);
      if (parent !== undefined) parent.height = Math.max(parent.height, current.height + 1);
    } else if (isContainer(child)) {
      if (!heights.has(child)) enter(child);
      else {
        const height = heights.get(child);
        if (height === undefined) throw budget.broken('values that end', 'one that contains itself');
        current.height = Math.max(current.height, height + 1);
      }
    }
    if (current.height > depth) throw budget.broken(`values nested at most ${depth} deep`, 'a deeper one');
  }
}
