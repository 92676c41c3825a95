/**
 * Writes ZIP archives as a stream. The header of a member that is in memory tells its size and checksum in advance, so that readers need not search; that
 * of one that comes in pieces says that they follow (APPNOTE 4.3.9). What is beyond 4 GiB uses the 64-bit records (PKWARE APPNOTE 6.3.10, 4.3.14 and
 * 4.5.3). The same members give the same bytes: no clock is read.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import { crc32 } from './crc32.ts';
import { throughTransform } from './transform.ts';

export type ZipMember = WholeMember | StreamedMember;

interface MemberSettings {
  /** With forward slashes. */
  readonly name: string;
  /** Packed; otherwise stored as it is. */
  readonly deflated?: boolean;
}

export interface WholeMember extends MemberSettings {
  /** Less than 4 GiB. */
  readonly bytes: Uint8Array;
  /** The member's bytes begin at a multiple of this many bytes, for readers that map them into memory. */
  readonly alignment?: number;
}

export interface StreamedMember extends MemberSettings {
  /** Bytes of all pieces together, of any number. */
  readonly size: number;
  readonly pieces: AsyncIterable<Uint8Array>;
}

interface Written {
  readonly name: Uint8Array;
  readonly flags: number;
  readonly method: number;
  readonly crc32: number;
  readonly packedSize: number;
  readonly size: number;
  readonly offset: number;
}

const largest32 = 0xffffffff;
/** 1980-01-01, the first day of ZIP's calendar. */
const date = 0x0021;
/** Names are UTF-8. */
const utf8Names = 0x0800;
/** Checksum and sizes follow the bytes. */
const sizesFollow = 0x0008;
/** From this size on a streamed member gets 64-bit sizes: deflate makes bytes that it cannot pack a little more. */
const wideFrom = 0xf0000000;

/** The archive, piece by piece. Throws 'option' for a member in memory of 4 GiB or more, and for one whose pieces are not as long as it says. */
export async function* encodeZip(
  members: Iterable<ZipMember> | AsyncIterable<ZipMember>,
): AsyncIterable<Uint8Array<ArrayBufferLike>> {
  const written: Written[] = [];
  let offset = 0;
  for await (const member of members) {
    const before = offset;
    const parts = 'bytes' in member ? wholeMember(member, offset) : streamedMember(member, offset);
    let part = await parts.next();
    for (; part.done !== true; part = await parts.next()) {
      offset += part.value.length;
      yield part.value;
    }
    written.push({ ...part.value, offset: before });
  }
  yield* directory(written, offset);
}

/** A member's header, then its bytes; what the directory says of it comes back. */
type MemberParts = AsyncGenerator<Uint8Array, Written>;

async function* wholeMember({ name, bytes, deflated, alignment = 1 }: WholeMember, offset: number): MemberParts {
  const packed = deflated === true ? await joined(deflate([bytes])) : bytes;
  if (Math.max(packed.length, bytes.length) >= largest32)
    throw new VoxelgradError('option', { what: name, expected: 'less than 4 GiB in one entry of an archive' });
  const entry: Written = {
    name: new TextEncoder().encode(name),
    flags: utf8Names,
    method: deflated === true ? 8 : 0,
    crc32: crc32(bytes),
    packedSize: packed.length,
    size: bytes.length,
    offset,
  };
  yield localHeader(entry, alignment);
  yield packed;
  return entry;
}

async function* streamedMember({ name, size, pieces, deflated }: StreamedMember, offset: number): MemberParts {
  const wide = size >= wideFrom;
  const entry: Written = {
    name: new TextEncoder().encode(name),
    flags: utf8Names | sizesFollow,
    method: deflated === true ? 8 : 0,
    crc32: 0,
    packedSize: 0,
    size: 0,
    offset,
  };
  yield wide ? wideLocalHeader(entry) : localHeader(entry, 1);
  let checksum = 0;
  let length = 0;
  const counted = async function* (): AsyncIterable<Uint8Array> {
    for await (const piece of pieces) {
      checksum = crc32(piece, checksum);
      length += piece.length;
      yield piece;
    }
  };
  let packedSize = 0;
  for await (const part of deflated === true ? deflate(counted()) : counted()) {
    packedSize += part.length;
    yield part;
  }
  if (length !== size)
    throw new VoxelgradError('option', { what: name, expected: `pieces of ${size} bytes in all`, got: String(length) });
  const found = { ...entry, crc32: checksum, packedSize, size };
  yield descriptor(found, wide);
  return found;
}

/** What a streamed member's header could not tell yet. */
function descriptor({ crc32, packedSize, size }: Written, wide: boolean): Uint8Array {
  const view = new DataView(new ArrayBuffer(wide ? 24 : 16));
  view.setUint32(0, 0x08074b50, true);
  view.setUint32(4, crc32, true);
  if (wide) {
    view.setBigUint64(8, BigInt(packedSize), true);
    view.setBigUint64(16, BigInt(size), true);
  } else {
    view.setUint32(8, packedSize, true);
    view.setUint32(12, size, true);
  }
  return new Uint8Array(view.buffer);
}

