/**
 * The directories of a TIFF or BigTIFF file, walked before a library does: it believes every count and follows every link. Each array of values must
 * lie in the file, no directory may come twice, and no image may be larger than its bytes can hold.
 */
import { VoxelgradError } from '@voxelgrad/tensor';

/** Bytes a value by type, TIFF 6.0 and BigTIFF: BYTE, ASCII, SHORT, LONG, RATIONAL, … */
const typeBytes = [0, 1, 1, 2, 4, 8, 1, 1, 2, 4, 8, 4, 8, 4, 0, 0, 8, 8, 8];
const mostPages = 65536;
/** Deflate grows nothing more than this, LZW hardly ever; without compression nothing grows. */
const largestInflation = 1032;

const tag = { width: 256, height: 257, bits: 258, compression: 259, samples: 277 } as const;

/** Checks all directories; returns how many pages there are. Throws 'format'. */
export function checkTiffStructure(bytes: Uint8Array<ArrayBuffer>, file: string): number {
  const walk = new Walk(bytes, file);
  const seen = new Set<number>();
  for (let at = walk.first; at !== 0; at = walk.directory(at)) {
    if (seen.has(at)) throw walk.refuse('directories one after another', 'a circle of them');
    if (seen.size === mostPages) throw walk.refuse(`at most ${mostPages} pages`, 'more');
    seen.add(at);
  }
  if (seen.size === 0) throw walk.refuse('a page', 'none');
  return seen.size;
}

class Walk {
  readonly first: number;
  readonly #view: DataView;
  readonly #file: string;
  readonly #little: boolean;
  readonly #big: boolean;

  constructor(bytes: Uint8Array<ArrayBuffer>, file: string) {
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#file = file;
    const order = bytes.length < 8 ? 0 : this.#view.getUint16(0);
    this.#little = order === 0x4949;
    const magic = order === 0x4949 || order === 0x4d4d ? this.#view.getUint16(2, this.#little) : 0;
    if (magic !== 42 && magic !== 43) throw this.refuse('a TIFF file', 'something else');
    this.#big = magic === 43;
    this.first = this.#big ? this.#word(8) : this.#word(4);
  }

  /** Checks a directory; returns where the next one is. */
  directory(at: number): number {
    const count = this.#big ? this.#word(at) : this.#short(at);
    const [entry, head] = this.#big ? [20, 8] : [12, 2];
    const end = at + head + count * entry;
    this.#need(end + (this.#big ? 8 : 4));
    const values = new Map<number, number>();
    for (let i = 0; i < count; i++) this.#entry(at + head + i * entry, values);
    this.#checkImage(values);
    return this.#word(end);
  }

  #entry(at: number, values: Map<number, number>): void {
    const [id, type] = [this.#short(at), this.#short(at + 2)];
    const count = this.#word(at + 4);
    const place = at + (this.#big ? 12 : 8);
    const size = (typeBytes[type] ?? 0) * count;
    const inside = size <= (this.#big ? 8 : 4);
    if (!inside) this.#need(this.#word(place) + size);
    if (count < 1) return;
    const first = inside ? place : this.#word(place);
    if (type === 3) values.set(id, this.#short(first));
    if (type === 4) values.set(id, this.#view.getUint32(first, this.#little));
  }

  #checkImage(values: Map<number, number>): void {
    const [width, height] = [values.get(tag.width) ?? 0, values.get(tag.height) ?? 0];
    if (width < 1 || height < 1) throw this.refuse('a width and a height', `${width} × ${height}`);
    const needed = (width * height * (values.get(tag.samples) ?? 1) * (values.get(tag.bits) ?? 1)) / 8;
    const inflation = (values.get(tag.compression) ?? 1) === 1 ? 1 : largestInflation;
    if (needed > this.#view.byteLength * inflation)
      throw this.refuse(`${needed} bytes of pixels (${width} × ${height})`, `a file of ${this.#view.byteLength} bytes`);
  }

  #short(at: number): number {
    this.#need(at + 2);
    return this.#view.getUint16(at, this.#little);
  }

  /** An offset or a count: 4 bytes, 8 in BigTIFF. */
  #word(at: number): number {
    this.#need(at + (this.#big ? 8 : 4));
    return this.#big ? Number(this.#view.getBigUint64(at, this.#little)) : this.#view.getUint32(at, this.#little);
  }

  #need(end: number): void {
    if (end > this.#view.byteLength) throw this.refuse(`${end} bytes`, `a file of ${this.#view.byteLength}`);
  }

  refuse(expected: string, got: string): VoxelgradError {
    return new VoxelgradError('format', { what: this.#file, expected, got, help: 'the file is truncated or damaged' });
  }
}
