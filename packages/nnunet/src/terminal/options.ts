/**
 * Reads a command line strictly: whatever was not declared is an error that names what was meant, and no value is guessed. `--name value`,
 * `--name=value`, `-n value`, `--no-name`; after `--` everything is an argument.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import { closestTo } from './closest.ts';
import { helpText } from './option-help.ts';
import {
  type CommandSpec,
  flagOf,
  type NumberOption,
  type OptionSpec,
  type OptionSpecs,
  type OptionValues,
} from './option-spec.ts';

/** Thrown on `--help`; `runCommand` prints the text and ends well. */
export class HelpRequest extends Error {
  readonly text: string;

  constructor(text: string) {
    super('help was asked for');
    this.name = 'HelpRequest';
    this.text = text;
  }
}

export interface CommandLine<Options extends OptionSpecs> {
  readonly options: OptionValues<Options>;
  /** As many as the command declares, in order. */
  readonly positionals: readonly string[];
  /** A line for each option that was given and has no effect. */
  readonly notes: readonly string[];
}

type Value = string | number | boolean | readonly string[];

/** Throws 'option' for anything that `command` does not declare, and `HelpRequest` on `--help` or `-h`. */
export function parseOptions<const Options extends OptionSpecs>(
  command: CommandSpec<Options>,
  words: readonly string[],
): CommandLine<Options> {
  const { values, positionals, notes } = new Reader(command, words).read();
  for (const [name, spec] of Object.entries<OptionSpec>(command.options)) {
    if (values.has(name)) continue;
    if (spec.type !== 'boolean' && spec.required)
      throw refused(command, `${flagOf(name)} is missing`, `Add ${flagOf(name)}: ${spec.help}`);
    values.set(name, spec.type === 'boolean' ? (spec.default ?? false) : spec.default);
  }
  checkPositionals(command, positionals);
  return { options: Object.fromEntries(values) as OptionValues<Options>, positionals, notes };
}

class Reader {
  readonly #command: CommandSpec;
  readonly #words: readonly string[];
  readonly #flags: ReadonlyMap<string, { readonly name: string; readonly negated: boolean }>;
  readonly #values = new Map<string, Value | undefined>();
  readonly #notes: string[] = [];
  #next = 0;

  constructor(command: CommandSpec, words: readonly string[]) {
    this.#command = command;
    this.#words = words;
    this.#flags = flagsOf(command.options);
  }

