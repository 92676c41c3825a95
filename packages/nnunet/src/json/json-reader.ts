/** Reads JSON that someone else wrote, value by value: whatever is not as expected is a 'format' error that tells where in the file it stands. */
import { VoxelgradError } from '@voxelgrad/tensor';

export class JsonReader {
  readonly #value: unknown;
  /** `plans.json: configurations.2d.spacing`. */
  readonly #where: string;
  readonly #root: boolean;

  private constructor(value: unknown, where: string, root: boolean) {
    this.#value = value;
    this.#where = where;
    this.#root = root;
  }

  /** Python writes NaN and Infinity, which JSON has not: they are read as null. */
  static parse(text: string, file: string): JsonReader {
    try {
      return new JsonReader(JSON.parse(text.replace(pythonNumbers, '$1null')), file, true);
    } catch (cause) {
      const got = cause instanceof Error ? cause.message : String(cause);
      throw new VoxelgradError('format', { what: file, expected: 'JSON', got, cause });
    }
  }

  static of(value: unknown, what: string): JsonReader {
    return new JsonReader(value, what, true);
  }

  has(key: string): boolean {
    return isObject(this.#value) && Object.hasOwn(this.#value, key) && this.#value[key] !== null;
  }

  keys(): string[] {
    if (!isObject(this.#value)) throw this.unexpected('an object');
    return Object.keys(this.#value);
  }

  at(key: string): JsonReader {
    if (!isObject(this.#value)) throw this.unexpected('an object');
    const where = this.#root ? `${this.#where}: ${key}` : `${this.#where}.${key}`;
    return new JsonReader(Object.hasOwn(this.#value, key) ? this.#value[key] : undefined, where, false);
  }

  items(): JsonReader[] {
    if (!Array.isArray(this.#value)) throw this.unexpected('a list');
    return this.#value.map((item: unknown, i) => new JsonReader(item, `${this.#where}[${i}]`, false));
  }

  number(): number {
    if (typeof this.#value !== 'number' || !Number.isFinite(this.#value)) throw this.unexpected('a number');
    return this.#value;
  }

  /** A whole number of at least `minimum`. */
  count(minimum = 0): number {
    const value = this.number();
    if (!Number.isSafeInteger(value) || value < minimum) throw this.unexpected(`a whole number of at least ${minimum}`);
    return value;
  }

  text(): string {
    if (typeof this.#value !== 'string') throw this.unexpected('a text');
    return this.#value;
  }

  boolean(): boolean {
    if (typeof this.#value !== 'boolean') throw this.unexpected('true or false');
    return this.#value;
  }

  /** A list of numbers, of the given length or lengths if any is given. */
  numbers(...lengths: readonly number[]): number[] {
    const values = this.items().map((item) => item.number());
    if (lengths.length > 0 && !lengths.includes(values.length))
      throw this.unexpected(`a list of ${lengths.join(' or ')} numbers`);
    return values;
  }

  counts(minimum = 0): number[] {
    return this.items().map((item) => item.count(minimum));
  }

  texts(): string[] {
    return this.items().map((item) => item.text());
  }

  /** The value as it stands, for what is passed on and not used. */
  get raw(): unknown {
    return this.#value;
  }

  /** An error about this value, to be thrown. */
  unexpected(expected: string): VoxelgradError {
    const text = JSON.stringify(this.#value) ?? 'nothing';
    const got = text.length > 120 ? `${text.slice(0, 120)}…` : text;
    return new VoxelgradError('format', { what: this.#where, expected, got });
  }
}

const pythonNumbers = /([:[,]\s*)-?(?:NaN|Infinity)(?=\s*[,\]}])/g;

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
