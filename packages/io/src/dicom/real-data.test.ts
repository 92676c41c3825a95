/** Real series, where they are at hand: voxels as pydicom 3.0.2 with imagecodecs 2026.3.6 reads them, geometry as NIfTI files of the same scan have it. */
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { affineOrigin } from '../affine.ts';
import { openFolder } from '../node/files.ts';
import { readImageFile } from '../node/images.ts';
import { needsShared, sharedPath } from '../testing/shared-data.ts';
import { readDicomSeries } from './read.ts';

const dicom = sharedPath('data/dicom');
const truth = sharedPath('data/ct/totalsegmentator/example_seg_dicom.nii.gz');

const series = [
  { folder: 'totalsegmentator_ct', shape: [20, 512, 512], sum: -3272217339, least: -1024, most: 1839 },
  { folder: 'torchio', shape: [17, 128, 88], sum: 28382022, least: 0, most: 696 },
  { folder: 'udacity/Study1', shape: [32, 51, 35], sum: 3346681, least: 2, most: 154 },
  { folder: 'udacity/Study2', shape: [35, 48, 36], sum: 40238527, least: 0, most: 5076 },
  { folder: 'udacity/Study3', shape: [40, 50, 34], sum: 4453961, least: 2, most: 194 },
] as const;

describe('real DICOM series', needsShared('data/dicom'), () => {
  it.each(series)('$folder', async ({ folder, shape, sum, least, most }) => {
    const image = await readDicomSeries(await openFolder(join(dicom!, folder)));
    expect(image.shape).toEqual(shape);
    let [total, low, high] = [0, Infinity, -Infinity];
    for (const value of image.data) {
      total += value;
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
    expect([total, low, high]).toEqual([sum, least, most]);
  });

  it(
    'the JPEG 2000 series lies where its NIfTI segmentation lies',
    needsShared('data/ct/totalsegmentator/example_seg_dicom.nii.gz'),
    async () => {
      const image = await readDicomSeries(await openFolder(join(dicom!, 'totalsegmentator_ct')));
      const label = await readImageFile(truth!);
      expect([image.shape, image.spacing]).toEqual([label.shape, label.spacing]);
      // The NIfTI file has its rows from back to front, DICOM from front to back: the last row of one is the first of the other.
      const [x, y, z] = affineOrigin(image.affine);
      const expected = [x, y - 511 * image.spacing[1], z];
      affineOrigin(label.affine).forEach((value, axis) => {
        expect(value).toBeCloseTo(expected[axis]!, 3);
      });
      const flipped = image.affine.map((value, i) => (i % 4 === 1 ? -value : value));
      for (const i of [0, 1, 2, 4, 5, 6, 8, 9, 10]) expect(label.affine[i]).toBeCloseTo(flipped[i]!, 6);
    },
  );
});
