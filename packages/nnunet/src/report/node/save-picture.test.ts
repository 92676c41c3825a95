/** That a picture arrives on disk as a PNG file. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isVoxelgradError } from '@voxelgrad/tensor';
import { decode } from 'fast-png';
import { expect, it, onTestFinished } from 'vitest';
import { Canvas } from '../raster/canvas.ts';
import { savePicture } from './save-picture.ts';

it('writes a PNG file, whole or not at all', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'voxelgrad-picture-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const picture = new Canvas(3, 2, [1, 2, 3]);
  await savePicture(picture, join(folder, 'a.png'));
  expect([...decode(await readFile(join(folder, 'a.png'))).data]).toEqual([...picture.pixels]);
  const failure: unknown = await savePicture(picture, join(folder, 'none', 'a.png')).catch((error: unknown) => error);
  expect(isVoxelgradError(failure, 'file')).toBe(true);
  expect(await readdir(folder)).toEqual(['a.png']);
});
