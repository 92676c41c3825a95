/** The integrity check finds each kind of problem, and goes on. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { Image } from '../image.ts';
import { openFolder } from '../node/files.ts';
import { labelImage, makeFolder, open, shape } from '../testing/data-sets.ts';
import { countingImage, obliqueImage } from '../testing/images.ts';
import { assertIntegrity, checkIntegrity, describeIntegrity } from './integrity.ts';
import { openDataSet } from './open.ts';

describe('integrity', () => {
  const json = { channel_names: { 0: 'T1' }, labels: { background: 0, a: 1 }, numTraining: 3, file_ending: '.nii.gz' };

  it('finds every kind of problem and names its case and file', async () => {
    const broken = obliqueImage(shape, new Float32Array(60));
    broken.data[27] = Number.NaN;
    const moved = {
      ...labelImage(0, 1),
      affine: countingImage(shape).affine.map((value, i) => value + (i === 3 ? 5 : 0)),
    };
    const dataset = await open('broken', {
      'dataset.json': json,
      'imagesTr/a_0000.nii.gz': broken,
      'labelsTr/a.nii.gz': labelImage(0, 1, 2, 9),
      'imagesTr/b_0000.nii.gz': countingImage(shape),
      'labelsTr/b.nii.gz': obliqueImage([4, 3, 5], new Uint8Array(60)),
      'imagesTr/c_0000.nii.gz': countingImage(shape),
      'labelsTr/c.nii.gz': obliqueImage(shape, new Float32Array(60).fill(0.5)),
      'imagesTr/d_0000.nii.gz': countingImage(shape),
      'labelsTr/d.nii.gz': { ...(moved as unknown as Image), spacing: [2.5, 1, 0.9] },
    });
    const seen: string[] = [];
    const report = await checkIntegrity(dataset, { onCase: (name) => seen.push(name) });
    expect(seen).toEqual(['a', 'b', 'c', 'd']);
    const expected = [
      /numTraining of broken: expected 4, the cases found, got 3/,
      /case a: .*a_0000\.nii\.gz: expected finite voxels, got NaN at voxel 1, 1, 2/,
      /case a: labels of .*a\.nii\.gz: expected 0, 1, got 2, 9/,
      /case b: shape of .*labelsTr\/b\.nii\.gz: expected 3 × 4 × 5, as b_0000\.nii\.gz has, got 4 × 3 × 5/,
      /labelsTr\/c\.nii\.gz: expected whole label values, got 0\.5/,
      /case d: spacing of .*labelsTr\/d\.nii\.gz/,
    ];
    expect(report.problems.length).toBe(expected.length);
    expected.forEach((pattern, i) => {
      expect(report.problems[i]!.message).toMatch(pattern);
      expect(report.problems[i]!.code).toBe('dataset');
    });
    expect(report.warnings).toEqual([expect.stringMatching(/case d: .* lies elsewhere .* differ by 5\.00/)]);
    expect(() => assertIntegrity(report, 2)).toThrow(/6 problems in 4 cases\n {2}- numTraining(.|\n)*and 4 more/);
    assertIntegrity({ cases: 1, problems: [], warnings: [] });
  });

  it('warns of segmentations whose images are missing', async () => {
    const dataset = await open('stray', {
      'dataset.json': { ...json, numTraining: 2 },
      'imagesTr/a_0000.nii.gz': countingImage(shape),
      'labelsTr/a.nii.gz': labelImage(0, 1),
      'labelsTr/b.nii.gz': labelImage(0, 1),
      'labelsTr/notes.txt': {},
    });
    const { problems, warnings } = await checkIntegrity(dataset);
    expect(problems.map(({ message }) => message)).toEqual([
      expect.stringMatching(/numTraining of stray: expected 1, the cases found, got 2\nhelp: complete the images/),
    ]);
    expect(warnings).toEqual(['labelsTr/b.nii.gz belongs to no case: its images are missing']);
  });

  it('warns of classes that no case has and of gaps, and tells all of it', async () => {
    const dataset = await open('rare', {
      'dataset.json': { ...json, labels: { background: 0, a: 1, b: 2, c: 5 }, numTraining: 1 },
      'imagesTr/a_0000.nii.gz': countingImage(shape),
      'labelsTr/a.nii.gz': labelImage(0, 1, 5, 7),
    });
    expect(describeIntegrity(await checkIntegrity(dataset))).toMatch(
      new RegExp(
        [
          '^1 case, 1 problem, 2 warnings',
          '- problem: case a: labels of .*: expected 0, 1, 2, 5, got 7',
          '- warning: no case has b \\(2\\)',
          '- warning: label values have gaps: 0, 1, 2, 5; .*$',
        ].join('\n'),
      ),
    );
    expect(describeIntegrity({ cases: 2, problems: [], warnings: [] })).toBe('2 cases, no problems, no warnings');
  });

  it('goes on after a file that cannot be read', async () => {
    const root = await makeFolder('damaged', {
      'dataset.json': { ...json, numTraining: 1 },
      'imagesTr/a_0000.nii.gz': countingImage(shape),
      'labelsTr/a.nii.gz': labelImage(0, 1),
    });
    const file = join(root, 'imagesTr/a_0000.nii.gz');
    writeFileSync(file, readFileSync(file).subarray(0, 60));
    const { problems } = await checkIntegrity(await openDataSet(await openFolder(root)));
    expect(problems.map(({ code }) => code)).toEqual(['format']);
  });
});
