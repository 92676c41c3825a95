/** Stored cases in memory and behind a URL: patches, the cache, and what a damaged store may not do. */
import { isVoxelgradError } from '@voxelgrad/tensor';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { folderFromFiles } from '../browser-source.ts';
import { boxOf, preprocessedCase } from '../testing/preprocessed-case.ts';
import { CaseMemory, type CaseSource, caseAtUrl, caseInFolder } from './case-source.ts';
import { ChunkCache } from './chunk-cache.ts';
import { chunkShapeFor } from './chunk-shape.ts';
import { isStored, openCase } from './open.ts';
import type { Shape3 } from './preprocessed-case.ts';
import { storeCase } from './write.ts';

const shape: Shape3 = [11, 14, 9];
const original = preprocessedCase(shape, 3);
const patchSize: Shape3 = [8, 8, 8];

async function stored(): Promise<CaseMemory> {
  const memory = new CaseMemory('case_1');
  await storeCase(memory, original, { patchSize, key: 'k', wholeBelow: 0 });
  return memory;
}

/** Notes what is read. */
function counting(source: CaseSource): CaseSource & { read: string[] } {
  const read: string[] = [];
  return {
    path: source.path,
    read,
    get: (name, limit) => {
      read.push(name);
      return source.get(name, limit);
    },
  };
}

const asResponses = (memory: CaseMemory) => async (url: string) => {
  const bytes = memory.files.get(url.replace('http://host/store/case_1/', ''));
  return bytes === undefined ? new Response(null, { status: 404 }) : new Response(bytes);
};

const asFolder = (memory: CaseMemory) =>
  folderFromFiles(
    [...memory.files].map(([path, bytes]) => ({ path: `case_1/${path}`, blob: new Blob([bytes]) })),
    'store',
  ).folder('case_1');

