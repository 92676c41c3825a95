/** Conversion to nnU-Net's raw layout: what was converted opens as a data set again, with the same voxels. */
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readCase } from '../dataset/dataset.ts';
import { checkIntegrity } from '../dataset/integrity.ts';
import { openDataSet } from '../dataset/open.ts';
import { bratsCase, endings2021, failure, folder, labelImage, makeFolder, open, shape } from '../testing/data-sets.ts';
import { countingImage, countingVoxels, obliqueImage } from '../testing/images.ts';
import { convertImage } from './convert-image.ts';
import { openFolder } from './files.ts';
import { readImageFile } from './images.ts';
import { writeNnunetRaw } from './nnunet-raw.ts';

const reopened = async (path: string) => {
  const dataset = await openDataSet(await openFolder(path));
  expect(await checkIntegrity(dataset)).toMatchObject({ problems: [], warnings: [] });
  return dataset;
};

describe('nnU-Net raw', () => {
  it('BraTS: files are copied, labels renumbered as nnU-Net does', async () => {
    const source = await makeFolder('brats', bratsCase('BraTS2021_7', endings2021, labelImage(0, 1, 2, 4)));
    const target = join(folder, 'raw-brats');
    await writeNnunetRaw(await openDataSet(await openFolder(source)), target);
    const dataset = await reopened(target);
    expect([dataset.layout, dataset.numTraining, dataset.channelNames]).toEqual([
      'nnunet',
      1,
      ['T1', 'T1ce', 'T2', 'Flair'],
    ]);
    expect(dataset.labels?.classes).toEqual([
      { name: 'whole tumor', values: [1, 2, 3] },
      { name: 'tumor core', values: [2, 3] },
      { name: 'enhancing tumor', values: [3] },
    ]);
    expect(dataset.labels?.regionsClassOrder).toEqual([1, 2, 3]);
    const { label } = await readCase(dataset.cases[0]!);
    expect([...label!.data.subarray(0, 4)]).toEqual([0, 2, 1, 3]);
    const image = join('BraTS2021_7', 'BraTS2021_7_t1ce.nii.gz');
    expect(readFileSync(join(target, 'imagesTr', 'BraTS2021_7_0001.nii.gz'))).toEqual(
      readFileSync(join(source, image)),
    );
  });

  it('the Decathlon: channels are split, in their own type', async () => {
    const four = obliqueImage([2, ...shape], countingVoxels(new Int16Array(120), 119));
    const source = await makeFolder('Task01', {
      'dataset.json': {
        name: 'two',
        modality: { 0: 'FLAIR', 1: 'T1w' },
        labels: { 0: 'background', 1: 'edema' },
        training: [{ image: './imagesTr/a.nii.gz', label: './labelsTr/a.nii.gz' }],
      },
      'imagesTr/a.nii.gz': four,
      'labelsTr/a.nii.gz': labelImage(0, 1),
    });
    const target = join(folder, 'raw-decathlon');
    await writeNnunetRaw(await openDataSet(await openFolder(source)), target);
    const dataset = await reopened(target);
    expect(dataset.channelNames).toEqual(['FLAIR', 'T1w']);
    const second = await readImageFile(join(target, 'imagesTr', 'a_0001.nii.gz'));
    const whole = await readImageFile(join(source, 'imagesTr', 'a.nii.gz'));
    expect(second).toMatchObject({ shape, data: four.data.slice(60), spacing: whole.spacing, affine: whole.affine });
  });

  it('labels with gaps are closed, with the ignore label, and other formats are written', async () => {
    const dataset = await open(
      'gaps',
      { 'x/img.nii.gz': countingImage(shape), 'x/lab.nii.gz': labelImage(0, 5, 9, 20) },
      { channels: { CT: 'img*' }, label: 'lab*', labels: { background: 0, liver: 5, tumor: 9, ignore: 20 } },
    );
    const target = join(folder, 'raw-gaps');
    await writeNnunetRaw(dataset, target, { fileEnding: '.nrrd' });
    const converted = await reopened(target);
    expect([converted.fileEnding, converted.labels?.ignore]).toEqual(['.nrrd', 3]);
    expect(converted.labels?.classes.map(({ values }) => values)).toEqual([[1], [2]]);
    expect([...(await readCase(converted.cases[0]!)).label!.data.subarray(0, 4)]).toEqual([0, 1, 2, 3]);
  });

  it('goes on where it was: only what is missing is written', async () => {
    const source = await makeFolder('again', bratsCase('p', endings2021, labelImage(0, 1)));
    const dataset = await openDataSet(await openFolder(source));
    const target = join(folder, 'raw-again');
    await writeNnunetRaw(dataset, target);
    const kept = join(target, 'imagesTr', 'p_0000.nii.gz');
    const before = statSync(kept).mtimeMs;
    rmSync(join(target, 'imagesTr', 'p_0002.nii.gz'));
    const seen: string[] = [];
    await writeNnunetRaw(dataset, target, { onCase: (name) => seen.push(name) });
    expect(statSync(kept).mtimeMs).toBe(before);
    expect([seen, readdirSync(join(target, 'imagesTr')).length]).toEqual([['p'], 4]);
    await writeNnunetRaw(dataset, target, { split: 'test' });
    expect(readdirSync(join(target, 'imagesTs')).length).toBe(4);
  });

  it('a case without labels is no training case', async () => {
    const dataset = await open('unlabelled', bratsCase('p', endings2021));
    expect(await failure(writeNnunetRaw(dataset, join(folder, 'raw-none')))).toMatch(
      /case p: expected a segmentation to train on/,
    );
  });
});

describe('convertImage', () => {
  it('keeps voxels, spacing, position and direction from format to format', async () => {
    const root = await makeFolder('convert', { 'a.nii.gz': countingImage([4, 5, 6]) });
    const path = (name: string) => join(root, name);
    const names = ['a.nii.gz', 'b.nrrd', 'c.mha', 'd.nii', 'e.nii.gz'];
    for (const [i, name] of names.slice(1).entries()) await convertImage(path(names[i]!), path(name));
    const [first, last] = await Promise.all([readImageFile(path('a.nii.gz')), readImageFile(path('e.nii.gz'))]);
    expect(last.data).toEqual(first.data);
    last.affine.forEach((value, i) => {
      expect(value).toBeCloseTo(first.affine[i]!, 5);
    });
    await convertImage(path('a.nii.gz'), path('f.tif'), { type: 'float32' });
    expect(await readImageFile(path('f.tif'))).toMatchObject({
      data: Float32Array.from(first.data),
      spacing: first.spacing,
    });
  });
});
