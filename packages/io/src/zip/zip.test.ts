/** Archives against Python's zipfile, against themselves, and archives that lie. */
import { VoxelgradError } from '@voxelgrad/tensor';
import { describe, expect, it } from 'vitest';
import { hostRandom } from '../phantom/random.ts';
import { readRange } from '../read-range.ts';
import { readText, sourceFromBytes } from '../source.ts';
import { openZip } from './archive.ts';
import { crc32 } from './crc32.ts';
import { folderFromZip } from './folder.ts';
import { encodeZip, type ZipMember } from './write.ts';

/** zipfile of Python 3.11: a folder, a deflated text with an umlaut in its name, a stored file, a comment that looks like an end record. */
const pythonArchive = Uint8Array.from(
  atob(
    'UEsDBBQAAAAAAAAAIQAAAAAAAAAAAAAAAAAHAAAAZm9sZGVyL1BLAwQUAAAICAAAACEApHoA7xIAAACwBAAAEgAAAGZvbGRlci9ncsO2w59lLnR4dCvLr0jNUSgbJUfJUXKUHPQkAFBLAwQUAAAAAAAAACEAiOLOzhAAAAAQAAAACgAAAHN0b3JlZC5iaW4AAQIDBAUGBwgJCgsMDQ4PUEsBAhQDFAAAAAAAAAAhAAAAAAAAAAAAAAAAAAcAAAAAAAAAAAAAAIABAAAAAGZvbGRlci9QSwECFAMUAAAICAAAACEApHoA7xIAAACwBAAAEgAAAAAAAAAAAAAAgAElAAAAZm9sZGVyL2dyw7bDn2UudHh0UEsBAhQDFAAAAAAAAAAhAIjizs4QAAAAEAAAAAoAAAAAAAAAAAAAAIABZwAAAHN0b3JlZC5iaW5QSwUGAAAAAAMAAwCtAAAAnwAAAA4AYSBjb21tZW50IFBLBQY=',
  ),
  (character) => character.charCodeAt(0),
);

/** The same program, told that four bytes are more than it may write with 32-bit sizes: everything stands in the 64-bit records. */
const wideArchive = Uint8Array.from(
  atob(
    'UEsDBC0AAAAIAAAAIQBROJxm//////////8FABQAYS50eHQBABAAeAAAAAAAAAALAAAAAAAAACvLr0jNUSijOwkAUEsDBC0AAAAAAAAAIQCMvv' +
      'ib//////////8FABQAYi50eHQBABAALQAAAAAAAAAtAAAAAAAAAGdyYWQgZ3JhZCBncmFkIGdyYWQgZ3JhZCBncmFkIGdyYWQgZ3JhZCBncmFk' +
      'IFBLAQItAy0AAAAIAAAAIQBROJxm//////////8FABQAAAAAAAAAAACAAQAAAABhLnR4dAEAEAB4AAAAAAAAAAsAAAAAAAAAUEsBAi0DLQAAAA' +
      'AAAAAhAIy++Jv//////////wUAHAAAAAAAAAAAAIAB/////2IudHh0AQAYAC0AAAAAAAAALQAAAAAAAABCAAAAAAAAAFBLBgYsAAAAAAAAAC0A' +
      'LQAAAAAAAAAAAAIAAAAAAAAAAgAAAAAAAACWAAAAAAAAAKYAAAAAAAAAUEsGBwAAAAA8AQAAAAAAAAEAAABQSwUGAAAAAAIAAgCWAAAApgAAAA' +
      'AA',
  ),
  (character) => character.charCodeAt(0),
);

async function encode(members: readonly ZipMember[]): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array[] = [];
  for await (const part of encodeZip(members)) parts.push(part);
  return new Uint8Array(Buffer.concat(parts));
}

const open = (bytes: Uint8Array<ArrayBuffer>, limits = {}) => openZip(sourceFromBytes(bytes, 'a.zip'), limits);
const random = hostRandom(7);
const noise = Uint8Array.from({ length: 5000 }, () => random.index(256));
const text = new TextEncoder().encode('voxel '.repeat(5000));

