/** Instructions of the stack, the memo, and of lists, tuples, dicts and sets. */
import type { Instruction, PickleMachine } from './machine.ts';
import { type Pickled, PickledTuple } from './values.ts';

function pushTuple(machine: PickleMachine, count: number): void {
  const items: Pickled[] = [];
  for (let i = 0; i < count; i++) items.unshift(machine.pop());
  machine.budget.spend('items', count);
  machine.push(new PickledTuple(items));
}

function setItems(machine: PickleMachine, pairs: readonly Pickled[]): void {
  if (pairs.length % 2 !== 0) throw machine.budget.broken('a value for each key of a dict', 'a key without one');
  const map = machine.container(Map<Pickled, Pickled>, 'a dict');
  for (let i = 0; i < pairs.length; i += 2) map.set(pairs[i]!, pairs[i + 1]!);
}

function append(machine: PickleMachine, items: readonly Pickled[]): void {
  const list = machine.container(Array<Pickled>, 'a list');
  for (const item of items) list.push(item);
}

/** The values above the mark as pairs of a new dict. */
function pushDict(machine: PickleMachine): void {
  const pairs = machine.popToMark();
  machine.push(new Map());
  setItems(machine, pairs);
}

export const containerInstructions: Readonly<Record<string, Instruction>> = {
  '(': (machine) => machine.mark(),
  '0': (machine) => machine.popValueOrMark(),
  '1': (machine) => {
    machine.popToMark();
  },
  '2': (machine) => machine.push(machine.top()),
  p: (machine) => machine.remember(memoIndex(machine)),
  q: (machine) => machine.remember(machine.cursor.uint8()),
  r: (machine) => machine.remember(machine.cursor.uint32()),
  '\x94': (machine) => machine.rememberNext(),
  g: (machine) => machine.recall(memoIndex(machine)),
  h: (machine) => machine.recall(machine.cursor.uint8()),
  j: (machine) => machine.recall(machine.cursor.uint32()),
  ']': (machine) => machine.push([]),
  l: (machine) => machine.push(machine.popToMark()),
  a: (machine) => {
    const item = machine.pop();
    machine.budget.spend('items', 1);
    append(machine, [item]);
  },
  e: (machine) => append(machine, machine.popToMark()),
  ')': (machine) => machine.push(new PickledTuple([])),
  t: (machine) => machine.push(new PickledTuple(machine.popToMark())),
  '\x85': (machine) => pushTuple(machine, 1),
  '\x86': (machine) => pushTuple(machine, 2),
  '\x87': (machine) => pushTuple(machine, 3),
  '}': (machine) => machine.push(new Map()),
  d: pushDict,
  s: (machine) => {
    const value = machine.pop();
    const key = machine.pop();
    machine.budget.spend('items', 2);
    setItems(machine, [key, value]);
  },
  u: (machine) => setItems(machine, machine.popToMark()),
  '\x8f': (machine) => machine.push(new Set()),
  '\x90': (machine) => {
    const items = machine.popToMark();
    const set = machine.container(Set<Pickled>, 'a set');
    for (const item of items) set.add(item);
  },
  '\x91': (machine) => machine.push(new Set(machine.popToMark())),
};

function memoIndex({ cursor, budget }: PickleMachine): number {
  const text = cursor.line();
  if (!/^\d{1,9}$/.test(text)) throw budget.broken('the number of a value', text.slice(0, 40));
  return Number(text);
}
