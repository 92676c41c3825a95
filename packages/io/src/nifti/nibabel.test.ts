/** Every odd file in the shared NIfTI cases, against what nibabel 5 reads from it. */
import { readFileSync } from 'node:fs';
import { isVoxelgradError } from '@voxelgrad/tensor';
import { describe, expect, it } from 'vitest';
import { axisCodes } from '../affine.ts';
import type { VoxelArray } from '../image.ts';
import { readImageFile } from '../node/images.ts';
import { needsShared, sharedPath } from '../testing/shared-data.ts';

interface Expected {
  error?: string;
  shape: number[];
  dtype: string;
  zooms: number[];
  affine: number[][];
  qform_code: number;
  sform_code: number;
  applied: [number, number];
  min?: number;
  max: number;
  sum: number;
  nonfinite: number;
  samples_F_order: [number, number | 'nan'][];
  labels?: Record<string, number>;
  axcodes: string;
}

function statistics(data: VoxelArray) {
  let [min, max, sum, nonfinite] = [Infinity, -Infinity, 0, 0];
  for (const value of data) {
    if (!Number.isFinite(value)) {
      nonfinite++;
      continue;
    }
    min = Math.min(min, value);
    max = Math.max(max, value);
    sum += value;
  }
  return { min, max, sum, nonfinite };
}

const folder = sharedPath('data/nifti_cases');

describe('nibabel reads the same', needsShared('data/nifti_cases'), () => {
  const cases: Record<string, Expected> =
    folder === undefined ? {} : JSON.parse(readFileSync(`${folder}/expected_nibabel.json`, 'utf8'));

  it.each(Object.entries(cases))('%s', async (name, expected) => {
    const path = `${folder}/${name}`;
    if (expected.error !== undefined) {
      await expect(readImageFile(path)).rejects.toSatisfy((error) => isVoxelgradError(error, 'format'));
      return;
    }
    if (expected.dtype.startsWith('[')) {
      const image = await readImageFile(path);
      // What NumPy has as fields of a voxel are channels.
      const fields = expected.dtype.split("'u1'").length - 1;
      expect(image.shape).toEqual([fields, ...[...expected.shape].reverse()]);
      expect(image.data).toBeInstanceOf(Uint8Array);
      expect(image.affine.map((value) => value + 0)).toEqual(expected.affine.flat().map((value) => value + 0));
      return;
    }
    const image = await readImageFile(path);
    expect(image.shape).toEqual([...expected.shape].reverse());
    expect(image.spacing).toEqual(expected.zooms.slice(0, 3).reverse());
    expected.affine.flat().forEach((value, i) => {
      expect(image.affine[i]).toBeCloseTo(value, 12);
    });
    expect(axisCodes(image.affine)).toBe(expected.axcodes);
    expect(image.header?.qformCode).toBe(expected.qform_code);
    expect(image.header?.sformCode).toBe(expected.sform_code);

    const found = statistics(image.data);
    expect(found.nonfinite).toBe(expected.nonfinite);
    expect([found.min, found.max]).toEqual([expected.min, expected.max]);
    expect(Math.abs(found.sum - expected.sum)).toBeLessThanOrEqual(1e-9 * Math.abs(expected.sum));
    for (const [index, value] of expected.samples_F_order)
      expect(image.data[index]).toBe(value === 'nan' ? Number.NaN : value);
    for (const [value, count] of Object.entries(expected.labels ?? {}))
      expect(image.data.filter((voxel) => voxel === Number(value)).length).toBe(count);
  });
});
