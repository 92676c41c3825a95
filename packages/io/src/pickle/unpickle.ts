/**
 * Reads Python pickles without Python: an interpreter of the pickle machine (Lib/pickletools.py, protocols 0 to 5) that can only build values.
 * Whatever a pickle names must be on the caller's list; anything else refuses the file, by name. There is no way from a file to code.
 */
import { Budget, type PickleLimits } from './budget.ts';
import { ByteCursor } from './byte-cursor.ts';
import { containerInstructions } from './container-instructions.ts';
import { type Instruction, PickleMachine } from './machine.ts';
import { checkNesting } from './nesting.ts';
import { objectInstructions } from './object-instructions.ts';
import { valueInstructions } from './value-instructions.ts';
import type { Globals, Pickled } from './values.ts';

export interface UnpickleOptions {
  /** The file, for messages. */
  readonly what: string;
  readonly globals: Globals;
  /** The value for a persistent id; without this function a pickle may hold none. */
  readonly persistent?: (id: Pickled) => Pickled;
  readonly limits?: Partial<PickleLimits>;
  /** Byte at which the pickle begins; 0 by default. */
  readonly start?: number;
}

/** By code, so that the loop below is one look-up for each instruction. */
const instructions: readonly (Instruction | undefined)[] = Array.from({ length: 256 }, (_, code) => {
  const character = String.fromCharCode(code);
  return valueInstructions[character] ?? containerInstructions[character] ?? objectInstructions[character];
});

/** The value of a pickle and the byte behind it. Throws 'format' for whatever is damaged, too large or not on the list. */
export function unpickle(
  bytes: Uint8Array,
  { what, globals, persistent, limits, start = 0 }: UnpickleOptions,
): { readonly value: Pickled; readonly end: number } {
  const budget = new Budget(what, limits);
  const cursor = new ByteCursor(bytes, start, budget);
  const machine = new PickleMachine(cursor, budget, globals, persistent);
  while (machine.result === undefined) {
    budget.spend('operations', 1);
    const code = cursor.uint8();
    const instruction = instructions[code];
    if (instruction === undefined) throw budget.broken('a pickle', `the instruction 0x${code.toString(16)}`);
    instruction(machine);
  }
  const { value } = machine.result;
  checkNesting(value, budget);
  return { value, end: cursor.at };
}