/** Its field for 64-bit sizes tells that those behind the bytes are such ones. */
function wideLocalHeader(entry: Written): Uint8Array {
  const plain = localHeader({ ...entry, packedSize: largest32, size: largest32 }, 1);
  const bytes = new Uint8Array(plain.length + 20);
  bytes.set(plain);
  const view = new DataView(bytes.buffer);
  view.setUint16(4, 45, true);
  view.setUint16(28, 20, true);
  view.setUint16(plain.length, 1, true);
  view.setUint16(plain.length + 2, 16, true);
  return bytes;
}

function localHeader(entry: Written, alignment: number): Uint8Array {
  const fixed = 30 + entry.name.length;
  // An extra field of its own kind ("FB", as PyTorch's writer has it) fills the room before aligned bytes; it takes four bytes at least.
  const gap = (alignment - ((entry.offset + fixed) % alignment)) % alignment;
  const extra = gap === 0 || gap >= 4 ? gap : gap + alignment * Math.ceil((4 - gap) / alignment);
  const bytes = new Uint8Array(fixed + extra);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x04034b50, true);
  describe(view, 4, entry);
  view.setUint16(28, extra, true);
  bytes.set(entry.name, 30);
  if (extra > 0) {
    view.setUint16(fixed, 0x4246, true);
    view.setUint16(fixed + 2, extra - 4, true);
  }
  return bytes;
}

/** What both headers of a member say, from the version on: 24 bytes up to the length of the name. */
function describe(view: DataView, at: number, entry: Written): void {
  view.setUint16(at, 20, true);
  view.setUint16(at + 2, entry.flags, true);
  view.setUint16(at + 4, entry.method, true);
  view.setUint16(at + 8, date, true);
  view.setUint32(at + 10, entry.crc32, true);
  view.setUint32(at + 14, Math.min(entry.packedSize, largest32), true);
  view.setUint32(at + 18, Math.min(entry.size, largest32), true);
  view.setUint16(at + 22, entry.name.length, true);
}

function* directory(written: readonly Written[], start: number): Iterable<Uint8Array> {
  let size = 0;
  for (const entry of written) {
    const record = directoryRecord(entry);
    yield record;
    size += record.length;
  }
  if (start >= largest32 || size >= largest32 || written.length >= 0xffff)
    yield wideEndRecord(written.length, size, start);
  const end = new DataView(new ArrayBuffer(22));
  const count = Math.min(written.length, 0xffff);
  end.setUint32(0, 0x06054b50, true);
  end.setUint16(8, count, true);
  end.setUint16(10, count, true);
  end.setUint32(12, Math.min(size, largest32), true);
  end.setUint32(16, Math.min(start, largest32), true);
  yield new Uint8Array(end.buffer);
}

function directoryRecord(entry: Written): Uint8Array {
  const wide = [entry.size, entry.packedSize, entry.offset].filter((value) => value >= largest32);
  const extra = wide.length === 0 ? 0 : 4 + 8 * wide.length;
  const start = 46 + entry.name.length;
  const bytes = new Uint8Array(start + extra);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x02014b50, true);
  view.setUint16(4, 20, true);
  describe(view, 6, entry);
  view.setUint16(30, extra, true);
  view.setUint32(42, Math.min(entry.offset, largest32), true);
  bytes.set(entry.name, 46);
  if (extra > 0) {
    view.setUint16(6, 45, true);
    view.setUint16(start, 1, true);
    view.setUint16(start + 2, extra - 4, true);
    for (const [i, value] of wide.entries()) view.setBigUint64(start + 4 + 8 * i, BigInt(value), true);
  }
  return bytes;
}

/** The end record with 64-bit numbers, and the locator that finds it. */
function wideEndRecord(count: number, size: number, start: number): Uint8Array {
  const view = new DataView(new ArrayBuffer(56 + 20));
  view.setUint32(0, 0x06064b50, true);
  view.setBigUint64(4, 44n, true);
  view.setUint16(12, 45, true);
  view.setUint16(14, 45, true);
  for (const [at, value] of [
    [24, count],
    [32, count],
    [40, size],
    [48, start],
  ] as const)
    view.setBigUint64(at, BigInt(value), true);
  view.setUint32(56, 0x07064b50, true);
  view.setBigUint64(64, BigInt(start + size), true);
  view.setUint32(72, 1, true);
  return new Uint8Array(view.buffer);
}

async function* deflate(pieces: Iterable<Uint8Array> | AsyncIterable<Uint8Array>): AsyncIterable<Uint8Array> {
  const each = async function* (): AsyncIterable<Uint8Array> {
    yield* pieces;
  };
  yield* throughTransform(each(), new CompressionStream('deflate-raw'));
}

async function joined(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const all: Uint8Array[] = [];
  for await (const part of parts) all.push(part);
  return new Uint8Array(await new Blob(all as Uint8Array<ArrayBuffer>[]).arrayBuffer());
}
