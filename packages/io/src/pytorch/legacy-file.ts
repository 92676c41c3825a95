/**
 * Checkpoints as torch.save wrote them before version 1.6 (torch/serialization.py, `_legacy_save`): five pickles one after the other — a magic
 * number, a version, facts about the machine, the object, the keys of the storages — and then each storage: its length and its values.
 */
import { Budget, type PickleLimits } from '../pickle/budget.ts';
import { unpickle } from '../pickle/unpickle.ts';
import type { Pickled } from '../pickle/values.ts';
import { readRange } from '../read-range.ts';
import type { FileSource } from '../source.ts';
import { refuseTorchFile } from './refuse.ts';
import { StorageTable } from './storages.ts';
import { torchGlobals } from './torch-globals.ts';

const magicNumber = 0x1950a86a20f9469cfc6cn;
const protocolVersion = 1001;
/** How much is read at first to find the pickles in, and at most. */
const firstBytes = 2 ** 20;
const maximumBytes = 2 ** 28;

/** Whether the first bytes of a file are those of the magic number's pickle, which begins the legacy format. */
export const isLegacyStart = (bytes: Uint8Array): boolean =>
  bytes.length >= 14 &&
  bytes[0] === 0x80 &&
  bytes[2] === 0x8a &&
  bytes[3] === 10 &&
  bytes[4] === 0x6c &&
  bytes[5] === 0xfc;

interface Pickles {
  readonly value: Pickled;
  readonly keys: readonly Pickled[];
  /** Byte at which the first storage begins. */
  readonly end: number;
  readonly table: StorageTable;
}

export async function readLegacyCheckpoint(source: FileSource, limits: Partial<PickleLimits>): Promise<Pickled> {
  const starts = new Map<string, number>();
  const read = (key: string, start: number, length: number) => readRange(source, starts.get(key)! + start, length);
  const { value, keys, end, table } = await readPickles(source, limits, read);
  let at = end;
  for (const key of keys) {
    const storage = typeof key === 'string' ? table.storages.get(key) : undefined;
    if (storage === undefined || starts.has(storage.key))
      throw refuseTorchFile(source, 'storages that its tensors name, each once', String(key).slice(0, 40));
    const count = new DataView((await readRange(source, at, 8)).buffer).getBigUint64(0, true);
    if (count !== BigInt(storage.length) || at + 8 + storage.size > source.size)
      throw refuseTorchFile(source, `${storage.length} elements in storage ${storage.key.slice(0, 40)}`, String(count));
    starts.set(storage.key, at + 8);
    at += 8 + storage.size;
  }
  const missing = [...table.storages.keys()].find((key) => !starts.has(key));
  if (missing !== undefined) throw refuseTorchFile(source, `storage ${missing.slice(0, 40)}`, 'none');
  return value;
}

/** The pickles' length is written nowhere: as much of the file is read as they turn out to need. */
async function readPickles(
  source: FileSource,
  limits: Partial<PickleLimits>,
  read: ConstructorParameters<typeof StorageTable>[1],
): Promise<Pickles> {
  for (let length = Math.min(source.size, firstBytes); ; length = Math.min(source.size, 4 * length)) {
    const bytes = await readRange(source, 0, length);
    try {
      return parsePickles(source, bytes, limits, read);
    } catch (error) {
      if (length === source.size || length >= maximumBytes) throw error;
    }
  }
}

function parsePickles(
  source: FileSource,
  bytes: Uint8Array,
  limits: Partial<PickleLimits>,
  read: ConstructorParameters<typeof StorageTable>[1],
): Pickles {
  const table = new StorageTable(new Budget(source.path), read);
  let start = 0;
  const next = (): Pickled => {
    const { value, end } = unpickle(bytes, {
      what: source.path,
      globals: torchGlobals,
      persistent: (id) => table.storageFor(id),
      limits,
      start,
    });
    start = end;
    return value;
  };
  const [magic, version, machine] = [next(), next(), next()];
  if (magic !== magicNumber || version !== protocolVersion)
    throw refuseTorchFile(source, `PyTorch's legacy format, version ${protocolVersion}`, String(version).slice(0, 40));
  if (!(machine instanceof Map) || machine.get('little_endian') !== true)
    throw refuseTorchFile(source, 'little-endian numbers', 'big-endian ones');
  const value = next();
  const keys = next();
  if (!Array.isArray(keys)) throw refuseTorchFile(source, 'a list of storages', 'something else');
  return { value, keys, end: start, table };
}
