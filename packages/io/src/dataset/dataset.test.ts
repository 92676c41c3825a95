/** The layouts, on small folders made here, read from disk and as a page sees them. */
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { isVoxelgradError } from '@voxelgrad/tensor';
import { describe, expect, it } from 'vitest';
import { folderFromFileList, folderFromFiles } from '../browser-source.ts';
import { encodeNifti } from '../nifti/write.ts';
import { openFolder } from '../node/files.ts';
import { sourceFromBytes } from '../source.ts';
import {
  bratsCase,
  endings2021,
  endings2023,
  failure,
  folder,
  labelImage,
  makeFolder,
  open,
  shape,
} from '../testing/data-sets.ts';
import { countingImage, countingVoxels, obliqueImage } from '../testing/images.ts';
import { datasetJson, readCase } from './dataset.ts';
import { checkIntegrity } from './integrity.ts';
import { openDataSet } from './open.ts';

describe('BraTS', () => {
  it('reads 2021 names; 4 is enhancing tumour', async () => {
    const dataset = await open('brats21', {
      ...bratsCase('BraTS2021_00002', endings2021, labelImage(0, 1, 2)),
      ...bratsCase('BraTS2021_00000', endings2021, labelImage(0, 1, 2, 4)),
    });
    expect(dataset.cases.map(({ name }) => name)).toEqual(['BraTS2021_00000', 'BraTS2021_00002']);
    expect(dataset.channelNames).toEqual(['T1', 'T1ce', 'T2', 'Flair']);
    expect(dataset.cases[0]!.channels.map(({ file }) => file.name.slice(15))).toEqual(
      endings2021.map((e) => `${e}.nii.gz`),
    );
    expect(dataset.labels?.classes).toEqual([
      { name: 'whole tumor', values: [1, 2, 4] },
      { name: 'tumor core', values: [1, 4] },
      { name: 'enhancing tumor', values: [4] },
    ]);
    expect(dataset.labels?.regionsClassOrder).toEqual([2, 1, 4]);
    expect((await readCase(dataset.cases[0]!)).label?.data[3]).toBe(4);
    expect((await checkIntegrity(dataset)).problems).toEqual([]);
  });

  it('reads 2023 names; 3 is enhancing tumour, seen or not', async () => {
    for (const label of [labelImage(0, 1, 2, 3), labelImage(0, 2)]) {
      const dataset = await open('brats23', bratsCase('BraTS-GLI-00000-000', endings2023, label));
      expect(dataset.labels?.classes.map(({ values }) => values)).toEqual([[1, 2, 3], [1, 3], [3]]);
    }
    const old = await open('old', bratsCase('a', endings2021, labelImage(0, 2)));
    expect(old.labels?.classes.map(({ values }) => values)).toEqual([[1, 2, 4], [1, 4], [4]]);
  });

  it('reads a single case, cases under HGG and LGG, and cases without segmentation', async () => {
    const root = await makeFolder('single', bratsCase('Brats18_1', endings2021));
    const single = await openDataSet(await openFolder(join(root, 'Brats18_1')));
    expect(single.cases.map(({ name, label }) => [name, label])).toEqual([['Brats18_1', undefined]]);
    const grades = await makeFolder('grades', {});
    for (const grade of ['HGG', 'LGG']) await makeFolder(`grades/${grade}`, bratsCase(`${grade}_1`, endings2021));
    expect((await openDataSet(await openFolder(grades))).cases.map(({ name }) => name)).toEqual(['HGG_1', 'LGG_1']);
  });

  it('names the modality that is missing', async () => {
    const message = await failure(open('missing', bratsCase('pat', ['_t1', '_t2', '_flair'])));
    expect(message).toMatch(
      /case pat lacks T1ce: got only T1, T2, Flair\nhelp: put …-t1c\.nii\.gz into .*missing\/pat/,
    );
  });

  it('refuses two files for one modality, and 3 beside 4', async () => {
    const twice = { ...bratsCase('pat', endings2021), 'pat/pat_t1n.nii.gz': countingImage(shape) };
    expect(await failure(open('twice', twice))).toMatch(/one file for T1, got pat_t1\.nii\.gz, pat_t1n\.nii\.gz/);
    const both = bratsCase('pat', endings2023, labelImage(0, 1, 2, 3, 4));
    expect(await failure(open('both', both))).toMatch(
      /labels 1, 2, 3 or 1, 2, 4, got 0, 1, 2, 3, 4\nhelp: is this BraTS 2024/,
    );
  });

  it('says what it looked for where there is nothing', async () => {
    expect(await failure(open('nothing', { 'a/b.txt': {} }))).toMatch(
      /no data set in .*nothing: expected dataset\.json/,
    );
  });
});