describe('stored cases', () => {
  it.each([
    ['memory', async () => stored()],
    ['a folder of a page', async () => caseInFolder(asFolder(await stored()))],
    ['a URL', async () => caseAtUrl('http://host/store/case_1/', { fetch: asResponses(await stored()) })],
  ] as const)('come back from %s as they were', async (_, make) => {
    const opened = await openCase(await make());
    expect([opened.name, opened.shape, opened.channels, opened.chunkShape]).toEqual(['case_1', shape, 3, [4, 4, 4]]);
    expect([opened.hasLabels, opened.hasPrevious]).toEqual([true, true]);
    expect(await opened.whole()).toEqual(original);
  });

  it('give every box, by any split into chunks', async () => {
    const opened = await openCase(await stored(), { cache: new ChunkCache(3000) });
    const edge = (axis: number) =>
      fc
        .integer({ min: 0, max: shape[axis]! - 1 })
        .chain((low) => fc.tuple(fc.constant(low), fc.integer({ min: 1, max: shape[axis]! - low })));
    await fc.assert(
      fc.asyncProperty(edge(0), edge(1), edge(2), async (z, y, x) => {
        const [lower, size] = [0, 1].map((i) => [z[i]!, y[i]!, x[i]!] as const) as [Shape3, Shape3];
        const patch = await opened.readPatch({ lower, size });
        expect([...patch.data]).toEqual(boxOf(original.data, shape, 3, lower, size));
        expect([...patch.seg!]).toEqual(boxOf(original.seg!, shape, 1, lower, size));
        expect([...patch.previous!]).toEqual(boxOf(original.previous!, shape, 1, lower, size));
      }),
      { numRuns: 50, seed: 1 },
    );
  });

  it('read only the chunks under a patch, and each once while the cache has room', async () => {
    const source = counting(await stored());
    const cache = new ChunkCache(2 ** 20);
    const opened = await openCase(source, { cache });
    source.read.length = 0;
    const box = { lower: [0, 5, 0], size: [4, 4, 4] } as const;
    await Promise.all([opened.readPatch(box), opened.readPatch(box)]);
    const chunks = ['data.zarr/c/0/1/0/0', 'data.zarr/c/0/2/0/0', 'previous.zarr/c/0/1/0', 'previous.zarr/c/0/2/0'];
    expect(source.read.toSorted()).toEqual([...chunks, 'seg.zarr/c/0/1/0', 'seg.zarr/c/0/2/0']);
    expect(cache.bytes).toBe(2 * 64 * (3 * 4 + 2 + 2));
    await opened.readPatch({ lower: [1, 4, 1], size: [2, 8, 3] });
    expect(source.read).toHaveLength(6);
  });

  it('leave alone what lies around a box in its target', async () => {
    const opened = await openCase(await stored());
    const image = new Float32Array(3 * 5 * 5 * 5).fill(9);
    const label = new Int32Array(125).fill(9);
    await opened.readBox([2, 3, 4], [2, 3, 3], { image, label, firstVoxel: 31, rowVoxels: 5, planeVoxels: 25 });
    expect(boxOf(image, [5, 5, 5], 3, [1, 1, 1], [2, 3, 3])).toEqual(
      boxOf(original.data, shape, 3, [2, 3, 4], [2, 3, 3]),
    );
    expect(boxOf(label, [5, 5, 5], 1, [1, 1, 1], [2, 3, 3])).toEqual(
      boxOf(original.seg!, shape, 1, [2, 3, 4], [2, 3, 3]),
    );
    expect(label.filter((value) => value === 9)).toHaveLength(125 - 18);
  });

  it('need neither labels nor locations', async () => {
    const memory = new CaseMemory();
    await storeCase(
      memory,
      { shape: [1, 3, 2], channels: 1, data: Float32Array.of(1, 2, 3, 4, 5, NaN) },
      { patchSize },
    );
    const opened = await openCase(memory);
    expect(opened.hasLabels).toBe(false);
    expect(await opened.readPatch({ lower: [0, 1, 0], size: [1, 2, 2] })).toEqual({
      data: Float32Array.of(3, 4, 5, NaN),
    });
  });

  it('refuse arrays that do not fit, labels beyond int16, and boxes that leave the case', async () => {
    const memory = new CaseMemory();
    const write = (change: object) => storeCase(memory, { ...original, ...change }, { patchSize });
    await expect(write({ seg: new Int16Array(3) })).rejects.toThrow(
      /segmentation of case: expected 1386 values, got 3/,
    );
    await expect(write({ shape: [0, 1, 1] })).rejects.toSatisfy((error) => isVoxelgradError(error, 'shape'));
    await expect(write({ seg: new Int32Array(1386).fill(40000) })).rejects.toThrow(
      /−32768 to 32767, got 40000 at voxel 0/,
    );
    const opened = await openCase(await stored());
    for (const lower of [
      [0, 0, 1],
      [-1, 0, 0],
      [0, 0.5, 0],
    ] as const)
      await expect(opened.readPatch({ lower, size: shape })).rejects.toThrow(/expected a box inside \[11, 14, 9\]/);
  });

  it('tell whole cases from others, and keys apart', async () => {
    const memory = await stored();
    expect([await isStored(memory), await isStored(memory, 'k'), await isStored(memory, 'other')]).toEqual([
      true,
      true,
      false,
    ]);
    await expect(openCase(memory, { key: 'other' })).rejects.toSatisfy((error) => isVoxelgradError(error, 'dataset'));
    memory.files.delete('properties.json');
    expect(await isStored(memory)).toBe(false);
    await expect(openCase(memory)).rejects.toThrow(
      /properties.json: got no such file\nhelp: there is no whole stored case/,
    );
  });
});

