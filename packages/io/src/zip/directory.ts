/**
 * The directory of a ZIP archive (PKWARE APPNOTE 6.3.9), read and checked before anything else is. It must lie whole within the file, names must be
 * plain relative paths, sizes must be possible, and no two entries may share bytes: archives that unpack to a multiple of what they hold
 * ("A better zip bomb", Fifield 2019) are made of such entries.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import { readRange } from '../read-range.ts';
import type { FileSource } from '../source.ts';

export interface ZipLimits {
  /** 100,000 by default. */
  readonly entries: number;
  /** Bytes of the directory; 64 MiB by default. */
  readonly directoryBytes: number;
  /** Bytes of one entry, unpacked; 16 GiB by default. */
  readonly entryBytes: number;
  /** Bytes of all entries, unpacked; 64 GiB by default. */
  readonly totalBytes: number;
}

export const defaultZipLimits: ZipLimits = {
  entries: 1e5,
  directoryBytes: 2 ** 26,
  entryBytes: 2 ** 34,
  totalBytes: 2 ** 36,
};

export interface ZipEntry {
  /** With forward slashes; a folder's ends in one. */
  readonly name: string;
  readonly deflated: boolean;
  /** Bytes in the archive. */
  readonly packedSize: number;
  /** Bytes unpacked. */
  readonly size: number;
  readonly crc32: number;
  readonly headerOffset: number;
  /** Where the next entry or the directory begins: this one must end before. */
  readonly end: number;
}

/** The most that deflate can make of a byte. */
const deflateRatio = 1032;

/** Everything the archive says it holds, by name. Throws 'format' for whatever is no sound archive. */
export async function readZipDirectory(source: FileSource, limits: ZipLimits): Promise<Map<string, ZipEntry>> {
  const place = await findDirectory(source);
  check(source, place.entries <= limits.entries, `at most ${limits.entries} entries`, String(place.entries));
  check(
    source,
    place.size <= limits.directoryBytes && place.offset + place.size <= place.end,
    'a directory inside the file',
    `${place.size} bytes from byte ${place.offset} on`,
  );
  const bytes = await readRange(source, place.offset, place.size);
  const entries = parseEntries(source, bytes, place.entries, limits);
  entries.sort((a, b) => a.headerOffset - b.headerOffset);
  const found = new Map<string, ZipEntry>();
  for (const [i, entry] of entries.entries()) {
    const end = entries[i + 1]?.headerOffset ?? place.offset;
    check(
      source,
      entry.headerOffset + 30 + entry.packedSize <= end,
      'entries that share no bytes',
      `${entry.name} reaching into what follows`,
    );
    check(source, !found.has(entry.name), 'each name once', `${entry.name} twice`);
    found.set(entry.name, { ...entry, end });
  }
  return found;
}

interface DirectoryPlace {
  readonly entries: number;
  readonly size: number;
  readonly offset: number;
  /** Where the records that end the archive begin. */
  readonly end: number;
}

/** The end record lies in the last 64 kB, behind a comment; with more than 4 GiB a second one lies before it. */
async function findDirectory(source: FileSource): Promise<DirectoryPlace> {
  const tail = Math.min(source.size, 22 + 65535);
  const bytes = await readRange(source, source.size - tail, tail);
  const view = new DataView(bytes.buffer);
  let at = tail - 22;
  while (at >= 0 && !(view.getUint32(at, true) === 0x06054b50 && at + 22 + view.getUint16(at + 20, true) === tail))
    at--;
  check(source, at >= 0, 'a ZIP archive', 'a file without its end record');
  const end = source.size - tail + at;
  const place = {
    entries: view.getUint16(at + 10, true),
    size: view.getUint32(at + 12, true),
    offset: view.getUint32(at + 16, true),
    end,
  };
  check(
    source,
    view.getUint16(at + 4, true) === 0 || view.getUint16(at + 4, true) === 0xffff,
    'one file',
    'a part of several',
  );
  if (place.entries !== 0xffff && place.size !== 0xffffffff && place.offset !== 0xffffffff) return place;
  return (await findLargeDirectory(source, end)) ?? place;
}

async function findLargeDirectory(source: FileSource, end: number): Promise<DirectoryPlace | undefined> {
  if (end < 20 + 56) return undefined;
  const locator = new DataView((await readRange(source, end - 20, 20)).buffer);
  if (locator.getUint32(0, true) !== 0x07064b50) return undefined;
  const offset = wide(source, locator, 8);
  check(source, offset + 56 <= end - 20, 'an end record inside the file', `one at byte ${offset}`);
  const record = new DataView((await readRange(source, offset, 56)).buffer);
  check(source, record.getUint32(0, true) === 0x06064b50, 'an end record', 'something else');
  return {
    entries: wide(source, record, 32),
    size: wide(source, record, 40),
    offset: wide(source, record, 48),
    end: offset,
  };
}