describe('patterns', () => {
  const files = {
    'p1/Flair_x.nii.gz': countingImage(shape),
    'p1/T1c_x.nii': countingImage(shape),
    'p1/seg.nii.gz': labelImage(0, 7),
    'p2/Flair_y.nii.gz': countingImage(shape),
    'p2/T1c_y.nii.gz': countingImage(shape),
  };
  const channels = { Flair: 'Flair*.nii*', T1c: 'T1c*.nii*' };

  it('finds channels and segmentation', async () => {
    const dataset = await open('pattern', files, { channels, label: 'seg*', labels: { background: 0, lesion: 7 } });
    expect(dataset.channelNames).toEqual(['Flair', 'T1c']);
    expect(dataset.cases.map(({ label }) => label?.file.name)).toEqual(['seg.nii.gz', undefined]);
    expect(dataset.cases[0]!.channels.map(({ file }) => file.name)).toEqual(['Flair_x.nii.gz', 'T1c_x.nii']);
    expect((await checkIntegrity(dataset)).problems).toEqual([]);
  });

  it('says what is missing or ambiguous', async () => {
    const { 'p2/T1c_y.nii.gz': _, ...lacking } = files;
    expect(await failure(open('lacking', lacking, { channels }))).toMatch(/case p2 lacks T1c: got only Flair/);
    expect(await failure(open('wide', files, { channels: { all: '*' } }))).toMatch(
      /case p1: expected one file for all/,
    );
    expect(await failure(open('none', files, { channels: { T2: 'T2*' } }))).toMatch(
      /no case in .*\nhelp: .*capital letters count/,
    );
  });

  it('tells cases by their paths, as in BIDS', async () => {
    const bids = {
      'sub-01/ses-a/anat/sub-01_ses-a_T1w.nii.gz': countingImage(shape),
      'sub-01/ses-b/anat/sub-01_ses-b_T1w.nii.gz': countingImage(shape),
      'sub-02/anat/sub-02_T1w.nii.gz': countingImage(shape),
      'sub-02/anat/sub-02_T2w.nii.gz': countingImage(shape),
      'derivatives/labels/sub-01/ses-b/anat/sub-01_ses-b_dseg.nii.gz': labelImage(0, 1),
    };
    const label = 'derivatives/labels/**/{case}_dseg.nii.gz';
    const dataset = await open('bids', bids, { channels: { T1: 'sub-*/**/{case}_T1w.nii.gz' }, label });
    expect(dataset.cases.map((entry) => [entry.name, entry.channels[0]!.file.name, entry.label?.file.name])).toEqual([
      ['sub-01_ses-a', 'sub-01_ses-a_T1w.nii.gz', undefined],
      ['sub-01_ses-b', 'sub-01_ses-b_T1w.nii.gz', 'sub-01_ses-b_dseg.nii.gz'],
      ['sub-02', 'sub-02_T1w.nii.gz', undefined],
    ]);
    const twice = { T1: '{case}/**/{case}_*.nii.gz' };
    expect(await failure(open('bids', bids, { channels: twice }))).toMatch(
      /case sub-01: expected one file for T1, got/,
    );
    const both = { T1: '{case}/anat/{case}_T1w.nii.gz', T2: 'sub-*/**/{case}_T2w.nii.gz' };
    const { 'sub-02/anat/sub-02_T2w.nii.gz': _, ...without } = bids;
    expect(await failure(open('bids-lacking', without, { channels: both }))).toMatch(
      /lacks 1 file: expected T2 of sub-02 \(sub-\*\/\*\*\/sub-02_T2w\.nii\.gz\)/,
    );
    const error: unknown = await open('bids', bids, { channels: { T1: '{case}/a', T2: 'b' } }).catch(
      (caught: unknown) => caught,
    );
    expect(String(error)).toMatch(/pattern b: expected \{case\} in every pattern/);
  });

  it('knows the folders of BraTS 2013', async () => {
    const dataset = await open('brats13', {
      'p/Flair_subtrMeanDivStd.nii.gz': countingImage(shape),
      'p/T1c_subtrMeanDivStd.nii.gz': countingImage(shape),
      'p/OTMultiClass.nii.gz': labelImage(0, 1, 2, 3, 4),
      'p/brainmask.nii.gz': labelImage(1),
    });
    expect(dataset.labels?.classes.map(({ values }) => values)).toEqual([[1, 2, 3, 4], [1, 3, 4], [4]]);
    expect((await checkIntegrity(dataset)).problems).toEqual([]);
  });
});

