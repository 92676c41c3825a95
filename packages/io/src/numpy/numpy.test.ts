/** NumPy's files: against bytes that NumPy wrote, there and back, and through PyTorch's Python where there is one. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lacking } from '@voxelgrad/tensor/testing-skips';
import { afterAll, describe, expect, it } from 'vitest';
import type { VoxelArray } from '../image.ts';
import { sourceFromBytes } from '../source.ts';
import { openZip } from '../zip/archive.ts';
import { encodeZip } from '../zip/write.ts';
import { encodeNpy, parseNpy } from './npy.ts';
import { encodeNpz, readNpz } from './npz.ts';
import { NpzReader } from './npz-reader.ts';

const python = process.env.PEER_PYTHON;
const missingPeer = python === undefined ? 'PEER_PYTHON names no Python with NumPy' : undefined;
const folder = mkdtempSync(join(tmpdir(), 'voxelgrad-numpy-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function joined(parts: AsyncIterable<Uint8Array>): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  for await (const part of parts) pieces.push(part);
  return new Uint8Array(Buffer.concat(pieces));
}

describe('npy', () => {
  it('is what NumPy writes', () => {
    // numpy.save of numpy.array([[1, 2, 3]], dtype='<i2')
    const header = `\x93NUMPY\x01\x00v\x00{'descr': '<i2', 'fortran_order': False, 'shape': (1, 3), }`;
    const expected = Buffer.concat([Buffer.from(`${header.padEnd(127)}\n`, 'latin1'), Buffer.from([1, 0, 2, 0, 3, 0])]);
    const array = { shape: [1, 3], data: Int16Array.of(1, 2, 3) };
    expect(Buffer.from(encodeNpy(array))).toEqual(expected);
    expect(parseNpy(new Uint8Array(expected), 'x')).toEqual(array);
  });

  it.each<VoxelArray>([
    Int8Array.of(-1),
    Uint8Array.of(255),
    Uint16Array.of(65535),
    Int32Array.of(-5),
    Uint32Array.of(2 ** 32 - 1),
    Float32Array.of(0.1),
    Float64Array.of(0.1),
  ])('keeps numbers of every type', (data) => {
    expect(parseNpy(encodeNpy({ shape: [1], data }), 'x')).toEqual({ shape: [1], data });
  });

  it('refuses what it cannot be', () => {
    const good = encodeNpy({ shape: [4], data: new Float32Array(4) });
    const altered = (from: string, to: string): Uint8Array =>
      new Uint8Array(Buffer.from(Buffer.from(good).toString('latin1').replace(from, to), 'latin1'));
    expect(() => parseNpy(good.subarray(0, -1), 'a.npy')).toThrow(/a\.npy: expected 4 numbers <f4/);
    expect(() => parseNpy(altered('<f4', '|O8'), 'a.npy')).toThrow(/numbers of the types/);
    expect(() => parseNpy(altered('False', 'True '), 'a.npy')).toThrow(/in C order/);
    expect(() => parseNpy(altered('(4,)', '(9,)'), 'a.npy')).toThrow(/9 numbers/);
    expect(() => parseNpy(new Uint8Array(20), 'a.npy')).toThrow(/a NumPy array/);
  });
});

describe('npz', () => {
  const probabilities = { shape: [2, 3], data: Float32Array.of(0.1, 0.2, 0.3, 0.9, 0.8, 0.7) };

  it('gives back the array of a name', async () => {
    const bytes = await joined(encodeNpz({ probabilities }));
    expect(await readNpz(sourceFromBytes(bytes, 'a.npz'), 'probabilities')).toEqual(probabilities);
    await expect(readNpz(sourceFromBytes(bytes, 'a.npz'), 'seg')).rejects.toThrow(/an array 'seg', got probabilities/);
  });

  it('takes an array in pieces, and means the same', async () => {
    const pieces = async function* (): AsyncIterable<Float32Array> {
      yield probabilities.data.subarray(0, 4);
      yield probabilities.data.subarray(4);
    };
    const bytes = await joined(encodeNpz({ probabilities: { shape: [2, 3], pieces: pieces() } }));
    expect(await readNpz(sourceFromBytes(bytes, 'a.npz'), 'probabilities')).toEqual(probabilities);
  });

  it('gives numbers of any type some at a time', async () => {
    const data = [-3, 0, 1, 2, 100, 7];
    for (const array of [
      Int8Array.from(data),
      Int16Array.from(data),
      Float32Array.from(data),
      Float64Array.from(data),
    ]) {
      const bytes = await joined(encodeNpz({ before: probabilities, probabilities: { shape: [3, 2], data: array } }));
      const reader = await NpzReader.open(sourceFromBytes(bytes, 'a.npz'), 'probabilities');
      expect(reader.shape).toEqual([3, 2]);
      const [first, second] = [new Float32Array(4), new Float32Array(2)];
      await reader.read(first);
      await reader.read(second);
      await reader.finish();
      expect([...first, ...second]).toEqual(data);
      await expect(reader.read(first)).rejects.toThrow(
        /a\.npz: probabilities: expected 16 bytes more|bytes more, got 0/,
      );
      await reader.close();
    }
  });

  it('says at the end of a stream that it is not what was written', async () => {
    const stored = encodeZip([{ name: 'p.npy', bytes: encodeNpy({ shape: [6], data: probabilities.data }) }]);
    const bytes = await joined(stored);
    const place = Buffer.from(bytes).indexOf(Buffer.from(probabilities.data.buffer));
    bytes[place]! ^= 1;
    const reader = await NpzReader.open(sourceFromBytes(bytes, 'a.npz'), 'p');
    await reader.read(new Float32Array(6));
    await expect(reader.finish()).rejects.toThrow(/a\.npz: p\.npy: expected what its checksum says/);
    const cut = encodeNpy({ shape: [6], data: probabilities.data }).subarray(0, -4);
    const short = sourceFromBytes(await joined(encodeZip([{ name: 'p.npy', bytes: cut }])), 'b.npz');
    await expect(NpzReader.open(short, 'p')).rejects.toThrow(/b\.npz: p: expected 6 numbers <f4, got 20 bytes/);
    await expect(NpzReader.open(short, 'q')).rejects.toThrow(/an array 'q', got p\.npy/);
  });

  it.each(['whole', 'in pieces'])(
    'is read by NumPy, and reads what NumPy wrote, %s',
    lacking(missingPeer),
    async (how) => {
      const pieces = async function* (): AsyncIterable<Float32Array> {
        yield probabilities.data;
      };
      const array = how === 'whole' ? probabilities : { shape: probabilities.shape, pieces: pieces() };
      const [ours, theirs] = [join(folder, 'ours.npz'), join(folder, 'theirs.npz')];
      writeFileSync(ours, await joined(encodeNpz({ probabilities: array })));
      const code = `import numpy as np, sys; a = np.load(sys.argv[1])['probabilities']; np.savez_compressed(sys.argv[2], probabilities=a * 2)`;
      execFileSync(python!, ['-c', code, ours, theirs]);
      const found = await readNpz(sourceFromBytes(new Uint8Array(readFileSync(theirs)), 'theirs.npz'), 'probabilities');
      expect(found).toEqual({ shape: [2, 3], data: probabilities.data.map((value) => value * 2) });
    },
  );
});

describe('ZIP archives', () => {
  it('keep what was put in, packed or not, aligned where asked', async () => {
    const text = new TextEncoder().encode('voxel '.repeat(500));
    const members = [
      { name: 'a/packed.txt', bytes: text, deflated: true },
      { name: 'a/ä.bin', bytes: Uint8Array.of(1, 2, 3), alignment: 64 },
      { name: 'empty', bytes: new Uint8Array() },
    ];
    const bytes = await joined(encodeZip(members));
    const archive = await openZip(sourceFromBytes(bytes, 'a.zip'));
    for (const member of members) expect(await archive.read(archive.entries.get(member.name)!)).toEqual(member.bytes);
    expect(archive.entries.get('a/packed.txt')!.packedSize).toBeLessThan(100);
    expect(Buffer.from(bytes).indexOf(Buffer.from([1, 2, 3])) % 64).toBe(0);
    expect(await joined(encodeZip(members))).toEqual(bytes);
  });
});
