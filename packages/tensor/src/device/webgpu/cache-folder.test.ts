/** Folders that are filled on first use. */
import { readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { cacheFolder } from './cache-folder.ts';

const name = `test-${process.pid}`;

test('is filled once, also by several at a time, and again when a file was cleaned away', async () => {
  let filled = 0;
  const open = () =>
    cacheFolder(name, ['a', 'b'], async (folder) => {
      filled++;
      for (const file of ['a', 'b']) await writeFile(join(folder, file), file);
    });
  const folder = await open();
  expect(await open()).toBe(folder);
  expect(filled).toBe(1);
  await rm(join(folder, 'a'));
  const folders = await Promise.all([open(), open(), open()]);
  expect(new Set(folders)).toEqual(new Set([folder]));
  expect(await readFile(join(folder, 'a'), 'utf8')).toBe('a');
  await rm(folder, { recursive: true });
});

test('a failure to fill it leaves nothing', async () => {
  const failing = () => cacheFolder(`${name}-failing`, ['a'], () => Promise.reject(new Error('no')));
  await expect(failing()).rejects.toThrow('no');
  await expect(failing()).rejects.toThrow('no');
});