describe('damaged stored cases', () => {
  it('a missing chunk is an error, not zeros', async () => {
    const memory = await stored();
    memory.files.delete('data.zarr/c/1/1/1/0');
    const opened = await openCase(memory);
    await opened.readPatch({ lower: [0, 0, 0], size: [4, 4, 4] });
    await expect(opened.readPatch({ lower: [3, 3, 3], size: [2, 2, 2] })).rejects.toThrow(
      /c\/1\/1\/1\/0: got no such file/,
    );
  });

  it('a server that fails is told apart from a missing file', async () => {
    const refusing = caseAtUrl('http://host/x', { fetch: async () => new Response('', { status: 503 }) });
    await expect(openCase(refusing)).rejects.toThrow(/x\/properties.json: got HTTP status 503/);
    const broken = caseAtUrl('http://host/x', { fetch: () => Promise.reject(new TypeError('failed')) });
    await expect(openCase(broken)).rejects.toThrow(/no answer from the server/);
  });

  it('bytes changed, cut or added anywhere give voxels or a typed error', { timeout: 30_000 }, async () => {
    const memory = await stored();
    const names = [...memory.files.keys()].sort();
    const change = fc.record({
      name: fc.constantFrom(...names),
      at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      value: fc.integer({ min: 0, max: 255 }),
      kind: fc.constantFrom('set', 'cut', 'repeat'),
    });
    let failed = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(change, { minLength: 1, maxLength: 4 }), async (changes) => {
        const damaged = new CaseMemory('damaged');
        for (const [name, bytes] of memory.files) damaged.files.set(name, bytes.slice());
        for (const { name, at, value, kind } of changes) {
          const bytes = damaged.files.get(name)!;
          const place = Math.floor(at * bytes.length);
          if (kind === 'set' && bytes.length > 0) bytes[place] = value;
          if (kind === 'cut') damaged.files.set(name, bytes.slice(0, place));
          if (kind === 'repeat') damaged.files.set(name, Uint8Array.of(...bytes, ...bytes));
        }
        try {
          await (await openCase(damaged)).whole();
        } catch (error) {
          failed++;
          expect(isVoxelgradError(error), String(error)).toBe(true);
        }
      }),
      { numRuns: 300, seed: 3 },
    );
    expect(failed).toBeGreaterThan(100);
  });
});

describe('chunkShapeFor', () => {
  it('leaves small cases whole, for any patch', () => {
    expect(chunkShapeFor([36, 50, 35], [40, 56, 40], 1)).toEqual([36, 50, 35]);
    expect(chunkShapeFor([36, 50, 35], [1, 56, 40], 1)).toEqual([36, 50, 35]);
    expect(chunkShapeFor([36, 50, 35], [40, 56, 40], 4)).toEqual([36, 50, 35]);
    expect(chunkShapeFor([36, 50, 35], [40, 56, 40], 5)).toEqual([20, 28, 20]);
    expect(chunkShapeFor([36, 50, 35], [40, 56, 40], 1, 0)).toEqual([20, 28, 20]);
  });

  it('halves the patch, and again while a chunk is larger than 2 MiB', () => {
    expect(chunkShapeFor([300, 300, 300], [128, 128, 128], 1)).toEqual([64, 64, 64]);
    expect(chunkShapeFor([300, 300, 300], [128, 128, 128], 4)).toEqual([32, 64, 64]);
    expect(chunkShapeFor([10, 300, 300], [16, 320, 256], 1)).toEqual([8, 160, 128]);
    expect(chunkShapeFor([400, 50, 20], [1, 512, 512], 1)).toEqual([1, 50, 20]);
    expect(() => chunkShapeFor([4, 4, 4], [0, 4, 4], 1)).toThrow(/patch size/);
  });
});

describe('ChunkCache', () => {
  it('drops what was used the longest time ago, keeps no failures, and forgets by prefix', async () => {
    const cache = new ChunkCache(32);
    const reads: string[] = [];
    const get = (key: string) =>
      cache.get(key, async () => {
        reads.push(key);
        if (key === 'bad') throw new Error('bad');
        return new Float32Array(4);
      });
    for (const key of ['a', 'b', 'a', 'c', 'a', 'b']) await get(key);
    expect(reads).toEqual(['a', 'b', 'c', 'b']);
    for (const _ of [0, 1]) await expect(get('bad')).rejects.toThrow('bad');
    expect(reads.filter((key) => key === 'bad')).toHaveLength(2);
    cache.forget('a');
    expect(cache.bytes).toBe(16);
    expect(() => new ChunkCache(-1)).toThrow(/number of bytes/);
  });
});