  read(): { values: Map<string, Value | undefined>; positionals: string[]; notes: string[] } {
    const positionals: string[] = [];
    while (this.#next < this.#words.length) {
      const word = this.#words[this.#next++]!;
      if (word === '--') {
        positionals.push(...this.#words.slice(this.#next));
        break;
      }
      if (word === '--help' || word === '-h') throw new HelpRequest(helpText(this.#command));
      if (/^-[^\d]/.test(word)) this.#readOption(word);
      else positionals.push(word);
    }
    return { values: this.#values, positionals, notes: this.#notes };
  }

  #readOption(word: string): void {
    const [, flag, attached] = /^([^=]*)(?:=(.*))?$/s.exec(word)!;
    const found = this.#flags.get(flag!);
    if (found === undefined) throw this.#unknown(flag!);
    const spec = this.#command.options[found.name]!;
    if (this.#values.has(found.name) && spec.type !== 'list')
      throw refused(this.#command, `${flag} is given twice`, 'Keep one of them.');
    if (spec.noEffect !== undefined) this.#notes.push(`${flag} has no effect: ${spec.noEffect}`);
    if (spec.type !== 'boolean') {
      if (attached === undefined && 'bare' in spec && !isWithin(spec, toNumber(spec, this.#words[this.#next] ?? ''))) {
        this.#values.set(found.name, spec.bare);
        return;
      }
      const text = attached ?? this.#followingValue(flag!, spec);
      const value = parseValue(spec, text, flag!, this.#command);
      const before = this.#values.get(found.name);
      this.#values.set(found.name, Array.isArray(before) ? [...before, ...(value as readonly string[])] : value);
      return;
    }
    if (attached !== undefined)
      throw refused(this.#command, `${flag} takes no value, but '${attached}' is given`, booleanHelp(found.name));
    this.#values.set(found.name, !found.negated);
  }

  /** The word after an option, unless it is an option itself. A negative number is a value. */
  #followingValue(flag: string, spec: OptionSpec): string {
    const isValue = (word: string | undefined): word is string => word !== undefined && !/^-[^\d.]/.test(word);
    const word = this.#words[this.#next];
    if (!isValue(word))
      throw refused(
        this.#command,
        `${flag} has no value`,
        `${spec.help} A value that starts with a dash is written as ${flag}=-value.`,
      );
    this.#next++;
    if (spec.type !== 'list' || spec.many !== true) return word;
    const words = [word];
    while (isValue(this.#words[this.#next])) words.push(this.#words[this.#next++]!);
    return words.join(',');
  }

  #unknown(flag: string): VoxelgradError {
    const meant = closestTo(
      flag,
      [...this.#flags.keys(), '--help'].filter((known) => known.startsWith('--')),
    );
    return refused(
      this.#command,
      `unknown option '${flag}'`,
      meant === undefined ? `${this.#command.name} --help lists the options.` : `Did you mean ${meant}?`,
    );
  }
}

/** Every way to write an option. */
function flagsOf(options: OptionSpecs): Map<string, { name: string; negated: boolean }> {
  const flags = new Map<string, { name: string; negated: boolean }>();
  for (const [name, spec] of Object.entries(options)) {
    flags.set(flagOf(name), { name, negated: false });
    for (const alias of spec.aliases ?? []) flags.set(alias, { name, negated: false });
    if (spec.short !== undefined) flags.set(`-${spec.short}`, { name, negated: false });
    if (spec.type !== 'boolean') continue;
    for (const negation of [flagOf(name).replace('--', '--no-'), ...(spec.negations ?? [])])
      flags.set(negation, { name, negated: true });
  }
  return flags;
}

const booleanHelp = (name: string): string => `Write ${flagOf(name)} or ${flagOf(name).replace('--', '--no-')}.`;

function parseValue(
  spec: Exclude<OptionSpec, { type: 'boolean' }>,
  text: string,
  flag: string,
  command: CommandSpec,
): Value {
  switch (spec.type) {
    case 'string':
      return text;
    case 'list':
      return text
        .split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '');
    case 'choice': {
      if (spec.choices.includes(text)) return text;
      const meant = closestTo(text, spec.choices);
      const help = meant === undefined ? spec.help : `Did you mean ${meant}?`;
      throw refused(command, `${flag}: expected one of ${spec.choices.join(', ')}, got '${text}'`, help);
    }
    default: {
      const number = toNumber(spec, text);
      if (isWithin(spec, number)) return number;
      const kind = spec.type === 'integer' ? 'a whole number' : 'a number';
      throw refused(
        command,
        `${flag}: expected ${kind}${rangeText(spec.minimum, spec.maximum)}, got '${text}'`,
        spec.help,
      );
    }
  }
}

/** NaN where it is none, or not a whole one where one is asked for. */
function toNumber({ type }: NumberOption, text: string): number {
  const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN;
  return type === 'integer' && !Number.isSafeInteger(number) ? Number.NaN : number;
}

const isWithin = ({ minimum = -Infinity, maximum = Infinity }: NumberOption, number: number): boolean =>
  number >= minimum && number <= maximum;

function rangeText(minimum: number | undefined, maximum: number | undefined): string {
  if (minimum !== undefined && maximum !== undefined) return ` from ${minimum} to ${maximum}`;
  if (minimum !== undefined) return ` of at least ${minimum}`;
  return maximum === undefined ? '' : ` of at most ${maximum}`;
}

function checkPositionals(command: CommandSpec, found: readonly string[]): void {
  const specs = command.positionals ?? [];
  const missing = specs.find((spec, i) => i >= found.length && spec.optional === undefined);
  if (missing !== undefined)
    throw refused(command, `<${missing.name}> is missing`, `${missing.help} ${command.name} --help tells more.`);
  if (found.length > specs.length && specs.at(-1)?.many === undefined)
    throw refused(
      command,
      `unexpected argument '${found[specs.length]}'`,
      `${command.name} --help tells what it takes.`,
    );
}

function refused(command: CommandSpec, what: string, help: string): VoxelgradError {
  return new VoxelgradError('option', { what: `${command.name}: ${what}`, help });
}
