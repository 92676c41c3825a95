/** From images to preprocessed cases through the command: what is written, what is passed over, what is refused. */
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Image, readDatasetJson } from '@voxelgrad/io';
import {
  listStoredCases,
  openFile,
  openStoredCase,
  readImageFile,
  writeImageFile,
  writePhantomFiles,
} from '@voxelgrad/io/node';
import { lacking } from '@voxelgrad/tensor/testing-skips';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseFingerprint } from '../fingerprint/fingerprint.ts';
import { configurationOf, parsePlans } from '../plan/parse-plans.ts';
import { voxelgrad } from './command.testing.ts';
import { writeRawPhantoms } from './raw-phantoms.testing.ts';

const root = mkdtempSync(join(tmpdir(), 'voxelgrad-planning-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const environment = { nnUNet_raw: join(root, 'raw'), nnUNet_preprocessed: join(root, 'preprocessed') };
const raw = join(environment.nnUNet_raw, 'Dataset007_Phantom');
const preprocessed = join(environment.nnUNet_preprocessed, 'Dataset007_Phantom');
const run = (...words: string[]) => voxelgrad(words[0] === 'plan' ? words : [...words, '--no_pbar'], environment);
const json = (path: string): Record<string, unknown> => JSON.parse(readFileSync(path, 'utf8'));

beforeAll(() => writeRawPhantoms(raw, 4), 60_000);

describe('voxelgrad convert', () => {
  it("numbers BraTS's labels as nnU-Net does", async () => {
    const raw = join(environment.nnUNet_raw, 'Dataset137_BraTS');
    await writePhantomFiles(join(root, 'brats'), { cases: 2, seed: 3, shape: [18, 24, 26] });
    await run('convert', '-i', join(root, 'brats'), '--id', '137', '--name', 'BraTS', '-np', '2');
    const { labels, channelNames, numTraining } = await readDatasetJson(await openFile(join(raw, 'dataset.json')));
    expect(channelNames).toEqual(['T1', 'T1ce', 'T2', 'Flair']);
    expect(numTraining).toBe(2);
    expect(labels.classes).toEqual([
      { name: 'whole tumor', values: [1, 2, 3] },
      { name: 'tumor core', values: [2, 3] },
      { name: 'enhancing tumor', values: [3] },
    ]);
    expect(labels.regionsClassOrder).toEqual([1, 2, 3]);
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

describe('voxelgrad plan-and-preprocess', () => {
  it('writes what nnU-Net reads, and cases that training reads; on threads as in one', async () => {
    const { lines } = await run(
      'plan-and-preprocess',
      '-d',
      '7',
      '--verify_dataset_integrity',
      '-npfp',
      '1',
      '-np',
      '2',
      '-c',
      '3d_fullres',
    );
    expect(lines.join('\n')).toMatch(/^3d_fullres +\d+ × \d+ × \d+ /m);
    expect(readdirSync(preprocessed).sort()).toEqual([
      'dataset.json',
      'dataset_fingerprint.json',
      'gt_segmentations',
      'nnUNetPlans.json',
      'nnUNetPlans_3d_fullres',
    ]);
    const plans = parsePlans(readFileSync(join(preprocessed, 'nnUNetPlans.json'), 'utf8'));
    expect(plans.dataset_name).toBe('Dataset007_Phantom');
    const names = await listStoredCases(join(preprocessed, 'nnUNetPlans_3d_fullres'));
    expect(names).toHaveLength(4);
    const fingerprint = readFileSync(join(preprocessed, 'dataset_fingerprint.json'), 'utf8');
    await run('fingerprint', '-d', '7', '--clean', '-np', '2', '-fpe', 'DatasetFingerprintExtractor');
    expect(readFileSync(join(preprocessed, 'dataset_fingerprint.json'), 'utf8')).toBe(fingerprint);
    expect(parseFingerprint(fingerprint).shapes_after_crop).toHaveLength(4);
  }, 120_000);

  it('passes over cases that are there, and makes those again that were planned otherwise', async () => {
    const again = await run('preprocess', '-d', '7', '-c', '3d_fullres', '-np', '1');
    expect(again.lines).toEqual([expect.stringContaining('(4 cases were there already)')]);
    await run('plan', '-d', '7', '-overwrite_target_spacing', '1', '1', '1.3', '-overwrite_plans_name', 'mine');
    const plans = parsePlans(readFileSync(join(preprocessed, 'mine.json'), 'utf8'));
    expect(configurationOf(plans, '3d_fullres').spacing).toEqual([1.3, 1, 1]);
    await run('preprocess', '-d', '7', '-p', 'mine', '-c', '3d_fullres', '2d', '-np', '1', '1', '--verbose');
    const store = join(preprocessed, 'mine_3d_fullres');
    const [name] = await listStoredCases(store);
    const resampled = await openStoredCase(store, name!);
    const before = await openStoredCase(join(preprocessed, 'nnUNetPlans_3d_fullres'), name!);
    expect(resampled.shape).toEqual([Math.round(before.shape[2] / 1.3), before.shape[0], before.shape[1]]);
    expect(await listStoredCases(join(preprocessed, 'mine_2d'))).toHaveLength(4);
  }, 120_000);

  it('makes a case again, and copies its label, when the label was corrected and kept its size', async () => {
    const folder = join(environment.nnUNet_raw, 'Dataset009_Corrected');
    const target = join(environment.nnUNet_preprocessed, 'Dataset009_Corrected');
    await writeRawPhantoms(folder, 1, '.nii');
    const words = ['-d', '9', '-c', '3d_fullres', '-np', '1'];
    await run('plan-and-preprocess', ...words);
    const [name] = readdirSync(join(folder, 'labelsTr')) as [string];
    const [file, copy] = [join(folder, 'labelsTr', name), join(target, 'gt_segmentations', name)];
    const bytes = readFileSync(file);
    expect(readFileSync(copy)).toEqual(bytes);
    const made = statSync(copy).ctimeMs;
    expect((await run('preprocess', ...words)).lines).toEqual([expect.stringContaining('(1 cases were there')]);
    expect(statSync(copy).ctimeMs).toBe(made);
    // Every oedema becomes necrosis; rsync and cp -p give files the time of their originals, so that it may lie before that of the copy.
    const corrected = bytes.map((value, i) => (i >= 352 && value === 2 ? 1 : value));
    writeFileSync(file, corrected);
    utimesSync(file, new Date('2020-01-01'), new Date('2020-01-01'));
    expect((await run('preprocess', ...words)).lines).toEqual([join(target, 'nnUNetPlans_3d_fullres')]);
    expect(readFileSync(copy)).toEqual(Buffer.from(corrected));
    const stored = await openStoredCase(join(target, 'nnUNetPlans_3d_fullres'), name.replace('.nii', ''));
    expect(stored.classLocations?.map(({ voxels }) => voxels.length > 0)).toEqual([true, false, true]);
  }, 60_000);

  it('stops when it is told to, and goes on later', async () => {
    const controller = new AbortController();
    const words = ['preprocess', '-d', '7', '-c', '3d_fullres', '--clean', '-np', '1', '--no_pbar', '--verbose'];
    controller.abort(new Error('stopped'));
    await expect(voxelgrad(words, environment, controller.signal)).rejects.toThrow('stopped');
    expect(await listStoredCases(join(preprocessed, 'nnUNetPlans_3d_fullres'))).toHaveLength(4);
  });

  it('plans for the memory that there is', async () => {
    const { lines } = await run(
      'plan',
      '-d',
      '7',
      '--fit-memory',
      'auto',
      '--device',
      'cpu',
      '-overwrite_plans_name',
      'here',
    );
    expect(lines[0]).toMatch(/^planning for \d.* GB$/);
    expect(existsSync(join(preprocessed, 'here.json'))).toBe(true);
    await expect(run('plan', '-d', '7', '--fit-memory', 'much')).rejects.toThrow(
      /--fit-memory: expected a number above 0/,
    );
  }, 60_000);

  it('keeps configurations that someone added to the plans', async () => {
    const path = join(preprocessed, 'nnUNetPlans.json');
    const plans = json(path) as { configurations: Record<string, unknown> };
    plans.configurations.larger = { inherits_from: '3d_fullres', batch_size: 6 };
    writeFileSync(path, JSON.stringify(plans));
    await run('plan', '-d', '7');
    expect(configurationOf(parsePlans(readFileSync(path, 'utf8')), 'larger').batch_size).toBe(6);
  });

  it('takes folds that come with the data set, but not two kinds', async () => {
    const splits = [{ train: ['a'], val: ['b'] }];
    writeFileSync(join(raw, 'splits_final.json'), JSON.stringify(splits));
    await run('plan', '-d', '7');
    expect(json(join(preprocessed, 'splits_final.json'))).toEqual(splits);
    writeFileSync(join(preprocessed, 'splits_final.json'), '[]');
    await expect(run('plan', '-d', '7')).rejects.toThrow(/splits_final\.json: expected the splits of/);
  });

  it('tells which step is missing, and what a case lacks', async () => {
    await expect(run('plan', '-d', '5')).rejects.toThrow(
      /dataset_fingerprint\.json.*\nhelp: Run voxelgrad fingerprint/,
    );
    await expect(run('preprocess', '-d', '5')).rejects.toThrow(
      /nnUNetPlans\.json: expected a file that planning writes/,
    );
    await expect(run('plan', '-d', '7', '-overwrite_target_spacing', '1', 'x', '1')).rejects.toThrow(
      /above 0, got 'x'/,
    );
    await expect(run('preprocess', '-d', '7', '-np', '2', '2')).rejects.toThrow(/one for each of 3 configurations/);
    rmSync(join(raw, 'labelsTr'), { recursive: true });
    await expect(run('fingerprint', '-d', '7', '--clean')).rejects.toThrow(/lacks 4 files: expected labelsTr/);
  });
});

describe('voxelgrad fingerprint', () => {
  it('has shapes and spacings as the reader turns images, on threads as in one', async () => {
    const folder = join(environment.nnUNet_raw, 'Dataset008_Turned');
    for (const name of ['imagesTr', 'labelsTr']) mkdirSync(join(folder, name), { recursive: true });
    // x runs from head to feet, y to the left, z to the front: [z, y, x] of 4 × 5 × 6 voxels is 6 × 4 × 5 where z is the body's axis.
    const affine = [0, -2, 0, 0, 0, 0, 3, 0, -1.5, 0, 0, 0, 0, 0, 0, 1] as const;
    const shape = [4, 5, 6];
    const data = Int16Array.from({ length: 120 }, (_, i) => i + 1);
    const image: Image = { shape, data, spacing: [3, 2, 1.5], affine };
    for (const name of ['a', 'b']) {
      await writeImageFile(join(folder, 'imagesTr', `${name}_0000.nii.gz`), image);
      await writeImageFile(join(folder, 'labelsTr', `${name}.nii.gz`), {
        ...image,
        data: Uint8Array.from(data, (i) => i % 2),
      });
    }
    const description = {
      channel_names: { 0: 'T1' },
      labels: { background: 0, odd: 1 },
      numTraining: 2,
      file_ending: '.nii.gz',
      overwrite_image_reader_writer: 'SimpleITKIOWithReorient',
    };
    writeFileSync(join(folder, 'dataset.json'), JSON.stringify(description));
    for (const threads of ['1', '2']) {
      await run('fingerprint', '-d', '8', '--clean', '-np', threads);
      const text = readFileSync(
        join(environment.nnUNet_preprocessed, 'Dataset008_Turned/dataset_fingerprint.json'),
        'utf8',
      );
      expect(parseFingerprint(text)).toMatchObject({
        shapes_after_crop: [
          [6, 4, 5],
          [6, 4, 5],
        ],
        spacings: [
          [1.5, 3, 2],
          [1.5, 3, 2],
        ],
      });
    }
  }, 60_000);
});

describe('voxelgrad plan', () => {
  const shared = fileURLToPath(new URL('../../../../../shared/data/plans', import.meta.url));
  const missing = existsSync(shared) ? undefined : 'no ../shared/data/plans beside the repository';

  it('makes the plans that lie beside fingerprints found in the wild', lacking(missing), async () => {
    for (const folder of readdirSync(shared)) {
      const file = readdirSync(join(shared, folder)).find((name) => /plans\.json$/i.test(name))!;
      const official = parsePlans(readFileSync(join(shared, folder, file), 'utf8'));
      for (const [place, name] of [
        [environment.nnUNet_raw, 'dataset.json'],
        [environment.nnUNet_preprocessed, 'dataset_fingerprint.json'],
      ] as const) {
        mkdirSync(join(place, official.dataset_name), { recursive: true });
        writeFileSync(join(place, official.dataset_name, name), readFileSync(join(shared, folder, name)));
      }
      await run('plan', '-d', official.dataset_name);
      const path = join(environment.nnUNet_preprocessed, official.dataset_name, 'nnUNetPlans.json');
      expect(parsePlans(readFileSync(path, 'utf8'))).toEqual(official);
    }
  });
});

describe('voxelgrad move-plans-between-datasets', () => {
  const target = join(environment.nnUNet_raw, 'Dataset018_Other');
  const moved = join(environment.nnUNet_preprocessed, 'Dataset018_Other');
  const move = (...words: string[]) =>
    voxelgrad(['move-plans-between-datasets', '-s', '7', '-t', '18', '-sp', 'nnUNetPlans', ...words], environment);

  it('gives the plans to another data set, under another name and with its own reader', async () => {
    await writeRawPhantoms(target, 2, '.nii');
    const { lines } = await move('-tp', 'nnUNetPlansFrom7');
    expect(lines).toEqual([
      join(moved, 'nnUNetPlansFrom7.json'),
      'next: voxelgrad fingerprint -d Dataset018_Other, then voxelgrad preprocess -d Dataset018_Other -p nnUNetPlansFrom7',
    ]);
    const [before, after] = [join(preprocessed, 'nnUNetPlans.json'), join(moved, 'nnUNetPlansFrom7.json')].map((path) =>
      parsePlans(readFileSync(path, 'utf8')),
    );
    expect([after!.dataset_name, after!.plans_name]).toEqual(['Dataset018_Other', 'nnUNetPlansFrom7']);
    expect([before!.image_reader_writer, after!.image_reader_writer]).toEqual(['SimpleITKIO', 'NibabelIO']);
    const { data_identifier, ...planned } = configurationOf(after!, '3d_fullres');
    expect(data_identifier).toBe('nnUNetPlansFrom7_3d_fullres');
    expect(configurationOf(before!, '3d_fullres')).toMatchObject(planned);
    await run('preprocess', '-d', '18', '-p', 'nnUNetPlansFrom7', '-c', '3d_fullres', '-np', '1');
    expect(await listStoredCases(join(moved, data_identifier))).toHaveLength(2);
  });

  it('replaces no plans unasked, and names what is missing', async () => {
    await expect(move('-tp', 'nnUNetPlansFrom7')).rejects.toThrow(/expected no plans of that name.*\nhelp: .*-tp/);
    await move('-tp', 'nnUNetPlansFrom7', '--overwrite');
    await move();
    const plans = parsePlans(readFileSync(join(moved, 'nnUNetPlans.json'), 'utf8'));
    expect(configurationOf(plans, '3d_fullres').data_identifier).toBe('nnUNetPlans_3d_fullres');
    await expect(voxelgrad(['move-plans-between-datasets', '-s', '7', '-t', '18'], environment)).rejects.toThrow(
      /--source-plans is missing/,
    );
  });
});

describe('voxelgrad plot-overlays', () => {
  it('draws what networks see, too', async () => {
    const output = join(root, 'overlays');
    const words = ['plot-overlays', '-d', '7', '-o', output, '--no-use-raw', '-p', 'nnUNetPlans', '-np', '2'];
    const { status } = await voxelgrad([...words, '-overlay_intensity', '0.6'], environment);
    expect(status).toMatch(/-np has no effect.*\n-overlay_intensity has no effect/);
    expect(readdirSync(output)).toHaveLength(4);
    await expect(voxelgrad([...words, '-c', '3d_lowres'], environment)).rejects.toThrow(/3d_lowres/);
    await expect(voxelgrad([...words, '--predictions', output], environment)).rejects.toThrow(/images as they are/);
    await voxelgrad(['plot-overlays', '-d', '18', '-o', join(root, 'raw-overlays'), '--use_raw'], environment);
    expect(readdirSync(join(root, 'raw-overlays'))).toHaveLength(2);
  });
});
