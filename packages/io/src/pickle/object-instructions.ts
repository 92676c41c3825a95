/**
 * Instructions that name, call and fill: the ones through which a pickle could run code. A name is looked up in a whitelist and nowhere else; what
 * is called is a function of this project; state goes only to objects that say what they do with it.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import type { Instruction, PickleMachine } from './machine.ts';
import { kindOf, type Pickled, PickledCallable, PickledObject, PickledTuple } from './values.ts';

function pushGlobal(machine: PickleMachine, module: string, name: string): void {
  const value = machine.globals(module, name);
  if (value === undefined)
    throw new VoxelgradError('format', {
      what: machine.budget.what,
      expected: 'only tensors, numbers, texts and collections of them',
      got: `${module}.${name}`.slice(0, 200),
      help: 'the file wants Python to run this; it is refused. Save the weights alone: torch.save(model.state_dict(), …)',
    });
  machine.push(value);
}

function call(machine: PickleMachine, args: Pickled, callee: Pickled): void {
  if (!(callee instanceof PickledCallable)) throw machine.budget.broken('something that can be called', kindOf(callee));
  if (!(args instanceof PickledTuple)) throw machine.budget.broken('a tuple of arguments', kindOf(args));
  machine.push(callee.call(args.items, machine.budget));
}

function build(machine: PickleMachine): void {
  const state = machine.pop();
  const target = machine.top();
  // A state dict's `_metadata`: attributes of a dict mean nothing here.
  if (target instanceof Map) return;
  if (!(target instanceof PickledObject) || target.setState === undefined)
    throw machine.budget.broken('an object that takes a state', kindOf(target));
  target.setState(state, machine.budget);
}

function pushPersistent(machine: PickleMachine, id: Pickled): void {
  if (machine.persistent === undefined) throw machine.budget.broken('no persistent ids', kindOf(id));
  machine.push(machine.persistent(id));
}

export const objectInstructions: Readonly<Record<string, Instruction>> = {
  '\x80': (machine) => {
    const protocol = machine.cursor.uint8();
    if (protocol > 5) throw machine.budget.broken('pickle protocol 0 to 5', String(protocol));
  },
  // A frame is a hint for readers of streams.
  '\x95': (machine) => {
    machine.cursor.uint64();
  },
  '.': (machine) => {
    machine.result = { value: machine.pop() };
  },
  c: (machine) => {
    const module = machine.cursor.line();
    pushGlobal(machine, module, machine.cursor.line());
  },
  '\x93': (machine) => {
    const name = machine.pop();
    const module = machine.pop();
    if (typeof name !== 'string' || typeof module !== 'string')
      throw machine.budget.broken('a name', `${kindOf(module)} and ${kindOf(name)}`);
    pushGlobal(machine, module, name);
  },
  R: (machine) => call(machine, machine.pop(), machine.pop()),
  '\x81': (machine) => call(machine, machine.pop(), machine.pop()),
  '\x92': (machine) => {
    const named = machine.pop();
    if (!(named instanceof Map) || named.size > 0) throw machine.budget.broken('no arguments by name', kindOf(named));
    call(machine, machine.pop(), machine.pop());
  },
  b: build,
  Q: (machine) => pushPersistent(machine, machine.pop()),
  P: (machine) => pushPersistent(machine, machine.cursor.line()),
};
