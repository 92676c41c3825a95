/**
 * Files written here, as other readers see them: nibabel (NIfTI), tifffile and Pillow. `PEER_PYTHON` names a Python that has them; without it the
 * tests are skipped.
 */
import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import { lacking } from '@voxelgrad/tensor/testing-skips';
import { describe, expect, it } from 'vitest';
import { type Image, spatialShape, type VoxelArray } from '../image.ts';
import { countingVoxels, obliqueImage } from '../testing/images.ts';
import { temporaryFolder } from '../testing/temporary-folder.ts';
import { readImageFile, writeImageFile } from './images.ts';

const python = process.env.PEER_PYTHON;
const missingPeer = python === undefined ? 'PEER_PYTHON names no Python with nibabel, tifffile and Pillow' : undefined;
const folder = temporaryFolder();

interface Seen {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly data: readonly number[];
  readonly affine?: readonly number[];
  readonly zooms?: readonly number[];
}

function peer(script: string, path: string): Seen {
  return JSON.parse(
    execFileSync(python!, ['-c', `import json, sys, numpy as np\n${script}`, path], { encoding: 'utf8' }),
  ) as Seen;
}

const nibabel = `import nibabel
image = nibabel.load(sys.argv[1])
array = np.asarray(image.dataobj)
print(json.dumps({"shape": array.shape, "dtype": array.dtype.name, "data": array.flatten(order="F").tolist(),
  "affine": image.affine.flatten().tolist(), "zooms": [float(z) for z in image.header.get_zooms()]}))`;

const asArray = (load: string) => `${load}
print(json.dumps({"shape": array.shape, "dtype": array.dtype.name, "data": array.flatten().tolist()}))`;

const types = [Int8Array, Uint8Array, Int16Array, Uint16Array, Int32Array, Uint32Array, Float32Array, Float64Array];
const typeName = (data: VoxelArray): string => data.constructor.name.replace('Array', '').toLowerCase();

describe('others read', lacking(missingPeer), () => {
  it.each(types)('NIfTI of %o: the same affine and voxels', async (Type) => {
    for (const shape of [
      [2, 3, 4],
      [2, 2, 3, 4],
    ]) {
      const image: Image = obliqueImage(shape, countingVoxels(new Type(shape.reduce((a, b) => a * b)), 97));
      const path = join(folder, `${typeName(image.data)}-${shape.length}.nii${Type === Int16Array ? '' : '.gz'}`);
      await writeImageFile(path, image);
      const [seen, own] = [peer(nibabel, path), await readImageFile(path)];
      expect([seen.shape, seen.dtype]).toEqual([[...shape].reverse(), typeName(image.data)]);
      expect(seen.data).toEqual([...image.data]);
      expect(seen.affine).toEqual(own.affine);
      expect(seen.zooms!.slice(0, 3)).toEqual([...own.spacing].reverse());
    }
  });

  it.each(types)('TIFF of %o', async (Type) => {
    const image = obliqueImage([3, 4, 5], countingVoxels(new Type(60), 59));
    const path = join(folder, `${typeName(image.data)}.tif`);
    await writeImageFile(path, image);
    expect(peer(asArray('import tifffile\narray = tifffile.imread(sys.argv[1])'), path)).toEqual({
      shape: [3, 4, 5],
      dtype: typeName(image.data),
      data: [...image.data],
    });
  });

  it.each([
    ['uint8', 250],
    ['uint16', 60000],
  ] as const)('PNG of %s', async (dtype, most) => {
    const image = obliqueImage(
      [1, 4, 5],
      Int32Array.from({ length: 20 }, (_, i) => (i * most) / 20),
    );
    const path = join(folder, `${dtype}.png`);
    await writeImageFile(path, image);
    const seen = peer(asArray('from PIL import Image\narray = np.asarray(Image.open(sys.argv[1]))'), path);
    expect([seen.shape, seen.dtype, seen.data]).toEqual([spatialShape(image).slice(1), dtype, [...image.data]]);
  });
});
