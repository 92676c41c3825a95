/**
 * A case's attributes, read by name. Whoever runs a case reads what it knows; what nobody has read at the end would have been ignored, so
 * `checkAllRead` fails the case: a new attribute must not look as if it had been tested.
 */
import { VoxelgradError } from '@voxelgrad/tensor';

/** For people: they say nothing about what is computed. The last two are the official code's own differences between f32 and f64. */
const REMARKS = ['note', 'meaning', 'reference', 'max_abs_dev_final_f32_vs_f64', 'max_loss_dev'];

export class Attributes {
  readonly #values: Readonly<Record<string, unknown>>;
  readonly #read = new Set(REMARKS);
  readonly #nested: Attributes[] = [];

  constructor(values: Readonly<Record<string, unknown>>) {
    this.#values = values;
  }

  has(name: string): boolean {
    return this.#get(name) !== undefined;
  }

  is(name: string, value: string): boolean {
    return this.#get(name) === value;
  }

  number(name: string, otherwise?: number): number {
    const value = this.#get(name) ?? otherwise;
    return typeof value === 'number' ? value : this.#refuse(name, 'a number', value);
  }

  boolean(name: string, otherwise?: boolean): boolean {
    const value = this.#get(name) ?? otherwise;
    return typeof value === 'boolean' ? value : this.#refuse(name, 'true or false', value);
  }

  text(name: string): string {
    const value = this.#get(name);
    return typeof value === 'string' ? value : this.#refuse(name, 'a text', value);
  }

  /** What one of these names stands for. */
  choice<Meaning>(name: string, meanings: Readonly<Record<string, Meaning>>, otherwise?: string): Meaning {
    const value = String(this.#get(name) ?? otherwise);
    return Object.hasOwn(meanings, value)
      ? meanings[value]!
      : this.#refuse(name, Object.keys(meanings).join(' or '), value);
  }

  /** A dictionary, whose keys must be read too. */
  nested(name: string): Attributes {
    const value = this.#get(name);
    if (typeof value !== 'object' || value === null || Array.isArray(value))
      return this.#refuse(name, 'a dictionary', value);
    const nested = new Attributes(value as Readonly<Record<string, unknown>>);
    this.#nested.push(nested);
    return nested;
  }

  /** All names, which count as read: for dictionaries whose names are data. */
  readKeys(): string[] {
    const names = Object.keys(this.#values);
    for (const name of names) this.#read.add(name);
    return names;
  }

  texts(name: string): string[] {
    const value = this.#get(name);
    return Array.isArray(value) && value.every((item) => typeof item === 'string')
      ? value
      : this.#refuse(name, 'a list of texts', value);
  }

  numbers(name: string): number[] {
    const value = this.#get(name);
    return isNumbers(value) ? value : this.#refuse(name, 'a list of numbers', value);
  }

  /** One number an axis; a single number stands for all of them. */
  perAxis(name: string, axes: number, otherwise?: number): number[] {
    const value = this.#get(name) ?? otherwise;
    if (typeof value === 'number') return new Array(axes).fill(value);
    return isNumbers(value) && value.length === axes ? value : this.#refuse(name, `a number or ${axes} of them`, value);
  }

  /** A list of lists, as they are. */
  lists(name: string): (number | null)[][] {
    const value = this.#get(name);
    return Array.isArray(value) && value.every(Array.isArray) ? value : this.#refuse(name, 'a list of lists', value);
  }

  /** An attribute that only describes the tensors must fit them. */
  describes(name: string, actual: boolean | number | string | readonly number[]): void {
    const value = this.#get(name);
    if (value !== undefined && JSON.stringify(value) !== JSON.stringify(actual))
      this.#refuse(name, JSON.stringify(actual), value);
  }

  /** Throws 'option' if there is an attribute that was never asked for. */
  checkAllRead(): void {
    for (const nested of this.#nested) nested.checkAllRead();
    const unknown = Object.keys(this.#values).filter((name) => !this.#read.has(name));
    if (unknown.length === 0) return;
    throw new VoxelgradError('option', {
      what: 'attributes of the case',
      expected: 'only those that its kind of case knows',
      got: unknown.map((name) => `${name} = ${JSON.stringify(this.#values[name])}`).join(', '),
      help: 'teach tools/parity/areas what they mean; ignored, they would look tested',
    });
  }

  #get(name: string): unknown {
    this.#read.add(name);
    // JSON has no undefined: Python's None is "not given".
    return this.#values[name] ?? undefined;
  }

  #refuse(name: string, expected: string, got: unknown): never {
    throw new VoxelgradError('option', { what: `attribute ${name}`, expected, got: JSON.stringify(got) ?? 'none' });
  }
}

const isNumbers = (value: unknown): value is number[] =>
  Array.isArray(value) && value.every((item) => typeof item === 'number');