describe('nnU-Net raw', () => {
  const json = {
    name: 'Test',
    channel_names: { 0: 'T1', 1: 'CT' },
    labels: { background: 0, b: 2, a: 1 },
    numTraining: 2,
    file_ending: '.nii.gz',
  };
  const files = {
    'dataset.json': json,
    'imagesTr/b_0000.nii.gz': countingImage(shape),
    'imagesTr/b_0001.nii.gz': countingImage(shape),
    'imagesTr/a_x_0000.nii.gz': countingImage(shape),
    'imagesTr/a_x_0001.nii.gz': countingImage(shape),
    'imagesTs/t_0000.nii.gz': countingImage(shape),
    'imagesTs/t_0001.nii.gz': countingImage(shape),
    'labelsTr/a_x.nii.gz': labelImage(0, 1, 2),
    'labelsTr/b.nii.gz': labelImage(0, 1),
  };

  it('reads cases by name, labels by value', async () => {
    const dataset = await open('raw', files);
    expect(dataset.layout).toBe('nnunet');
    expect(dataset.cases.map(({ name }) => name)).toEqual(['a_x', 'b']);
    expect(dataset.labels).toEqual({
      regions: false,
      classes: [
        { name: 'a', values: [1] },
        { name: 'b', values: [2] },
      ],
    });
    expect((await checkIntegrity(dataset)).problems).toEqual([]);
    const test = await open('raw', files, { split: 'test' });
    expect(test.cases.map(({ name, label }) => [name, label])).toEqual([['t', undefined]]);
  });

  it('reads regions, ignore label and explicit file lists', async () => {
    const dataset = await open('explicit', {
      'dataset.json': {
        ...json,
        labels: { background: 0, whole: [1, 2, 3], core: [2, 3], ignore: 4 },
        regions_class_order: [1, 2],
        numTraining: 1,
        dataset: { pat: { images: ['elsewhere/one.nii.gz', './elsewhere/two.nii.gz'], label: 'elsewhere/seg.nii.gz' } },
      },
      'elsewhere/one.nii.gz': countingImage(shape),
      'elsewhere/two.nii.gz': countingImage(shape),
      'elsewhere/seg.nii.gz': labelImage(0, 1, 2, 3, 4),
    });
    expect(dataset.cases[0]!.channels.map(({ file }) => file.name)).toEqual(['one.nii.gz', 'two.nii.gz']);
    expect(dataset.labels).toMatchObject({ regions: true, ignore: 4, regionsClassOrder: [1, 2] });
    expect((await checkIntegrity(dataset)).problems).toEqual([]);
    expect(datasetJson(dataset)).toEqual({
      name: 'Test',
      channel_names: { 0: 'T1', 1: 'CT' },
      labels: { background: 0, whole: [1, 2, 3], core: [2, 3], ignore: 4 },
      regions_class_order: [1, 2],
      numTraining: 1,
      file_ending: '.nii.gz',
    });
  });

  it('takes the channels of a picture from one file', async () => {
    const picture = (values: number[]) =>
      obliqueImage(
        [3, 1, 4, 5],
        Uint8Array.from({ length: 60 }, (__, i) => values[i % 3]! + i),
      );
    const mask = obliqueImage(
      [1, 4, 5],
      Uint8Array.from({ length: 20 }, (__, i) => i % 2),
    );
    const dataset = await open('pictures', {
      'dataset.json': {
        channel_names: { 0: 'R', 1: 'G', 2: 'B' },
        labels: { background: 0, road: 1 },
        numTraining: 2,
        file_ending: '.png',
      },
      'imagesTr/a_0000.png': picture([1, 2, 3]),
      'labelsTr/a.png': mask,
      'imagesTr/b_0000.png': picture([4, 5, 6]),
      'labelsTr/b.png': mask,
    });
    expect((await checkIntegrity(dataset)).problems).toEqual([]);
    const { channels, label } = await readCase(dataset.cases[1]!);
    expect(channels.map(({ data, shape: size }) => [size, data[0]])).toEqual(
      [1, 2, 3].map((c) => [[1, 4, 5], [4, 6, 5][c - 1]! + 20 * (c - 1)]),
    );
    expect(label?.data).toEqual(mask.data);
  });

  it('names the file that is missing or too many', async () => {
    const { 'labelsTr/b.nii.gz': _, ...unlabelled } = files;
    expect(await failure(open('unlabelled', unlabelled))).toMatch(
      /unlabelled lacks 1 file: expected labelsTr\/b\.nii\.gz/,
    );
    const { 'imagesTr/b_0001.nii.gz': __, ...incomplete } = unlabelled;
    expect(await failure(open('incomplete', incomplete))).toMatch(
      /lacks 2 files: expected imagesTr\/b_0001\.nii\.gz, labelsTr\/b\.nii\.gz\nhelp: complete the data set/,
    );
    const extra = { ...files, 'imagesTr/b_0002.nii.gz': countingImage(shape) };
    expect(await failure(open('extra', extra))).toMatch(/case b: expected 2 channels.* got b_0002/);
  });

  it.each([
    ['channels', { channel_names: {} }, /channel_names/],
    ['gaps in channels', { channel_names: { 0: 'a', 2: 'b' } }, /numbered from 0/],
    ['labels', { labels: [1] }, /labels, as/],
    ['a fraction', { labels: { background: 0, a: 1.5 } }, /labels, as/],
    ['background', { labels: { background: 1, a: 2 } }, /background to be label 0/],
    ['only background', { labels: { background: 0 } }, /besides the background/],
    ['ignore', { labels: { background: 0, a: 2, ignore: 1 } }, /ignore label above/],
    ['regions without order', { labels: { background: 0, a: [1, 2] } }, /regions_class_order with 1 values.*got none/],
    ['dataset', { dataset: { a: ['x'] } }, /another explicit/],
  ])('refuses wrong %s', async (_, change, message) => {
    expect(await failure(open('wrong', { ...files, 'dataset.json': { ...json, ...change } }))).toMatch(message);
  });

  it('refuses what is no JSON', async () => {
    const root = await makeFolder('nojson', files);
    writeFileSync(join(root, 'dataset.json'), '{');
    await expect(openDataSet(await openFolder(root))).rejects.toSatisfy((error) => isVoxelgradError(error, 'format'));
  });
});

