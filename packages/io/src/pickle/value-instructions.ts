/** Instructions that push one plain value: constants, numbers, texts, bytes. Protocols 0 to 5 (Python's Lib/pickletools.py). */
import { latin1, plainInteger } from './byte-cursor.ts';
import type { Instruction, PickleMachine } from './machine.ts';

/** Decimal text of protocol 0; `01` and `00` are True and False there. */
function decimalLine(machine: PickleMachine): void {
  const text = machine.cursor.line();
  if (text === '00' || text === '01') machine.push(text === '01');
  else machine.push(decimal(text, machine));
}

function decimal(text: string, { budget }: PickleMachine): number | bigint {
  if (!/^[+-]?\d{1,2500}$/.test(text)) throw budget.broken('a whole number', text.slice(0, 40));
  return plainInteger(BigInt(text.replace('+', '')));
}

function floatLine(machine: PickleMachine): void {
  const text = machine.cursor.line();
  const named: Record<string, number> = { nan: Number.NaN, inf: Infinity, '-inf': -Infinity };
  const value = Object.hasOwn(named, text) ? named[text]! : Number(text);
  if (text.trim() === '' || (Number.isNaN(value) && text !== 'nan'))
    throw machine.budget.broken('a number', text.slice(0, 40));
  machine.push(value);
}

/** A quoted text of protocol 0. Escapes other than those of quotes and backslashes are not used by anything that this reads. */
function quotedLine(machine: PickleMachine): void {
  const text = machine.cursor.line();
  const quote = text[0];
  if (text.length < 2 || (quote !== "'" && quote !== '"') || text.at(-1) !== quote || /\\[^\\'"]/.test(text))
    throw machine.budget.broken('a quoted text', text.slice(0, 40));
  machine.push(text.slice(1, -1).replace(/\\(.)/g, '$1'));
}

const copied = (machine: PickleMachine, count: number): void => machine.push(machine.cursor.bytes(count).slice());
const byteText = (machine: PickleMachine, count: number): void => machine.push(latin1(machine.cursor.bytes(count)));
const text = (machine: PickleMachine, count: number): void => machine.push(machine.cursor.text(count));

export const valueInstructions: Readonly<Record<string, Instruction>> = {
  N: (machine) => machine.push(null),
  '\x88': (machine) => machine.push(true),
  '\x89': (machine) => machine.push(false),
  I: decimalLine,
  J: (machine) => machine.push(machine.cursor.int32()),
  K: (machine) => machine.push(machine.cursor.uint8()),
  M: (machine) => machine.push(machine.cursor.uint16()),
  L: (machine) => machine.push(decimal(machine.cursor.line().replace(/L$/, ''), machine)),
  '\x8a': (machine) => machine.push(machine.cursor.long(machine.cursor.uint8())),
  '\x8b': (machine) => machine.push(machine.cursor.long(machine.cursor.uint32())),
  F: floatLine,
  G: (machine) => machine.push(machine.cursor.float64()),
  S: quotedLine,
  T: (machine) => byteText(machine, machine.cursor.uint32()),
  U: (machine) => byteText(machine, machine.cursor.uint8()),
  X: (machine) => text(machine, machine.cursor.uint32()),
  '\x8c': (machine) => text(machine, machine.cursor.uint8()),
  '\x8d': (machine) => text(machine, machine.cursor.uint64()),
  B: (machine) => copied(machine, machine.cursor.uint32()),
  C: (machine) => copied(machine, machine.cursor.uint8()),
  '\x8e': (machine) => copied(machine, machine.cursor.uint64()),
  '\x96': (machine) => copied(machine, machine.cursor.uint64()),
};
