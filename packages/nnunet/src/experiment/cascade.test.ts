/** A cascade trained through the command: what the first stage leaves, what the second one makes of it. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { withData } from '@voxelgrad/io';
import { openFolder, openStoredCase, readImageFile, writeImageFile } from '@voxelgrad/io/node';
import { stateDict } from '@voxelgrad/nn';
import { openDevice } from '@voxelgrad/tensor/node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { voxelgrad } from '../command/command.testing.ts';
import { openModel } from '../model-folder/open-model.ts';
import { tinyDataset, writeTinyDataSet } from './tiny-data-set.testing.ts';

const root = mkdtempSync(join(tmpdir(), 'voxelgrad-cascade-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const environment = { nnUNet_preprocessed: join(root, 'preprocessed'), nnUNet_results: join(root, 'results') };
beforeAll(() => writeTinyDataSet(environment.nnUNet_preprocessed, { cascade: true }));

const quick = ['--epochs', '6', '--iterations', '8', '--validation-iterations', '2', '--learning-rate', '0.02'];
const train = (...words: readonly string[]) =>
  voxelgrad(['train', '9', ...words, '-tr', 'voxelgradTrainerAdam', '--device', 'cpu', ...quick], environment);
const modelFolder = (configuration: string): string =>
  join(environment.nnUNet_results, tinyDataset, `voxelgradTrainerAdam__nnUNetPlans__${configuration}`);
const predicted = join(modelFolder('3d_lowres'), 'predicted_next_stage', '3d_cascade_fullres');
const fullResolution = join(environment.nnUNet_preprocessed, tinyDataset, 'nnUNetPlans_3d_fullres');

it('asks for the first stage where it is missing', async () => {
  await expect(train('3d_cascade_fullres', '0')).rejects.toThrow(
    /what 3d_lowres found.*Train every fold of 3d_lowres/s,
  );
});

it("gives the first stage's predictions to the second, at its resolution", async () => {
  for (const fold of ['0', '1', '2', '3', '4']) await train('3d_lowres', fold);
  expect(readdirSync(predicted).sort()).toEqual([0, 1, 2, 3, 4, 5].map((index) => `ball_${index}`));
  const validation = join(modelFolder('3d_lowres'), 'fold_0', 'validation');
  for (const file of readdirSync(validation).filter((name) => name.endsWith('.nii.gz'))) {
    const name = file.replace('.nii.gz', '');
    const { previous } = await (await openStoredCase(fullResolution, name, { previousFolder: predicted })).whole();
    // Cases were stored at the resolution of the images here, so both were resampled to the same grid.
    expect(previous).toEqual(Int16Array.from((await readImageFile(join(validation, file))).data));
    expect(new Set(previous)).toContain(1);
  }
});

it('trains the second stage with a channel for each label of the first', async () => {
  const { lines } = await train('3d_cascade_fullres', '0');
  expect(lines.join('\n')).toMatch(/finished: 48 iterations/);
  const model = await openModel(await openFolder(modelFolder('3d_cascade_fullres')));
  const device = await openDevice('cpu');
  const weights = await stateDict(await model.loadFold(0, device));
  await device.close();
  expect(weights.get('encoder.stages.0.0.convs.0.conv.weight')!.shape).toEqual([4, 3, 3, 3, 3]);
  const summary = join(modelFolder('3d_cascade_fullres'), 'fold_0', 'validation', 'summary.json');
  const before = readFileSync(summary, 'utf8');
  rmSync(summary);
  await train('3d_cascade_fullres', '0', '--val');
  expect(readFileSync(summary, 'utf8')).toBe(before);
});

it('predicts with the predictions of the stage before, and not without', async () => {
  const images = join(root, 'images');
  const like = join(environment.nnUNet_preprocessed, tinyDataset, 'gt_segmentations');
  for (const folder of [images, join(root, 'empty')]) mkdirSync(folder);
  for (const name of ['ball_0', 'ball_1']) {
    const stored = await (await openStoredCase(fullResolution, name)).whole();
    const image = withData(await readImageFile(join(like, `${name}.nii.gz`)), stored.shape, stored.data);
    await writeImageFile(join(images, `${name}_0000.nii.gz`), image);
  }
  const predict = (configuration: string, output: string, ...more: string[]) => {
    const model = ['-d', '9', '-c', configuration, '-tr', 'voxelgradTrainerAdam', '-f', '0', '-device', 'cpu'];
    return voxelgrad(['predict', '-i', images, '-o', join(root, output), ...model, ...more], environment);
  };
  await expect(predict('3d_cascade_fullres', 'none')).rejects.toThrow(
    /the segmentation that 3d_lowres gives, got none\nhelp: .* first with 3d_lowres, then with --previous-predictions/,
  );
  const first = join(root, 'first');
  await predict('3d_lowres', 'first');
  await predict('3d_cascade_fullres', 'second', '-prev_stage_predictions', first);
  // The stage before matters: another result of it gives another result here.
  for (const name of ['ball_0', 'ball_1']) {
    const seg = await readImageFile(join(first, `${name}.nii.gz`));
    await writeImageFile(
      join(root, 'empty', `${name}.nii.gz`),
      withData(
        seg,
        seg.shape,
        seg.data.map(() => 0),
      ),
    );
  }
  await predict('3d_cascade_fullres', 'third', '-prev_stage_predictions', join(root, 'empty'));
  const labels = async (folder: string) => Array.from((await readImageFile(join(root, folder, 'ball_0.nii.gz'))).data);
  expect(await labels('second')).toContain(1);
  expect(await labels('third')).not.toEqual(await labels('second'));
  await expect(predict('3d_cascade_fullres', 'none', '-prev_stage_predictions', images)).rejects.toThrow(
    /the prediction of the stage before/,
  );
});

it('says how to predict with it: the first stage first', async () => {
  const words = ['-c', '3d_cascade_fullres', '-tr', 'voxelgradTrainerAdam', '-f', '0'];
  await voxelgrad(['find-best-configuration', '9', ...words], environment);
  const text = readFileSync(join(environment.nnUNet_results, tinyDataset, 'inference_instructions.txt'), 'utf8');
  const [first, second] = text.split('\n').filter((line) => line.startsWith('voxelgrad predict'));
  expect(first).toMatch(/-o OUTPUT_FOLDER_3d_lowres .*-c 3d_lowres /);
  expect(second).toMatch(/-o OUTPUT_FOLDER .*-c 3d_cascade_fullres .*--previous-predictions OUTPUT_FOLDER_3d_lowres/);
});
