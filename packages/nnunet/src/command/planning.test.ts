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
import type { Image } from '@voxelgrad/io';
import { listStoredCases, openStoredCase, readImageFile, writeImageFile } from '@voxelgrad/io/node';
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

  it.each(['1', '2'])(
    'ends with the case that cannot be stored, and goes on later, with %s threads',
    async (threads) => {
      const target = join(preprocessed, 'nnUNetPlans_3d_fullres');
      const names = await listStoredCases(target);
      const [, blocked] = names as [string, string];
      rmSync(join(target, blocked), { recursive: true });
      // A folder cannot take the place of a file.
      writeFileSync(join(target, blocked), '');
      const words = ['-d', '7', '-c', '3d_fullres', '-np', threads];
      await expect(run('preprocess', ...words, '--clean')).rejects.toThrow(`cannot write ${join(target, blocked)}`);
      expect(readdirSync(target).filter((name) => name.startsWith('.'))).toEqual([]);
      rmSync(join(target, blocked));
      await run('preprocess', ...words);
      expect(await listStoredCases(target)).toEqual(names);
    },
    60_000,
  );

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

  it('copies the spacing of TIFF segmentations with them, since it lies in a file of its own', async () => {
    const place = join(environment.nnUNet_raw, 'Dataset021_Stacks');
    await writeRawPhantoms(place, 2, '.tif');
    for (const folder of ['imagesTr', 'labelsTr'])
      for (const file of readdirSync(join(place, folder)).filter((name) => name.endsWith('.json')))
        writeFileSync(join(place, folder, file), JSON.stringify({ spacing: [2, 1, 1.5] }));
    await run('plan-and-preprocess', '-d', '21', '-c', '2d');
    const copies = join(environment.nnUNet_preprocessed, 'Dataset021_Stacks', 'gt_segmentations');
    const files = readdirSync(copies).filter((name) => name.endsWith('.tif'));
    expect(files).toHaveLength(2);
    for (const file of files) expect((await readImageFile(join(copies, file))).spacing).toEqual([2, 1, 1.5]);
  });

  it('tells which step is missing, and what a case lacks', async () => {
    await expect(run('preprocess', '-d', '7', '-c', '3d_fulres')).rejects.toThrow(
      /configurations of nnUNetPlans: expected 2d, 3d_fullres.*, got 3d_fulres/,
    );
    await writeRawPhantoms(join(environment.nnUNet_raw, 'Dataset005_Unplanned'), 1);
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
