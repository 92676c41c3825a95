/** Persistent ids of a checkpoint's pickle, each of which names a storage: ('storage', type, key, device, length[, view]). */
import type { Budget } from '../pickle/budget.ts';
import { itemsOf, kindOf, type Pickled } from '../pickle/values.ts';
import { bytesPerElement } from './element-types.ts';
import { TorchStorage } from './tensor.ts';
import { TorchStorageType } from './torch-globals.ts';

/** Where a storage's bytes are: `size` of them, by its key. */
export type StorageReader = (key: string, start: number, length: number) => Promise<Uint8Array<ArrayBuffer>>;

export class StorageTable {
  /** Storages by key, in the order in which the pickle names them first. */
  readonly storages = new Map<string, TorchStorage>();
  readonly #budget: Budget;
  readonly #read: StorageReader;

  constructor(budget: Budget, read: StorageReader) {
    this.#budget = budget;
    this.#read = read;
  }

  /** The storage for a persistent id. Throws 'format' where two ids disagree about one storage. */
  storageFor(id: Pickled): TorchStorage {
    const [kind, type, key, , length, view = null] = itemsOf(id) ?? [];
    const known =
      kind === 'storage' &&
      type instanceof TorchStorageType &&
      typeof key === 'string' &&
      typeof length === 'number' &&
      length >= 0;
    if (!known) throw this.#budget.broken('the storage of a tensor', kindOf(kind));
    const storage =
      this.storages.get(key) ??
      new TorchStorage(type.dtype, length, key, (from, count) => this.#read(key, from, count));
    if (storage.length !== length || storage.dtype !== type.dtype)
      throw this.#budget.broken(`${storage.length} elements in storage ${key.slice(0, 40)}`, String(length));
    this.storages.set(key, storage);
    return view === null ? storage : this.#viewOn(storage, view);
  }

  /** Legacy files may name a part of a storage: (key, first element, length). */
  #viewOn(storage: TorchStorage, view: Pickled): TorchStorage {
    const [key, first, length] = itemsOf(view) ?? [];
    const sound =
      typeof key === 'string' &&
      typeof first === 'number' &&
      typeof length === 'number' &&
      first >= 0 &&
      length >= 0 &&
      first + length <= storage.length;
    if (!sound) throw this.#budget.broken('a part of a storage', kindOf(key));
    const width = storage.dtype === undefined ? 1 : bytesPerElement[storage.dtype];
    return new TorchStorage(storage.dtype, length, `${storage.key}/${first}`, (from, count) =>
      storage.read(first * width + from, count),
    );
  }
}
