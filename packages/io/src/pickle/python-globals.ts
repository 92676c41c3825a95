/** What a pickle may name of Python's own library: collections, bytes, and names of paths. */
import type { Budget } from './budget.ts';
import { itemsOf, kindOf, type Pickled, PickledCallable, PickledTuple } from './values.ts';

/** Pairs or keys given to a dict's constructor. */
function mapFrom(source: Pickled | undefined, budget: Budget): Map<Pickled, Pickled> {
  const map = new Map<Pickled, Pickled>();
  if (source === undefined) return map;
  if (source instanceof Map) {
    budget.spend('items', 2 * source.size);
    return new Map(source);
  }
  for (const pair of iterated(source, budget)) {
    const items = itemsOf(pair);
    if (items?.length !== 2) throw budget.broken('pairs for a dict', kindOf(pair));
    map.set(items[0]!, items[1]!);
  }
  return map;
}

/** The items of a collection, paid for as if copied. */
function iterated(source: Pickled | undefined, budget: Budget): readonly Pickled[] {
  if (source === undefined) return [];
  const items = source instanceof Set ? [...source] : itemsOf(source);
  if (items === undefined) throw budget.broken('a collection', kindOf(source));
  budget.spend('items', items.length);
  return items;
}

/** `text.encode('latin1')`: how pickles of protocol 2 hold bytes. */
function encode([text, encoding = 'utf-8']: readonly Pickled[], budget: Budget): Uint8Array {
  if (typeof text !== 'string' || typeof encoding !== 'string') throw budget.broken('a text to encode', kindOf(text));
  budget.spend('bytes', text.length);
  const name = encoding.toLowerCase().replace(/[-_]/g, '');
  if (name === 'utf8') return new TextEncoder().encode(text);
  if (name !== 'latin1' && name !== 'iso88591') throw budget.broken('bytes encoded as Latin-1', encoding.slice(0, 40));
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 255) throw budget.broken('bytes encoded as Latin-1', `the character ${code}`);
    bytes[i] = code;
  }
  return bytes;
}

function byteArray([source, encoding]: readonly Pickled[], budget: Budget): Uint8Array {
  if (source === undefined) return new Uint8Array(0);
  if (typeof source === 'string') return encode([source, encoding ?? 'latin-1'], budget);
  if (!(source instanceof Uint8Array)) throw budget.broken('bytes', kindOf(source));
  budget.spend('bytes', source.length);
  return source.slice();
}

/** pathlib's paths are the texts that they were: their parts, joined. */
function path(parts: readonly Pickled[], budget: Budget): string {
  if (!parts.every((part) => typeof part === 'string')) throw budget.broken('the parts of a path', 'something else');
  const text = parts.join('/').replace(/^\/\//, '/');
  budget.spend('bytes', text.length);
  return text;
}

const builtins: Record<string, PickledCallable['call']> = {
  list: ([source], budget) => [...iterated(source, budget)],
  tuple: ([source], budget) => new PickledTuple([...iterated(source, budget)]),
  dict: ([source], budget) => mapFrom(source, budget),
  set: ([source], budget) => new Set(iterated(source, budget)),
  frozenset: ([source], budget) => new Set(iterated(source, budget)),
  bytearray: byteArray,
  bytes: byteArray,
};

const functions: Readonly<Record<string, Readonly<Record<string, PickledCallable['call']>>>> = {
  builtins,
  __builtin__: builtins,
  _codecs: { encode },
  collections: {
    OrderedDict: ([source], budget) => mapFrom(source, budget),
    Counter: ([source], budget) => mapFrom(source, budget),
    // The first argument makes missing values, and nothing is missing here.
    defaultdict: ([, source], budget) => mapFrom(source, budget),
  },
  pathlib: Object.fromEntries(
    ['Path', 'PosixPath', 'WindowsPath', 'PurePosixPath', 'PureWindowsPath'].map((name) => [name, path]),
  ),
};

/** Looks up `module.name` in a table of functions, own properties only. */
export function callableFrom(
  table: Readonly<Record<string, Readonly<Record<string, PickledCallable['call']>>>>,
  module: string,
  name: string,
): PickledCallable | undefined {
  const members = Object.hasOwn(table, module) ? table[module]! : undefined;
  if (members === undefined || !Object.hasOwn(members, name)) return undefined;
  return new PickledCallable(`${module}.${name}`, members[name]!);
}

export const pythonGlobals = (module: string, name: string): Pickled | undefined =>
  callableFrom(functions, module, name);