type UnplacedEntry = Omit<ZipEntry, 'end'>;

function parseEntries(
  source: FileSource,
  bytes: Uint8Array<ArrayBuffer>,
  count: number,
  limits: ZipLimits,
): UnplacedEntry[] {
  const view = new DataView(bytes.buffer);
  const entries: UnplacedEntry[] = [];
  let total = 0;
  let at = 0;
  for (let i = 0; i < count; i++) {
    check(source, at + 46 <= bytes.length, `${count} entries`, `${i}`);
    check(source, view.getUint32(at, true) === 0x02014b50, 'an entry of the directory', 'something else');
    const lengths = [28, 30, 32].map((place) => view.getUint16(at + place, true)) as [number, number, number];
    const [nameLength, extraLength, commentLength] = lengths;
    const end = at + 46 + nameLength + extraLength + commentLength;
    check(source, end <= bytes.length, 'a whole entry of the directory', 'its beginning');
    const entry = parseEntry(source, view, at, bytes.subarray(at + 46, at + 46 + nameLength), extraLength);
    total += entry.size;
    check(
      source,
      entry.size <= limits.entryBytes,
      `entries of at most ${limits.entryBytes} bytes`,
      `${entry.name} with ${entry.size}`,
    );
    check(source, total <= limits.totalBytes, `at most ${limits.totalBytes} bytes in all`, 'more');
    entries.push(entry);
    at = end;
  }
  return entries;
}

function parseEntry(
  source: FileSource,
  view: DataView,
  at: number,
  nameBytes: Uint8Array,
  extraLength: number,
): UnplacedEntry {
  const name = entryName(source, nameBytes);
  check(source, (view.getUint16(at + 8, true) & 1) === 0, 'entries without a password', name);
  const method = view.getUint16(at + 10, true);
  check(
    source,
    method === 0 || method === 8,
    'entries that are stored or deflated',
    `${name} packed by method ${method}`,
  );
  const sizes = {
    size: view.getUint32(at + 24, true),
    packedSize: view.getUint32(at + 20, true),
    headerOffset: view.getUint32(at + 42, true),
  };
  const { size, packedSize, headerOffset } = wideSizes(source, view, at + 46 + nameBytes.length, extraLength, sizes);
  const deflated = method === 8;
  const possible = deflated ? size <= packedSize * deflateRatio : size === packedSize;
  check(source, possible, 'sizes that fit each other', `${name} with ${packedSize} bytes for ${size}`);
  return { name, deflated, packedSize, size, crc32: view.getUint32(at + 16, true), headerOffset };
}

/** Sizes of 4 GiB and more stand in an extra field, in this order and only where the short ones say so. */
function wideSizes<Sizes extends Record<string, number>>(
  source: FileSource,
  view: DataView,
  start: number,
  length: number,
  sizes: Sizes,
): Sizes {
  const missing = Object.keys(sizes).filter((key) => sizes[key] === 0xffffffff);
  for (let at = start; missing.length > 0 && at + 4 <= start + length; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue;
    check(source, at + 4 + 8 * missing.length <= start + length, 'whole sizes', 'a part of them');
    return { ...sizes, ...Object.fromEntries(missing.map((key, i) => [key, wide(source, view, at + 4 + 8 * i)])) };
  }
  return sizes;
}

function entryName(source: FileSource, bytes: Uint8Array): string {
  const name = new TextDecoder().decode(bytes);
  const parts = name.replace(/\/$/, '').split('/');
  const plain = !/[\\\0:]/.test(name) && parts.every((part) => part !== '' && part !== '.' && part !== '..');
  check(source, plain, 'names that stay inside the archive', JSON.stringify(name).slice(0, 120));
  return name;
}

function wide(source: FileSource, view: DataView, at: number): number {
  const value = view.getBigUint64(at, true);
  check(source, value <= BigInt(Number.MAX_SAFE_INTEGER), 'sizes below 2⁵³', String(value));
  return Number(value);
}

function check(source: FileSource, holds: boolean, expected: string, got: string): asserts holds {
  if (!holds) throw brokenZip(source.path, expected, got);
}

export function brokenZip(what: string, expected: string, got: string, cause?: unknown): VoxelgradError {
  return new VoxelgradError('format', {
    what,
    expected,
    got,
    help: 'the archive is damaged or was not made by a common program; copy or download it again',
    cause,
  });
}