describe('ZIP archives', () => {
  it('of Python are read', async () => {
    const archive = await open(pythonArchive);
    expect([...archive.entries.keys()]).toEqual(['folder/', 'folder/größe.txt', 'stored.bin']);
    const [, deflated, stored] = [...archive.entries.values()];
    expect(new TextDecoder().decode(await archive.read(deflated!))).toBe('voxel '.repeat(200));
    expect([...(await archive.readPart(deflated!, 6, 5))]).toEqual([...text.subarray(0, 5)]);
    expect([...(await archive.read(stored!))]).toEqual(Array.from({ length: 16 }, (_, i) => i));
    expect([...(await archive.readPart(stored!, 3, 2))]).toEqual([3, 4]);
  });

  it('are read as they were written, stored and deflated, at aligned places', async () => {
    const bytes = await encode([
      { name: 'ä/noise', bytes: noise, alignment: 64 },
      { name: 'text', bytes: text, deflated: true },
      { name: 'empty', bytes: new Uint8Array(0) },
    ]);
    expect(bytes.length).toBeLessThan(6000);
    expect(Buffer.from(bytes).indexOf(noise) % 64).toBe(0);
    const archive = await open(bytes);
    const entries = [...archive.entries.values()];
    expect(entries.map(({ name, size, deflated }) => [name, size, deflated])).toEqual([
      ['ä/noise', 5000, false],
      ['text', 30000, true],
      ['empty', 0, false],
    ]);
    expect(await Promise.all(entries.map((entry) => archive.read(entry)))).toEqual([noise, text, new Uint8Array(0)]);
  });

  /** `bytes` in pieces of a prime length. */
  async function* inPieces(bytes: Uint8Array): AsyncIterable<Uint8Array> {
    for (let at = 0; at < bytes.length; at += 997) yield bytes.subarray(at, at + 997);
  }

  it('take members in pieces, whose checksum and sizes follow them', async () => {
    const members = (): ZipMember[] => [
      { name: 'text', size: text.length, pieces: inPieces(text), deflated: true },
      { name: 'noise', size: noise.length, pieces: inPieces(noise) },
      { name: 'after', bytes: Uint8Array.of(1, 2), alignment: 64 },
      { name: 'nothing', size: 0, pieces: inPieces(new Uint8Array(0)), deflated: true },
    ];
    const bytes = await encode(members());
    const archive = await open(bytes);
    const read = await Promise.all([...archive.entries.values()].map((entry) => archive.read(entry)));
    expect(read).toEqual([text, noise, Uint8Array.of(1, 2), new Uint8Array(0)]);
    expect(archive.entries.get('text')!.packedSize).toBeLessThan(300);
    expect(await encode(members())).toEqual(bytes);
    // Signature, checksum and both sizes stand behind the bytes.
    const end = Buffer.from(bytes).indexOf(noise) + noise.length;
    const words = [0, 4, 8, 12].map((at) => new DataView(bytes.buffer).getUint32(end + at, true));
    expect(words).toEqual([0x08074b50, crc32(noise), noise.length, noise.length]);
    await expect(encode([{ name: 'short', size: 9, pieces: inPieces(noise.subarray(0, 8)) }])).rejects.toThrow(
      /short: expected pieces of 9 bytes in all, got 8/,
    );
    const failing = async function* (): AsyncIterable<Uint8Array> {
      yield noise;
      throw new Error('the disk is gone');
    };
    await expect(encode([{ name: 'x', size: 1e6, pieces: failing(), deflated: true }])).rejects.toThrow(
      'the disk is gone',
    );
  });

  it('with 64-bit sizes are read, whether they need them or not', async () => {
    const archive = await open(wideArchive);
    const contents = await Promise.all([...archive.entries.values()].map((entry) => archive.read(entry)));
    expect(contents.map((bytes) => new TextDecoder().decode(bytes))).toEqual(['voxel '.repeat(20), 'grad '.repeat(9)]);
    const many = await encode(Array.from({ length: 66_000 }, (_, i) => ({ name: `${i}`, bytes: new Uint8Array(0) })));
    expect((await open(many)).entries.size).toBe(66_000);
    const view = new DataView(many.buffer);
    // The locator of the 64-bit record lies before the last 22 bytes.
    view.setBigUint64(view.byteLength - 22 - 12, 2n ** 60n, true);
    await expect(open(many)).rejects.toThrow(/2⁵³|inside the file/);
  });

  it('are folders', async () => {
    const folder = folderFromZip(await open(pythonArchive));
    expect(await folder.list()).toEqual({ files: ['stored.bin'], folders: ['folder'] });
    expect(await readText((await folder.folder('folder').file('größe.txt'))!)).toBe('voxel '.repeat(200));
    const stored = (await folder.file('stored.bin'))!;
    expect([stored.size, stored.path]).toEqual([16, 'a.zip/stored.bin']);
    expect([...(await readRange(stored, 3, 2))]).toEqual([3, 4]);
    expect((await stored.sibling('folder/größe.txt'))?.size).toBe(1200);
    expect(await folder.file('other')).toBeUndefined();
  });

  it('have the checksum of the standard', () => {
    // The check value of CRC-32/ISO-HDLC.
    expect(crc32(new TextEncoder().encode('123456789'))).toBe(0xcbf43926);
    expect(crc32(noise.subarray(1000), crc32(noise.subarray(0, 1000)))).toBe(crc32(noise));
  });
});

