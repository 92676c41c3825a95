/** Stored cases on disk: atomic, resumable, and several writers at once. */
import { execFile } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { isVoxelgradError } from '@voxelgrad/tensor';
import { describe, expect, it } from 'vitest';
import { caseAtUrl } from '../store/case-source.ts';
import { ChunkCache } from '../store/chunk-cache.ts';
import { openCase } from '../store/open.ts';
import { preprocessedCase } from '../testing/preprocessed-case.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { cleanStore, isCaseStored, listStoredCases, openStoredCase, writeCase, writePrevious } from './case-store.ts';

const folder = temporaryFolder();
const patchSize = [8, 8, 8] as const;
const original = preprocessedCase([9, 10, 11], 2);

describe('the case store on disk', () => {
  it('keeps a case, lists it, and knows by its key whether it is up to date', async () => {
    const store = join(folder, 'new', 'store');
    expect(await listStoredCases(store)).toEqual([]);
    await writeCase(store, 'b', original, { patchSize, key: '1' });
    await writeCase(store, 'a', original, { patchSize, key: '1' });
    expect(await listStoredCases(store)).toEqual(['a', 'b']);
    expect(await isCaseStored(store, 'a', '1')).toBe(true);
    expect(await isCaseStored(store, 'a', '2')).toBe(false);
    expect(await isCaseStored(store, 'c')).toBe(false);
    const opened = await openStoredCase(store, 'a', { cache: new ChunkCache(2 ** 20) });
    expect(opened.name).toBe('a');
    expect(await opened.whole()).toEqual(original);
    expect(readdirSync(store)).toEqual(['a', 'b']);
  });

  it('is Zarr v3 as the specification has it', async () => {
    const store = join(folder, 'zarr');
    await writeCase(store, 'a', original, { patchSize, wholeBelow: 0 });
    const { shape, data_type, chunk_grid, chunk_key_encoding, codecs } = JSON.parse(
      readFileSync(join(store, 'a', 'data.zarr', 'zarr.json'), 'utf8'),
    );
    expect({ shape, data_type, chunk_grid, chunk_key_encoding, codecs }).toEqual({
      shape: [9, 10, 11, 2],
      data_type: 'float32',
      chunk_grid: { name: 'regular', configuration: { chunk_shape: [4, 4, 4, 2] } },
      chunk_key_encoding: { name: 'default', configuration: { separator: '/' } },
      codecs: [
        { name: 'bytes', configuration: { endian: 'little' } },
        { name: 'zstd', configuration: { level: 1, checksum: false } },
      ],
    });
    expect(readdirSync(join(store, 'a', 'data.zarr', 'c', '2', '2', '2'))).toEqual(['0']);
  });

  it('replaces a case whole, and keeps it where the new one cannot be written', async () => {
    const store = join(folder, 'replaced');
    await writeCase(store, 'a', original, { patchSize });
    const smaller = preprocessedCase([3, 4, 5], 1);
    await writeCase(store, 'a', smaller, { patchSize });
    expect(await (await openStoredCase(store, 'a')).whole()).toEqual(smaller);
    await expect(writeCase(store, 'a', { ...original, seg: new Int16Array(1) }, { patchSize })).rejects.toSatisfy(
      (error) => isVoxelgradError(error, 'shape'),
    );
    expect((await openStoredCase(store, 'a')).shape).toEqual([3, 4, 5]);
    expect(readdirSync(store)).toEqual(['a']);
  });

  it('takes the segmentation of the stage before later on, also anew', async () => {
    const store = join(folder, 'cascade');
    const { previous, ...rest } = original;
    await writeCase(store, 'a', rest, { patchSize });
    expect((await openStoredCase(store, 'a')).hasPrevious).toBe(false);
    await writePrevious(store, 'a', new Uint8Array(previous!.length));
    await writePrevious(store, 'a', previous!);
    expect(await (await openStoredCase(store, 'a')).whole()).toEqual(original);
    expect(readdirSync(join(store, 'a')).sort()).toEqual([
      'data.zarr',
      'locations.json',
      'previous.zarr',
      'properties.json',
      'seg.zarr',
    ]);
    await expect(writePrevious(store, 'a', new Uint8Array(1))).rejects.toThrow(/expected 990 values/);
  });

  it('cuts the segmentation of the stage before as the case was cut', async () => {
    const store = join(folder, 'cascade-chunks');
    const { previous, ...rest } = original;
    await writeCase(store, 'a', rest, { patchSize, wholeBelow: 0 });
    await writePrevious(store, 'a', previous!);
    const opened = await openStoredCase(store, 'a');
    expect(opened.chunkShape).toEqual([4, 4, 4]);
    expect(await opened.whole()).toEqual(original);
  });

  it('a writer that was killed leaves no case behind, and cleaning takes its rest away', async () => {
    const store = join(folder, 'killed');
    mkdirSync(store);
    const script = `
      import { readdirSync } from 'node:fs';
      import { writeCase } from ${JSON.stringify(new URL('./case-store.ts', import.meta.url).href)};
      const data = new Float32Array(64 ** 3).map(Math.random);
      const write = writeCase(${JSON.stringify(store)}, 'a', { shape: [64, 64, 64], channels: 1, data }, { patchSize: [8, 8, 8] });
      const begun = () => readdirSync(${JSON.stringify(store)}).some((name) => name.endsWith('.tmp'));
      setInterval(() => begun() && process.kill(process.pid, 'SIGKILL'), 1);
      await write;`;
    writeFileSync(join(store, '.script.mts'), script);
    const run = promisify(execFile)(process.execPath, ['--import', 'tsx', join(store, '.script.mts')]);
    await expect(run).rejects.toMatchObject({ signal: 'SIGKILL' });
    expect(readdirSync(store)).toHaveLength(2);
    expect(await listStoredCases(store)).toEqual([]);
    expect(await isCaseStored(store, 'a')).toBe(false);
    await writeCase(store, 'a', original, { patchSize });
    await cleanStore(store);
    expect(readdirSync(store).sort()).toEqual(['.script.mts', 'a']);
  });

  it('cleaning leaves alone what another process is writing', async () => {
    const store = join(folder, 'shared');
    const writing = join(store, '.begun');
    mkdirSync(store);
    const script = `
      import { writeFileSync, readdirSync } from 'node:fs';
      import { writeCase } from ${JSON.stringify(new URL('./case-store.ts', import.meta.url).href)};
      const data = new Float32Array(64 ** 3).map(Math.random);
      const write = writeCase(${JSON.stringify(store)}, 'a', { shape: [64, 64, 64], channels: 1, data }, { patchSize: [8, 8, 8] });
      const begun = () => readdirSync(${JSON.stringify(store)}).some((name) => name.endsWith('.tmp'));
      const watch = setInterval(() => begun() && writeFileSync(${JSON.stringify(writing)}, ''), 1);
      await write;
      clearInterval(watch);`;
    writeFileSync(join(store, '.script.mts'), script);
    const run = promisify(execFile)(process.execPath, ['--import', 'tsx', join(store, '.script.mts')]);
    const cleaning = setInterval(() => existsSync(writing) && void cleanStore(store), 1);
    await run.finally(() => clearInterval(cleaning));
    expect(existsSync(writing)).toBe(true);
    expect((await openStoredCase(store, 'a')).shape).toEqual([64, 64, 64]);
  });

  it('several writers of the same case leave one whole case', async () => {
    const store = join(folder, 'contended');
    const versions = [1, 2, 3, 4, 5].map((channels) => preprocessedCase([6, 7, 8], channels));
    await Promise.all(versions.map((version) => writeCase(store, 'a', version, { patchSize })));
    const opened = await openStoredCase(store, 'a');
    expect(await opened.whole()).toEqual(versions[opened.channels - 1]);
    expect(readdirSync(store)).toEqual(['a']);
  });

  it('is read through a web server, chunk by chunk', async () => {
    const store = join(folder, 'served');
    await writeCase(store, 'a', original, { patchSize });
    const asked: string[] = [];
    const server = createServer((request, response) => {
      asked.push(request.url!);
      const file = join(store, request.url!);
      if (existsSync(file)) response.end(readFileSync(file));
      else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const { port } = server.address() as AddressInfo;
      const opened = await openCase(caseAtUrl(`http://127.0.0.1:${port}/a`));
      asked.length = 0;
      await opened.readPatch({ lower: [0, 0, 0], size: [2, 2, 2] });
      expect(asked.sort()).toEqual(['/a/data.zarr/c/0/0/0/0', '/a/previous.zarr/c/0/0/0', '/a/seg.zarr/c/0/0/0']);
      expect(await opened.whole()).toEqual(original);
    } finally {
      server.close();
    }
  });

  it('takes no name that leads out of the store', async () => {
    for (const name of ['../a', '.a', 'a/b', ''])
      await expect(writeCase(folder, name, original, { patchSize })).rejects.toSatisfy((e) =>
        isVoxelgradError(e, 'option'),
      );
  });
});
