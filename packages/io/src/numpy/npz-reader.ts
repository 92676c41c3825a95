/** An array of an archive that is never whole in memory: its numbers are taken in order, some at a time. */
import { VoxelgradError } from '@voxelgrad/tensor';
import { ByteReader } from '../byte-reader.ts';
import type { FileSource } from '../source.ts';
import { openZip } from '../zip/archive.ts';
import { type NumpyHeader, npyPrefix, npyStart, parseNpyHeader } from './npy.ts';
import { entryOf } from './npz.ts';

/** Longer headers are refused before they are read. */
const longestHeader = 2 ** 16;

/** Nothing is allocated for an entry, so it may be of any size: probabilities of a hundred classes are tens of gigabytes. */
const anySize = { entryBytes: Number.MAX_SAFE_INTEGER, totalBytes: Number.MAX_SAFE_INTEGER };

export class NpzReader {
  readonly #header: NumpyHeader;
  readonly #bytes: ByteReader;
  readonly #what: string;

  private constructor(header: NumpyHeader, bytes: ByteReader, what: string) {
    this.#header = header;
    this.#bytes = bytes;
    this.#what = what;
  }

  /** The array `name` of an archive. Throws 'format' where there is none, or none of numbers. Whoever opens it closes it. */
  static async open(source: FileSource, name: string): Promise<NpzReader> {
    const archive = await openZip(source, anySize);
    const entry = entryOf(archive, name);
    const what = `${source.path}: ${name}`;
    const bytes = new ByteReader(archive.stream(entry));
    try {
      const prefix = new Uint8Array(npyPrefix);
      const start = npyStart(prefix.subarray(0, await bytes.fill(prefix)), what);
      const header = new Uint8Array(Math.min(start, longestHeader));
      header.set(prefix);
      await bytes.fill(header.subarray(npyPrefix));
      return new NpzReader(parseNpyHeader(header, entry.size, what), bytes, what);
    } catch (error) {
      await bytes.close();
      throw error;
    }
  }

  /** As NumPy has it: the last axis runs fastest. */
  get shape(): readonly number[] {
    return this.#header.shape;
  }

  /** Fills `into` with the next numbers, whatever type the file has. Throws 'format' where there are not so many. */
  async read(into: Float32Array): Promise<void> {
    const { NumberArray } = this.#header;
    const numbers = NumberArray === Float32Array ? into : new NumberArray(into.length);
    const bytes = new Uint8Array(numbers.buffer, numbers.byteOffset, numbers.byteLength);
    const filled = await this.#bytes.fill(bytes);
    if (filled < bytes.length)
      throw new VoxelgradError('format', {
        what: this.#what,
        expected: `${bytes.length} bytes more`,
        got: String(filled),
      });
    if (numbers !== into) into.set(numbers);
  }

  /** Reads on to the end, where the checksum is checked. Throws 'format'. */
  async finish(): Promise<void> {
    await this.#bytes.drain();
  }

  /** Lets go of the file, also where reading stopped early. */
  async close(): Promise<void> {
    await this.#bytes.close();
  }
}