describe('Medical Segmentation Decathlon', () => {
  it('reads 4-D files as channels, each once', async () => {
    const fourD = obliqueImage([2, ...shape], countingVoxels(new Int16Array(120), 1000));
    const dataset = await open('Task01', {
      'dataset.json': {
        name: 'BRATS',
        modality: { 0: 'FLAIR', 1: 'T1w' },
        labels: { 0: 'background', 1: 'edema', 2: 'core' },
        numTraining: 1,
        training: [{ image: './imagesTr/BRATS_001.nii.gz', label: './labelsTr/BRATS_001.nii.gz' }],
        test: ['./imagesTs/BRATS_002.nii.gz'],
      },
      'imagesTr/BRATS_001.nii.gz': fourD,
      'labelsTr/BRATS_001.nii.gz': labelImage(0, 1, 2),
      'imagesTs/BRATS_002.nii.gz': fourD,
    });
    expect(dataset.layout).toBe('msd');
    expect(dataset.labels?.classes.map(({ name }) => name)).toEqual(['edema', 'core']);
    const { channels } = await readCase(dataset.cases[0]!);
    expect(channels.map(({ shape }) => shape)).toEqual([shape, shape]);
    expect(channels.map(({ data }) => data[7])).toEqual([7, 67]);
    expect((await checkIntegrity(dataset)).problems).toEqual([]);
    const test = await openDataSet(await openFolder(join(folder, 'Task01')), { split: 'test' });
    expect(test.cases.map(({ name }) => name)).toEqual(['BRATS_002']);
  });
});

