/** Small data sets on disk for tests: images of 3 × 4 × 5 voxels under any names. */
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { isVoxelgradError } from '@voxelgrad/tensor';
import { expect } from 'vitest';
import type { DataSet } from '../dataset/dataset.ts';
import { type OpenOptions, openDataSet } from '../dataset/open.ts';
import type { Image } from '../image.ts';
import { openFolder } from '../node/files.ts';
import { writeImageFile } from '../node/images.ts';
import { countingImage, obliqueImage } from './images.ts';
import { temporaryFolder } from './temporary-folder.ts';

export const folder = temporaryFolder();
export const shape = [3, 4, 5];
export const labelImage = (...values: number[]): Image =>
  obliqueImage(
    shape,
    Uint8Array.from({ length: 60 }, (_, i) => values[i % values.length]!),
  );

/** Writes images and JSON to a fresh folder and returns its path. */
export async function makeFolder(name: string, files: Record<string, Image | object>): Promise<string> {
  const root = join(folder, name);
  rmSync(root, { recursive: true, force: true });
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    if ('data' in content && 'shape' in content) await writeImageFile(join(root, path), content as Image);
    else writeFileSync(join(root, path), JSON.stringify(content));
  }
  return root;
}

export async function open(
  name: string,
  files: Record<string, Image | object>,
  options?: OpenOptions,
): Promise<DataSet> {
  return openDataSet(await openFolder(await makeFolder(name, files)), options);
}

export async function failure(promise: Promise<unknown>): Promise<string> {
  const error: unknown = await promise.catch((caught: unknown) => caught);
  expect(isVoxelgradError(error, 'dataset'), String(error)).toBe(true);
  return String(error);
}

export const bratsCase = (name: string, endings: readonly string[], label?: Image): Record<string, Image> => ({
  ...Object.fromEntries(endings.map((ending) => [`${name}/${name}${ending}.nii.gz`, countingImage(shape)])),
  ...(label === undefined ? {} : { [`${name}/${name}${endings[0]!.startsWith('-') ? '-seg' : '_seg'}.nii.gz`]: label }),
});
export const endings2021 = ['_t1', '_t1ce', '_t2', '_flair'];
export const endings2023 = ['-t1n', '-t1c', '-t2w', '-t2f'];
