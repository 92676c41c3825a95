/**
 * Writes ZIP archives as a stream: each member's header tells its size and checksum in advance, so that readers need not search. Archives and offsets
 * beyond 4 GiB use the 64-bit records (PKWARE APPNOTE 6.3.10, 4.3.14 and 4.5.3). The same members give the same bytes: no clock is read.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import { crc32 } from './crc32.ts';

export interface ZipMember {
  /** With forward slashes. */
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Packed; otherwise stored as it is. */
  readonly deflated?: boolean;
  /** The member's bytes begin at a multiple of this many bytes, for readers that map them into memory. */
  readonly alignment?: number;
}

interface Written {
  readonly name: Uint8Array;
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
const flags = 0x0800;

/** The archive, piece by piece. Throws 'option' for a member of 4 GiB or more. */
export async function* encodeZip(
  members: Iterable<ZipMember> | AsyncIterable<ZipMember>,
): AsyncIterable<Uint8Array<ArrayBufferLike>> {
  const written: Written[] = [];
  let offset = 0;
  for await (const member of members) {
    const packed = member.deflated === true ? await deflateRaw(member.bytes) : member.bytes;
    if (Math.max(packed.length, member.bytes.length) >= largest32)
      throw new VoxelgradError('option', { what: member.name, expected: 'less than 4 GiB in one entry of an archive' });
    const entry: Written = {
      name: new TextEncoder().encode(member.name),
      method: member.deflated === true ? 8 : 0,
      crc32: crc32(member.bytes),
      packedSize: packed.length,
      size: member.bytes.length,
      offset,
    };
    const header = localHeader(entry, member.alignment ?? 1);
    yield header;
    yield packed;
    offset += header.length + packed.length;
    written.push(entry);
  }
  yield* directory(written, offset);
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
  view.setUint16(at + 2, flags, true);
  view.setUint16(at + 4, entry.method, true);
  view.setUint16(at + 8, date, true);
  view.setUint32(at + 10, entry.crc32, true);
  view.setUint32(at + 14, entry.packedSize, true);
  view.setUint32(at + 18, entry.size, true);
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
  const wide = entry.offset >= largest32;
  const bytes = new Uint8Array(46 + entry.name.length + (wide ? 12 : 0));
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x02014b50, true);
  view.setUint16(4, 20, true);
  describe(view, 6, entry);
  view.setUint16(30, wide ? 12 : 0, true);
  view.setUint32(42, wide ? largest32 : entry.offset, true);
  bytes.set(entry.name, 46);
  if (wide) {
    view.setUint16(46 + entry.name.length, 1, true);
    view.setUint16(48 + entry.name.length, 8, true);
    view.setBigUint64(50 + entry.name.length, BigInt(entry.offset), true);
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

async function deflateRaw(bytes: Uint8Array): Promise<Uint8Array> {
  const packed = new Blob([bytes as Uint8Array<ArrayBuffer>])
    .stream()
    .pipeThrough(new CompressionStream('deflate-raw'));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}
