/** The entries of a ZIP archive: read whole, in part, or as a folder that the other readers understand. */
import { allocate, readRange } from '../read-range.ts';
import type { FileSource } from '../source.ts';
import { crc32 } from './crc32.ts';
import { brokenZip, defaultZipLimits, readZipDirectory, type ZipEntry, type ZipLimits } from './directory.ts';
import { inflateRaw } from './inflate.ts';

export class ZipArchive {
  readonly source: FileSource;
  readonly entries: ReadonlyMap<string, ZipEntry>;

  constructor(source: FileSource, entries: ReadonlyMap<string, ZipEntry>) {
    this.source = source;
    this.entries = entries;
  }

  /** An entry's bytes, unpacked, and checked against its checksum where `verify` says so. */
  async read(entry: ZipEntry, { verify = true }: { readonly verify?: boolean } = {}): Promise<Uint8Array<ArrayBuffer>> {
    const start = await this.dataOffset(entry);
    const bytes = entry.deflated ? await this.#inflate(entry, start) : await readRange(this.source, start, entry.size);
    if (verify && crc32(bytes) !== entry.crc32)
      throw brokenZip(this.#nameOf(entry), 'what its checksum says', 'other bytes');
    return bytes;
  }

  /** An entry's bytes, unpacked, in pieces as they are asked for: for what is too large for memory. Its size and checksum are checked at its end. */
  async *stream(entry: ZipEntry): AsyncIterable<Uint8Array> {
    const what = this.#nameOf(entry);
    const stored = this.source.stream({ offset: await this.dataOffset(entry), length: entry.packedSize });
    let [count, checksum] = [0, 0];
    for await (const part of entry.deflated ? inflateRaw(stored, what) : stored) {
      count += part.length;
      if (count > entry.size) break;
      checksum = crc32(part, checksum);
      yield part;
    }
    checkSize(count, entry, what);
    if (checksum !== entry.crc32) throw brokenZip(what, 'what its checksum says', 'other bytes');
  }

  /** `length` bytes of an entry from `offset` on. Only these are read where the entry is stored as it is. */
  async readPart(entry: ZipEntry, offset: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
    if (offset + length > entry.size)
      throw brokenZip(this.#nameOf(entry), `${offset + length} bytes or more`, String(entry.size));
    if (entry.deflated) return (await this.read(entry, { verify: false })).slice(offset, offset + length);
    return readRange(this.source, (await this.dataOffset(entry)) + offset, length);
  }

  /** First byte of an entry's content: behind its own header, which repeats its name. */
  async dataOffset(entry: ZipEntry): Promise<number> {
    const fixed = new DataView((await readRange(this.source, entry.headerOffset, 30)).buffer);
    const [nameLength, extraLength] = [fixed.getUint16(26, true), fixed.getUint16(28, true)];
    const start = entry.headerOffset + 30 + nameLength + extraLength;
    if (fixed.getUint32(0, true) !== 0x04034b50 || start + entry.packedSize > entry.end)
      throw brokenZip(this.#nameOf(entry), 'an entry as the directory describes it', 'another header');
    return start;
  }

  async #inflate(entry: ZipEntry, start: number): Promise<Uint8Array<ArrayBuffer>> {
    // A size is only a claim: memory is taken for what comes.
    const parts: Uint8Array[] = [];
    let count = 0;
    const what = this.#nameOf(entry);
    for await (const part of inflateRaw(this.source.stream({ offset: start, length: entry.packedSize }), what)) {
      count += part.length;
      if (count > entry.size) break;
      parts.push(part);
    }
    checkSize(count, entry, what);
    const bytes = allocate(count, what);
    let at = 0;
    for (const part of parts) {
      bytes.set(part, at);
      at += part.length;
    }
    return bytes;
  }

  #nameOf(entry: ZipEntry): string {
    return `${this.source.path}: ${entry.name}`;
  }
}

function checkSize(count: number, { size }: ZipEntry, what: string): void {
  if (count !== size) throw brokenZip(what, `${size} bytes`, count > size ? 'more' : String(count));
}

/** Opens an archive; its directory is read and checked, nothing else. */
export async function openZip(source: FileSource, limits: Partial<ZipLimits> = {}): Promise<ZipArchive> {
  return new ZipArchive(source, await readZipDirectory(source, { ...defaultZipLimits, ...limits }));
}
