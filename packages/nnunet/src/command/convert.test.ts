/** Data sets and single images in other layouts and formats, through the command. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Image, readDatasetJson } from '@voxelgrad/io';
import { openFile, readImageFile, writeImageFile, writePhantomFiles } from '@voxelgrad/io/node';
import { afterAll, describe, expect, it } from 'vitest';
import { voxelgrad } from './command.testing.ts';

const root = mkdtempSync(join(tmpdir(), 'voxelgrad-convert-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const environment = { nnUNet_raw: join(root, 'raw') };
const run = (...words: string[]) => voxelgrad([...words, '--no_pbar'], environment);
const json = (path: string): Record<string, unknown> => JSON.parse(readFileSync(path, 'utf8'));

describe('voxelgrad convert', () => {
  it("numbers BraTS's labels as nnU-Net does", async () => {
    const raw = join(environment.nnUNet_raw, 'Dataset137_BraTS');
    await writePhantomFiles(join(root, 'brats'), { cases: 2, seed: 3, shape: [18, 24, 26] });
    const words = ['convert', '-i', join(root, 'brats'), '--id', '137', '--name', 'BraTS', '-np', '2'];
    const { status } = await run(...words);
    expect(status).toContain('numbered as nnU-Net has them: 1 → 2, 2 → 1\n');
    const { labels, channelNames, numTraining } = await readDatasetJson(await openFile(join(raw, 'dataset.json')));
    expect(channelNames).toEqual(['T1', 'T1ce', 'T2', 'Flair']);
    expect(numTraining).toBe(2);
    expect(labels.classes).toEqual([
      { name: 'whole tumor', values: [1, 2, 3] },
      { name: 'tumor core', values: [2, 3] },
      { name: 'enhancing tumor', values: [3] },
    ]);
    expect(labels.regionsClassOrder).toEqual([1, 2, 3]);
    expect(json(join(raw, 'dataset.json')).name).toBe('BraTS');
    const [name] = readdirSync(join(root, 'brats')).sort() as [string];
    const before = await readImageFile(join(root, 'brats', name, `${name}-seg.nii.gz`));
    const after = await readImageFile(join(raw, 'labelsTr', `${name}.nii.gz`));
    expect([...after.data]).toEqual([...before.data].map((value) => [0, 2, 1, 3][value]));
    expect(after.affine).toEqual(before.affine);
    const [image, copy] = await Promise.all(
      [join(root, 'brats', name, `${name}-t1c.nii.gz`), join(raw, 'imagesTr', `${name}_0001.nii.gz`)].map((path) =>
        readImageFile(path),
      ),
    );
    expect(copy).toEqual(image);
  });

  it('takes cases without a segmentation to imagesTs', async () => {
    const source = join(root, 'brats-some');
    const raw = join(environment.nnUNet_raw, 'Dataset138_Some');
    await writePhantomFiles(source, { cases: 2, seed: 4, shape: [18, 24, 26] });
    const [first, second] = readdirSync(source).sort() as [string, string];
    rmSync(join(source, first, `${first}-seg.nii.gz`));
    const words = ['convert', '-i', source, '--id', '138', '--name', 'Some', '--verify_dataset_integrity'];
    const { status } = await run(...words);
    expect(status).toContain('without a segmentation, to imagesTs: 1 of 2 cases');
    const imagesOf = (name: string) => [0, 1, 2, 3].map((channel) => `${name}_000${channel}.nii.gz`);
    expect(readdirSync(join(raw, 'imagesTs')).sort()).toEqual(imagesOf(first));
    expect(readdirSync(join(raw, 'imagesTr')).sort()).toEqual(imagesOf(second));
    expect(readdirSync(join(raw, 'labelsTr'))).toEqual([`${second}.nii.gz`]);
    expect(json(join(raw, 'dataset.json')).numTraining).toBe(1);
    // A data set of which nothing is known but its images.
    rmSync(join(source, second, `${second}-seg.nii.gz`));
    await run(...words.with(4, '139'));
    expect(readdirSync(join(environment.nnUNet_raw, 'Dataset139_Some'))).toEqual(['imagesTs']);
  });

  it('splits the channels of a Decathlon task and keeps its number', async () => {
    const task = join(root, 'Task05_Prostate');
    mkdirSync(join(task, 'imagesTr'), { recursive: true });
    mkdirSync(join(task, 'labelsTr'));
    const affine = [2, 0, 0, 1, 0, 2, 0, 2, 0, 0, 3, 3, 0, 0, 0, 1] as const;
    const image: Image = {
      shape: [2, 2, 3, 4],
      data: Int16Array.from({ length: 48 }, (_, i) => i),
      spacing: [3, 2, 2],
      affine,
    };
    const label: Image = { ...image, shape: [2, 3, 4], data: Uint8Array.from({ length: 24 }, (_, i) => i % 3) };
    await writeImageFile(join(task, 'imagesTr/prostate_00.nii.gz'), image);
    await writeImageFile(join(task, 'labelsTr/prostate_00.nii.gz'), label);
    writeFileSync(
      join(task, 'dataset.json'),
      JSON.stringify({
        name: 'PROSTATE',
        modality: { 0: 'T2', 1: 'ADC' },
        labels: { 0: 'background', 1: 'PZ', 2: 'TZ' },
        numTraining: 1,
        training: [{ image: './imagesTr/prostate_00.nii.gz', label: './labelsTr/prostate_00.nii.gz' }],
        test: [],
      }),
    );
    const { lines } = await run('convert', '-i', task);
    const target = join(environment.nnUNet_raw, 'Dataset005_Prostate');
    expect(lines).toEqual([target]);
    const second = await readImageFile(join(target, 'imagesTr/prostate_00_0001.nii.gz'));
    expect([...second.data]).toEqual(Array.from({ length: 24 }, (_, i) => 24 + i));
    expect(second.spacing).toEqual([3, 2, 2]);
    expect(json(join(target, 'dataset.json'))).toMatchObject({
      channel_names: { 0: 'T2', 1: 'ADC' },
      labels: { background: 0, PZ: 1, TZ: 2 },
      file_ending: '.nii.gz',
    });
    await expect(run('convert', '-i', join(root, 'brats'))).rejects.toThrow(/--id is missing/);
  });

  it('finds the cases of a BIDS folder by patterns, and checks them', async () => {
    const bids = join(root, 'bids');
    const affine = [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1] as const;
    const image: Image = { shape: [2, 3, 4], data: new Int16Array(24).fill(7), spacing: [1, 1, 1], affine };
    for (const subject of ['sub-01', 'sub-02']) {
      const anat = join(bids, subject, 'anat');
      const truth = join(bids, 'derivatives/labels', subject, 'anat');
      mkdirSync(anat, { recursive: true });
      mkdirSync(truth, { recursive: true });
      await writeImageFile(join(anat, `${subject}_T1w.nii.gz`), image);
      await writeImageFile(join(anat, `${subject}_FLAIR.nii.gz`), image);
      const label = Uint8Array.from({ length: 24 }, (_, i) => i % 2);
      await writeImageFile(join(truth, `${subject}_dseg.nii.gz`), { ...image, data: label });
    }
    const words = ['convert', '-i', bids, '--id', '11', '--verify_dataset_integrity'];
    const images = ['--images', 'T1w=sub-*/anat/*_T1w.nii.gz', 'FLAIR=sub-*/anat/*_FLAIR.nii.gz'];
    const labels = ['--labels', 'derivatives/labels/sub-*/anat/*_dseg.nii.gz'];
    const { lines } = await run(...words, ...images, ...labels, '--classes', 'lesion=1');
    const target = join(environment.nnUNet_raw, 'Dataset011_bids');
    expect(lines).toEqual([expect.stringMatching(/^bids: 2 cases/), target]);
    expect(readdirSync(join(target, 'imagesTr')).sort()).toEqual(
      ['sub-01', 'sub-02'].flatMap((subject) => [`${subject}_0000.nii.gz`, `${subject}_0001.nii.gz`]),
    );
    expect(readdirSync(join(target, 'labelsTr')).sort()).toEqual(['sub-01.nii.gz', 'sub-02.nii.gz']);
    expect(json(join(target, 'dataset.json'))).toMatchObject({
      channel_names: { 0: 'T1w', 1: 'FLAIR' },
      labels: { background: 0, lesion: 1 },
    });
    await expect(run(...words, ...images)).rejects.toThrow(/--images, --labels and --classes together/);
    rmSync(join(bids, 'sub-02/anat/sub-02_FLAIR.nii.gz'));
    await expect(run(...words, ...images, ...labels, '--classes', 'lesion=1')).rejects.toThrow(/FLAIR of sub-02/);
  });
});

describe('voxelgrad convert-image', () => {
  it('writes the format that the ending names, with the same voxels and geometry', async () => {
    const affine = [2, 0, 0, 1.1, 0, 2, 0, 2, 0, 0, 3, 3, 0, 0, 0, 1] as const;
    const image: Image = {
      shape: [2, 3, 4],
      data: Int16Array.from({ length: 24 }, (_, i) => i),
      spacing: [3, 2, 2],
      affine,
    };
    await writeImageFile(join(root, 'a.nrrd'), image);
    for (const [name, ...words] of [['a.mha'], ['a.nii', '--nifti-version', '2'], ['b.nrrd']] as const) {
      const { lines } = await voxelgrad(['convert-image', join(root, 'a.nrrd'), join(root, name), ...words]);
      expect(lines).toEqual([`${join(root, name)}: 2 × 3 × 4`]);
      const { shape, data, spacing, affine: found } = await readImageFile(join(root, name));
      expect({ shape, data, spacing, affine: found }).toEqual(image);
    }
    await expect(voxelgrad(['convert-image', join(root, 'a.nrrd'), join(root, 'a.jpg')])).rejects.toThrow(/ends in/);
  });
});
