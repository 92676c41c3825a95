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

const tag = {
  width: 256,
  height: 257,
  bits: 258,
  compression: 259,
  stripOffsets: 273,
  samples: 277,
  rowsPerStrip: 278,
  planar: 284,
  tileWidth: 322,
  tileHeight: 323,
  tileOffsets: 324,
} as const;

/** What decides how much is read and how often: these are whole numbers above 0, or the file is damaged. */
const counted = new Set<number>([
  tag.width,
  tag.height,
  tag.bits,
  tag.samples,
  tag.rowsPerStrip,
  tag.planar,
  tag.tileWidth,
  tag.tileHeight,
]);
const mostSamples = 4096;
/** None, LZW, Deflate by its two numbers, PackBits. */
const codecs: readonly number[] = [1, 5, 8, 32946, 32773];

interface Field {
  /** The first value. */
  readonly value: number;
  readonly count: number;
}

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
    const fields = new Map<number, Field>();
    for (let i = 0; i < count; i++) this.#entry(at + head + i * entry, fields);
    this.#checkImage(fields);
    return this.#word(end);
  }

  #entry(at: number, fields: Map<number, Field>): void {
    const [id, type] = [this.#short(at), this.#short(at + 2)];
    const count = this.#word(at + 4);
    const place = at + (this.#big ? 12 : 8);
    const size = (typeBytes[type] ?? 0) * count;
    const inside = size <= (this.#big ? 8 : 4);
    if (!inside) this.#need(this.#word(place) + size);
    const first = inside ? place : this.#word(place);
    const value = this.#wholeNumber(type, first);
    if (counted.has(id) && (value === undefined || value < 1 || count < 1))
      throw this.refuse(`a whole number above 0 for tag ${id}`, `${value ?? `type ${type}`}`);
    if (id === tag.bits)
      for (let i = 1; i < count; i++)
        if (this.#wholeNumber(type, first + i * typeBytes[type]!) !== value)
          throw this.refuse('samples of one size', 'others');
    fields.set(id, { value: value ?? 0, count });
  }

  /** A number of one of the types that counts come in; undefined for the others. */
  #wholeNumber(type: number, at: number): number | undefined {
    if (type === 1) return this.#view.getUint8(at);
    if (type === 3) return this.#short(at);
    if (type === 4) return this.#view.getUint32(at, this.#little);
    return type === 16 ? Number(this.#view.getBigUint64(at, this.#little)) : undefined;
  }

  #checkImage(fields: ReadonlyMap<number, Field>): void {
    const of = (id: number, otherwise: number): number => fields.get(id)?.value ?? otherwise;
    const [width, height, samples] = [of(tag.width, 0), of(tag.height, 0), of(tag.samples, 1)];
    if (width < 1 || height < 1 || samples > mostSamples)
      throw this.refuse('a width, a height and samples', `${width} × ${height} × ${samples}`);
    const needed = (width * height * samples * of(tag.bits, 1)) / 8;
    const codec = of(tag.compression, 1);
    if (!codecs.includes(codec)) throw this.refuse('no compression, LZW, Deflate or PackBits', `compression ${codec}`);
    const inflation = codec === 1 ? 1 : largestInflation;
    if (needed > this.#view.byteLength * inflation)
      throw this.refuse(`${needed} bytes of pixels (${width} × ${height})`, `a file of ${this.#view.byteLength} bytes`);
    this.#checkParts(fields, width, height, of(tag.planar, 1) === 2 ? samples : 1);
  }

  /** Strips and tiles: as many as the image needs are listed, and none is far larger than the image. */
  #checkParts(fields: ReadonlyMap<number, Field>, width: number, height: number, planes: number): void {
    const tileWidth = fields.get(tag.tileWidth)?.value;
    const tileHeight = fields.get(tag.tileHeight)?.value;
    const tiled = tileWidth !== undefined || tileHeight !== undefined;
    const [partWidth, partHeight] = tiled
      ? [tileWidth ?? 0, tileHeight ?? 0]
      : [width, Math.min(height, fields.get(tag.rowsPerStrip)?.value ?? height)];
    const parts = Math.ceil(width / partWidth) * Math.ceil(height / partHeight) * planes;
    const listed = fields.get(tiled ? tag.tileOffsets : tag.stripOffsets)?.count ?? 0;
    // A tile of a small image may be larger than the image: 4096 a side is far more than any writer takes.
    if (!(parts <= listed) || partWidth > Math.max(width, 4096) || partHeight > Math.max(height, 4096))
      throw this.refuse(`${parts} parts of ${partWidth} × ${partHeight}`, `${listed}`);
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