const stored = (name: string): ZipMember => ({ name, bytes: text.subarray(0, 60) });

describe('archives that lie', () => {
  it.each([
    ['../escape', 'stay inside'],
    ['/root', 'stay inside'],
    ['a/../../b', 'stay inside'],
    ['a//b', 'stay inside'],
    ['C:windows', 'stay inside'],
    ['back\\slash', 'stay inside'],
    ['nul\0', 'stay inside'],
  ])('a name like %j is refused', async (name, reason) => {
    await expect(open(await encode([stored(name)]))).rejects.toThrow(reason);
  });

  /** One archive with two entries, of which some bytes of the directory are changed. */
  async function changed(change: (view: DataView, directory: number) => void): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await encode([stored('a'), stored('b')]);
    change(new DataView(bytes.buffer), Buffer.from(bytes).indexOf('PK\x01\x02', 0, 'latin1'));
    return bytes;
  }
  const second = 46 + 1;

  it.each<[string, (view: DataView, directory: number) => void, RegExp]>([
    ['two entries on the same bytes', (view, at) => view.setUint32(at + second + 42, 0, true), /share no bytes/],
    ['an entry beyond the directory', (view, at) => view.setUint32(at + second + 42, at, true), /share no bytes/],
    ['a size that deflate cannot make', (view, at) => view.setUint32(at + 24, 1e6, true), /sizes that fit/],
    ['a password', (view, at) => view.setUint16(at + 8, 1, true), /password/],
    ['another method', (view, at) => view.setUint16(at + 10, 12, true), /stored or deflated/],
    ['one name twice', (view, at) => view.setUint8(at + second + 46, 97), /each name once/],
    ['more entries than there are', (view) => view.setUint16(view.byteLength - 12, 9, true), /entries|entry/],
    ['a directory behind the end', (view) => view.setUint32(view.byteLength - 6, 1e6, true), /inside the file/],
    ['no end', (view) => view.setUint32(view.byteLength - 22, 0, true), /end record/],
  ])('%s', async (_, change, reason) => {
    const error: unknown = await open(await changed(change)).catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(VoxelgradError);
    expect((error as Error).message).toMatch(reason);
  });

  it('content is checked: its checksum, its size, its own header', async () => {
    const bytes = await encode([stored('a'), { name: 'b', bytes: text, deflated: true }]);
    const read = async (name: string) => {
      const archive = await open(bytes);
      return archive.read(archive.entries.get(name)!);
    };
    bytes[40]! ^= 1;
    await expect(read('a')).rejects.toThrow(/checksum/);
    bytes[40]! ^= 1;
    const directory = Buffer.from(bytes).lastIndexOf('PK\x01\x02', undefined, 'latin1');
    const view = new DataView(bytes.buffer);
    for (const [size, reason] of [
      [text.length - 1, /got more/],
      [text.length + 1, /30001 bytes/],
    ] as const) {
      view.setUint32(directory + 24, size, true);
      await expect(read('b')).rejects.toThrow(reason);
    }
    view.setUint16(26, 60000, true);
    await expect(read('a')).rejects.toThrow(/header/);
  });

  it('limits hold', async () => {
    const bytes = await encode([stored('a'), stored('b')]);
    await expect(open(bytes, { entries: 1 })).rejects.toThrow(/at most 1 entries/);
    await expect(open(bytes, { entryBytes: 59 })).rejects.toThrow(/at most 59 bytes/);
    await expect(open(bytes, { totalBytes: 119 })).rejects.toThrow(/at most 119 bytes/);
    await expect(open(bytes, { directoryBytes: 50 })).rejects.toThrow(/directory/);
  });
});