describe('files with two axes', () => {
  const text = (header: string, voxels = 6): Uint8Array<ArrayBuffer> =>
    Uint8Array.from([...Buffer.from(header), ...new Uint8Array(voxels).map((_, i) => i)]);
  const nifti = (): Uint8Array<ArrayBuffer> => {
    const image = { shape: [1, 2, 3], data: Uint8Array.of(0, 1, 2, 3, 4, 5), spacing: [1, 0.5, 0.25] as const };
    const affine = [0.25, 0, 0, 0, 0, 0.5, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1] as const;
    const bytes = new Uint8Array(encodeNifti({ ...image, affine }));
    new DataView(bytes.buffer).setInt16(40, 2, true);
    return bytes;
  };
  const flat = 'DimSize = 3 2\nElementSpacing = 0.25 0.5\nElementType = MET_UCHAR\nElementDataFile = LOCAL\n';
  const deep = 'DimSize = 3 2 1\nElementSpacing = 0.25 0.5 4\nElementType = MET_UCHAR\nElementDataFile = LOCAL\n';
  // SimpleITKIO of nnU-Net: (max_spacing * 999, *spacing[::-1]) for two axes, spacing[::-1] for three.
  it.each([
    ['a.mha', text(`ObjectType = Image\nNDims = 2\n${flat}`), [499.5, 0.5, 0.25]],
    ['b.mha', text(`ObjectType = Image\nNDims = 3\n${deep}`), [4, 0.5, 0.25]],
    [
      'a.nrrd',
      text('NRRD0004\ntype: uint8\ndimension: 2\nsizes: 3 2\nspacings: 0.25 0.5\nencoding: raw\n\n'),
      [499.5, 0.5, 0.25],
    ],
    ['a.nii', nifti(), [499.5, 0.5, 0.25]],
  ])('%s has the spacing of nnU-Net along z', async (name, bytes, spacing) => {
    const file = sourceFromBytes(bytes, name);
    const { channels, label } = await readCase({ name, channels: [{ file }], label: { file } });
    expect(channels[0]!.shape).toEqual([1, 2, 3]);
    expect([...channels[0]!.data]).toEqual([0, 1, 2, 3, 4, 5]);
    expect([channels[0]!.spacing, label!.spacing]).toEqual([spacing, spacing]);
  });
});

describe('a dropped folder', () => {
  it('is read as the same folder on disk', async () => {
    const root = await makeFolder('drop', bratsCase('pat', endings2023, labelImage(0, 1, 2, 3)));
    const names = readdirSync(join(root, 'pat'));
    const files = names.map((name) => {
      const file = new File([readFileSync(join(root, 'pat', name))], name);
      Object.defineProperty(file, 'webkitRelativePath', { value: `drop/pat/${name}` });
      return file;
    });
    const dropped = await openDataSet(folderFromFileList(files));
    const onDisk = await openDataSet(await openFolder(root));
    expect(dropped.name).toBe('drop');
    const [a, b] = [await readCase(dropped.cases[0]!), await readCase(onDisk.cases[0]!)];
    expect(a).toEqual(b);
  });

  it('resolves paths and siblings, and sees no hidden files', async () => {
    const blob = new Blob(['x']);
    const root = folderFromFiles(
      [
        { path: 'a/b/c.hdr', blob },
        { path: 'a/b/c.img', blob },
        { path: '.DS_Store', blob },
      ],
      'top',
    );
    expect(await root.list()).toEqual({ files: [], folders: ['a'] });
    const file = await root.folder('a').file('../a/./b/c.hdr');
    expect([file?.path, file?.name]).toEqual(['top/a/b/c.hdr', 'c.hdr']);
    expect((await file?.sibling('c.img'))?.path).toBe('top/a/b/c.img');
    expect(await root.file('c.hdr')).toBeUndefined();
  });
});
