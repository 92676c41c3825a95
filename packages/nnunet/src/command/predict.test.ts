/** Prediction through the command: that of a fold's validation, image by image; parts, resuming, ZIPs, and what is refused. */
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withData } from '@voxelgrad/io';
import { openStoredCase, readImageFile, writeImageFile } from '@voxelgrad/io/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tinyDataset, writeTinyDataSet } from '../experiment/tiny-data-set.testing.ts';
import { voxelgrad } from './command.testing.ts';

const root = mkdtempSync(join(tmpdir(), 'voxelgrad-predict-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const environment = { nnUNet_preprocessed: join(root, 'preprocessed'), nnUNet_results: join(root, 'results') };
const dataSet = join(environment.nnUNet_preprocessed, tinyDataset);
const images = join(root, 'images');
const model = join(environment.nnUNet_results, tinyDataset, 'voxelgradTrainerAdam__nnUNetPlans__3d_fullres');
const names = Array.from({ length: 6 }, (_, index) => `ball_${index}`);

beforeAll(async () => {
  await writeTinyDataSet(environment.nnUNet_preprocessed);
  mkdirSync(images);
  for (const name of names) {
    const stored = await (await openStoredCase(join(dataSet, 'nnUNetPlans_3d_fullres'), name)).whole();
    const like = await readImageFile(join(dataSet, 'gt_segmentations', `${name}.nii.gz`));
    await writeImageFile(join(images, `${name}_0000.nii.gz`), withData(like, stored.shape, stored.data));
  }
  const quick = ['--epochs', '6', '--iterations', '10', '--validation-iterations', '1', '--learning-rate', '0.01'];
  for (const fold of ['0', '1'])
    await voxelgrad(
      ['train', '9', '3d_fullres', fold, '-tr', 'voxelgradTrainerAdam', ...quick, '--device', 'cpu'],
      environment,
    );
}, 60_000);

const one = ['-d', '9', '-c', '3d_fullres', '-tr', 'voxelgradTrainerAdam', '--device', 'cpu'];
const predict = (words: readonly string[]) => voxelgrad(['predict', '-i', images, ...one, ...words], environment);
const labels = async (folder: string, name: string): Promise<number[]> =>
  Array.from((await readImageFile(join(folder, `${name}.nii.gz`))).data);

describe('predict', () => {
  it('gives for a held-out case what validation gave, but for the normalisation of the image', async () => {
    const output = join(root, 'fold_0');
    await predict(['-o', output, '-f', '0']);
    expect(readdirSync(output).sort()).toEqual(
      [
        'dataset.json',
        'plans.json',
        'predict_from_raw_data_args.json',
        ...names.map((name) => `${name}.nii.gz`),
      ].sort(),
    );
    const validation = join(model, 'fold_0', 'validation');
    for (const file of readdirSync(validation).filter((file) => file.endsWith('.nii.gz'))) {
      const name = file.replace('.nii.gz', '');
      const [found, expected] = [await labels(output, name), await labels(validation, name)];
      const differing = found.filter((label, i) => label !== expected[i]).length;
      expect(differing / found.length).toBeLessThan(0.05);
      const like = await readImageFile(join(images, `${name}_0000.nii.gz`));
      expect((await readImageFile(join(output, file))).affine).toEqual(like.affine);
    }
    await voxelgrad(['evaluate', join(dataSet, 'gt_segmentations'), output]);
  });

  it('leaves probabilities, their place, and with what they were made', async () => {
    const output = join(root, 'probabilities');
    await predict(['-o', output, '-f', '0', '--disable_tta', '--save_probabilities', '-num_parts', '6', '-npp', '2']);
    for (const ending of ['npz', 'pkl', 'nii.gz']) expect(existsSync(join(output, `ball_0.${ending}`))).toBe(true);
    expect(JSON.parse(readFileSync(join(output, 'predict_from_raw_data_args.json'), 'utf8'))).toEqual({
      folder_with_segs_from_prev_stage: null,
      list_of_lists_or_source_folder: images,
      num_parts: 6,
      num_processes_preprocessing: 2,
      num_processes_segmentation_export: 1,
      output_folder_or_list_of_truncated_output_files: output,
      overwrite: true,
      part_id: 0,
      save_probabilities: true,
    });
    const ensembled = join(root, 'ensembled');
    await voxelgrad(['ensemble', '-i', output, output, '-o', ensembled, '--save_npz', '-np', '2']);
    expect(readdirSync(ensembled).sort()).toEqual(['ball_0.nii.gz', 'ball_0.npz', 'ball_0.pkl', 'dataset.json']);
    expect(readFileSync(join(ensembled, 'ball_0.pkl'))).toEqual(readFileSync(join(output, 'ball_0.pkl')));
    expect(await labels(ensembled, 'ball_0')).toEqual(await labels(output, 'ball_0'));
  });

  it('averages folds', async () => {
    const output = join(root, 'both');
    const { lines } = await predict(['-o', output, '-f', '0', '1', '--no-mirroring']);
    expect(lines[0]).toMatch(/folds 0, 1, on cpu/);
    expect(await labels(output, 'ball_0')).toContain(2);
  });

  it('shares cases among parts, and passes over what is there', async () => {
    const output = join(root, 'parts');
    const parts = ['-o', output, '-f', '0', '--no-mirroring', '--num-parts', '2'];
    await predict([...parts, '--part-id', '1']);
    expect(readdirSync(output).filter((name) => name.endsWith('.gz'))).toHaveLength(3);
    const before = statSync(join(output, 'ball_1.nii.gz')).mtimeMs;
    const { lines } = await predict(['-o', output, '-f', '0', '--no-mirroring', '--resume']);
    expect(lines).toContain('3 segmentations, 3 were there');
    expect(statSync(join(output, 'ball_1.nii.gz')).mtimeMs).toBe(before);
    await expect(predict([...parts, '--part-id', '2'])).rejects.toThrow(/a number below 2/);
  });

  it("takes all of nnU-Net's flags, and says which change nothing", async () => {
    const output = join(root, 'flags');
    const flags = ['-npp', '0', '-nps', '0', '--verbose', '--disable_progress_bar', '--not_on_device'];
    const rest = [
      '-chk',
      'checkpoint_final.pth',
      '-step_size',
      '1',
      '--disable_tta',
      '-num_parts',
      '6',
      '-part_id',
      '0',
    ];
    const words = ['-d', '9', '-c', '3d_fullres', '-tr', 'voxelgradTrainerAdam', '-p', 'nnUNetPlans', '-device', 'cpu'];
    const { status } = await voxelgrad(
      ['predict', '-i', images, '-o', output, '-f', '0', ...words, ...flags, ...rest],
      environment,
    );
    for (const flag of ['-npp', '-nps', '--not_on_device']) expect(status).toContain(`${flag} has no effect: `);
    expect(status).toMatch(/^ball_0: 8 windows, \d+\.\d s$/m);
    expect(status).not.toMatch(/1\/1/);
  });

  it("takes a model's folder or its ZIP", async () => {
    const zip = join(root, 'model.zip');
    const exported = ['export-model', '9', '-c', '3d_fullres', '-tr', 'voxelgradTrainerAdam', '-f', '0', '-o', zip];
    await voxelgrad(exported, environment);
    for (const [i, place] of [model, zip].entries()) {
      const output = join(root, `place_${i}`);
      const words = ['-i', images, '-o', output, '-m', place, '-f', '0', '--device', 'cpu'];
      await voxelgrad(['predict-from-modelfolder', ...words]);
      expect(await labels(output, 'ball_2')).toEqual(await labels(join(root, 'fold_0'), 'ball_2'));
    }
  });

  it('gives the same from weights that were exported, as a checkpoint or as safetensors', async () => {
    const exported = ['export-model', '9', '-c', '3d_fullres', '-tr', 'voxelgradTrainerAdam', '-f', '0'];
    for (const format of ['pth', 'safetensors']) {
      const folder = join(root, format, 'nnUNetTrainer__nnUNetPlans__3d_fullres');
      mkdirSync(join(folder, 'fold_0'), { recursive: true });
      for (const name of ['plans.json', 'dataset.json']) copyFileSync(join(model, name), join(folder, name));
      const file = join(folder, 'fold_0', `checkpoint_final.${format}`);
      await voxelgrad([...exported, '--format', format, '-o', file], environment);
      const output = join(root, `from_${format}`);
      // Along which axes to mirror only the checkpoint says.
      const [mirrored, expected] = format === 'pth' ? [[], 'fold_0'] : [['--no-mirroring'], 'parts'];
      const words = ['-i', images, '-o', output, '-m', folder, '-device', 'cpu', '-num_parts', '6', ...mirrored];
      await voxelgrad(['predict-from-modelfolder', ...words]);
      expect(await labels(output, 'ball_0')).toEqual(await labels(join(root, expected), 'ball_0'));
    }
    const words = [...exported, '1', '--format', 'onnx', '-o', join(root, 'x.onnx')];
    await expect(voxelgrad(words, environment)).rejects.toThrow(/fold to write: expected one, got 2\nhelp: .*-f/);
  });

  it('names what is missing', async () => {
    const output = join(root, 'none');
    await expect(predict(['-o', output, '-f', '4'])).rejects.toThrow(/fold 4.*-f 0 1$/s);
    await expect(predict(['-o', output, '-f', '0', '-chk', 'other.pth'])).rejects.toThrow(/other\.pth/);
    const other = ['predict', '-i', images, '-o', output, '-d', '9', '-c', '2d', '-f', '0'];
    await expect(voxelgrad(other, environment)).rejects.toThrow(
      /nnUNetTrainer__nnUNetPlans__2d: expected a trained model.*\nhelp: Trained are voxelgradTrainerAdam__nnUNetPlans__3d_fullres: name/,
    );
    const empty = join(root, 'empty');
    mkdirSync(empty);
    const words = ['predict', '-i', empty, '-o', output, ...one, '-f', '0'];
    await expect(voxelgrad(words, environment)).rejects.toThrow(/CASE_0000\.nii\.gz/);
    writeFileSync(join(empty, 'a_0001.nii.gz'), '');
    await expect(voxelgrad(words, environment)).rejects.toThrow(/case a/);
  });
});
