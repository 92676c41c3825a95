/**
 * Which of several named candidates a kernel runs as. Where nothing was measured it is the preset, a matter of shapes and of a shipped table; `tune`
 * (capture/tune.ts) measures the candidates on this adapter and keeps the fastest, and from then on it is that one, in this process and in later ones: the
 * same choices give the same bits.
 */
import { debug } from '../../debug.ts';
import { showShape } from '../../shape.ts';
import type { Operand } from '../device.ts';

/** Something that several candidates can do. */
export interface Question<Name extends string = string> {
  /** The kernel's name in the table of kernels. */
  readonly kernel: string;
  /** What it is given besides operands, as text. */
  readonly detail: string;
  /** The last is the result. */
  readonly operands: readonly Operand[];
  readonly candidates: readonly Name[];
  readonly preset: Name;
  /** Enqueues a candidate with operands of these shapes. */
  run(candidate: Name, operands: readonly Operand[]): void;
}

/** Keeps what was tuned between runs: a folder, or a browser's storage. */
export interface ChoiceStore {
  /** What was kept for an adapter and its driver, or undefined. Rejects only where it is there and cannot be read. */
  read(adapter: string): Promise<string | undefined>;
  /** Keeps `text` in place of what was kept, whole or not at all. */
  write(adapter: string, text: string): Promise<void>;
}

/** Raised whenever candidates change so much that older measurements say nothing about them. */
const FORMAT = 1;

export class Choices {
  readonly #adapter: string;
  readonly #store: ChoiceStore | undefined;
  readonly #chosen: Map<string, string>;
  #asked: Map<string, Question> | undefined;

  constructor(adapter: string, store?: ChoiceStore, chosen: ReadonlyMap<string, string> = new Map()) {
    this.#adapter = adapter;
    this.#store = store;
    this.#chosen = new Map(chosen);
  }

  /** What is kept for `adapter`, which names the driver too. Text that is damaged, or another driver's, counts as nothing. */
  static async open(adapter: string, store?: ChoiceStore): Promise<Choices> {
    return new Choices(adapter, store, await readKept(adapter, store));
  }

  /** The tuned candidate if there is one, else the preset. */
  choose<Name extends string>(question: Question<Name>): Name {
    const { candidates, preset } = question;
    if (this.#chosen.size === 0 && this.#asked === undefined) {
      return preset;
    }
    const key = keyOf(question);
    const name = this.#chosen.get(key);
    const tuned = candidates.find((candidate) => candidate === name);
    if (tuned === undefined) this.#asked?.set(key, question as unknown as Question);
    if (tuned !== undefined) debug(2, () => `${key}: ${tuned}, tuned`);
    return tuned ?? preset;
  }

  /** What `work` asks that has no tuned answer yet and more than one candidate, by key. */
  listen(work: () => void): ReadonlyMap<string, Question> {
    const asked = new Map<string, Question>();
    this.#asked = asked;
    try {
      work();
    } finally {
      this.#asked = undefined;
    }
    for (const [key, { candidates }] of asked) if (candidates.length < 2) asked.delete(key);
    return asked;
  }

  /**
   * Adopts and keeps new choices. What another process kept meanwhile stands, so that a choice never changes once it is made. Rejects, with nothing adopted,
   * where it cannot be kept.
   */
  async keep(choices: ReadonlyMap<string, string>): Promise<void> {
    const all = new Map([...this.#chosen, ...choices, ...(await readKept(this.#adapter, this.#store))]);
    const text = JSON.stringify({ format: FORMAT, adapter: this.#adapter, choices: Object.fromEntries(all) }, null, 1);
    await this.#store?.write(this.#adapter, text);
    for (const [key, name] of all) this.#chosen.set(key, name);
  }
}

/** 'conv3d f32[1, 8, 8, 8, 32], f32[3, 3, 3, 32, 32], f32[1, 8, 8, 8, 32] stride 1 1 1 …' */
function keyOf({ kernel, detail, operands }: Question): string {
  const shapes = operands.map(({ dtype, shape }) => `${dtype}${showShape(shape)}`).join(', ');
  return `${kernel} ${shapes}${detail === '' ? '' : ` ${detail}`}`;
}

async function readKept(adapter: string, store: ChoiceStore | undefined): Promise<Map<string, string>> {
  const text = await store?.read(adapter);
  if (text === undefined) return new Map();
  const kept = parseKept(text);
  if (kept?.format === FORMAT && kept.adapter === adapter) return kept.choices;
  debug(
    1,
    () => `tuned choices that were kept for ${adapter} are passed over: damaged, or of another version or driver`,
  );
  return new Map();
}

interface Kept {
  readonly format: unknown;
  readonly adapter: unknown;
  readonly choices: Map<string, string>;
}

function parseKept(text: string): Kept | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (typeof value !== 'object' || value === null) return undefined;
  const { format, adapter, choices } = value as Record<string, unknown>;
  if (typeof choices !== 'object' || choices === null) return undefined;
  const entries = Object.entries(choices);
  if (!entries.every((entry): entry is [string, string] => typeof entry[1] === 'string')) return undefined;
  return { format, adapter, choices: new Map(entries as [string, string][]) };
}
