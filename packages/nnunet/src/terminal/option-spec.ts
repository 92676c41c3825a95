/** What a command takes, declared once: the parser, the help text and the types of the values all follow from it. */

interface Described {
  /** One or two sentences for the help text. */
  readonly help: string;
  /** A one-letter form: 'o' for -o. */
  readonly short?: string;
  /** Further spellings, dashes and all: '-npfp', '--verify_dataset_integrity'. */
  readonly aliases?: readonly string[];
  /** Taken so that command lines of another program run as they are, but it changes nothing: the clause says why. */
  readonly noEffect?: string;
}

/** An option with a value is one of: with a default, required, or undefined when it is not given. */
interface Valued<Value> extends Described {
  readonly default?: Value;
  readonly required?: true;
  /** What the value is, in the help text: 'folder'. */
  readonly placeholder?: string;
}

export interface StringOption extends Valued<string> {
  readonly type: 'string';
}

export interface NumberOption extends Valued<number> {
  /** An integer must be a whole number. */
  readonly type: 'number' | 'integer';
  readonly minimum?: number;
  readonly maximum?: number;
  /** The value of the option without one: `--dashboard`. A word behind it is its value only if it is a number within the limits. */
  readonly bare?: number;
}

export interface ChoiceOption<Choice extends string = string> extends Valued<Choice> {
  readonly type: 'choice';
  readonly choices: readonly Choice[];
}

/** Texts, given with commas or by repeating the option. */
export interface ListOption extends Valued<readonly string[]> {
  readonly type: 'list';
  /** Takes all words up to the next option: `-c 2d 3d_fullres`. */
  readonly many?: true;
}

/** `--name` is true, `--no-name` false. */
export interface BooleanOption extends Described {
  readonly type: 'boolean';
  readonly default?: boolean;
  /** Further spellings of `--no-name`, dashes and all: '--no_pbar'. */
  readonly negations?: readonly string[];
}

export type OptionSpec = StringOption | NumberOption | ChoiceOption | ListOption | BooleanOption;

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

export interface PositionalSpec {
  readonly name: string;
  readonly help: string;
  readonly optional?: true;
  /** Takes all that is left; only the last may. */
  readonly many?: true;
}

export interface CommandSpec<Options extends OptionSpecs = OptionSpecs> {
  /** As it is called: 'voxelgrad train'. */
  readonly name: string;
  readonly summary: string;
  readonly positionals?: readonly PositionalSpec[];
  /** Names in camel case: `maxEpochs` is `--max-epochs`. */
  readonly options: Options;
  readonly examples?: readonly string[];
}

type BaseValue<Spec> = Spec extends { readonly type: 'choice'; readonly choices: readonly (infer Choice)[] }
  ? Choice
  : Spec extends { readonly type: 'number' | 'integer' }
    ? number
    : Spec extends { readonly type: 'list' }
      ? readonly string[]
      : string;

type OptionValue<Spec> = Spec extends { readonly type: 'boolean' }
  ? boolean
  : Spec extends { readonly default: unknown } | { readonly required: true }
    ? BaseValue<Spec>
    : BaseValue<Spec> | undefined;

export type OptionValues<Options extends OptionSpecs> = {
  readonly [Name in keyof Options]: OptionValue<Options[Name]>;
};

/** `maxEpochs` → `--max-epochs`. */
export const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
