/** Decoded chunks that were used last, up to a number of bytes: neighbouring patches share chunks, and foreground patches come back to the same ones. */
import { VoxelgradError } from '@voxelgrad/tensor';

export type ChunkData = Float32Array | Int16Array;

export class ChunkCache {
  /** Most bytes that are kept; chunks that are just being read come on top. */
  readonly limit: number;
  readonly #kept = new Map<string, ChunkData>();
  readonly #coming = new Map<string, Promise<ChunkData>>();
  #bytes = 0;

  /** Throws 'option' where the limit is no number of bytes. One cache may serve many cases. */
  constructor(limit: number) {
    if (!(limit >= 0))
      throw new VoxelgradError('option', { what: 'chunk cache', expected: 'a number of bytes', got: String(limit) });
    this.limit = limit;
  }

  /** Bytes of the chunks that are kept now. */
  get bytes(): number {
    return this.#bytes;
  }

  /** The chunk under a key, by `read` where it is not at hand. Several who ask at once share one read; a failed read is not kept. */
  async get(key: string, read: () => Promise<ChunkData>): Promise<ChunkData> {
    const kept = this.#kept.get(key);
    if (kept !== undefined) {
      // A Map lists its keys in the order of insertion: the first one is the one not used for the longest time.
      this.#kept.delete(key);
      this.#kept.set(key, kept);
      return kept;
    }
    const coming = this.#coming.get(key);
    if (coming !== undefined) return coming;
    const reading = read().finally(() => this.#coming.delete(key));
    this.#coming.set(key, reading);
    const chunk = await reading;
    this.#keep(key, chunk);
    return chunk;
  }

  /** Lets go of all chunks whose key begins so. */
  forget(prefix: string): void {
    for (const [key, chunk] of this.#kept)
      if (key.startsWith(prefix)) {
        this.#kept.delete(key);
        this.#bytes -= chunk.byteLength;
      }
  }

  #keep(key: string, chunk: ChunkData): void {
    if (chunk.byteLength > this.limit || this.#kept.has(key)) return;
    this.#kept.set(key, chunk);
    this.#bytes += chunk.byteLength;
    for (const [oldest, dropped] of this.#kept) {
      if (this.#bytes <= this.limit) return;
      this.#kept.delete(oldest);
      this.#bytes -= dropped.byteLength;
    }
  }
}
