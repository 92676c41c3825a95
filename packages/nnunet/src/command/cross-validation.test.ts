/** Cross-validation over folders whose best model is known by construction: two models that each see one half, and together all. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeNpz } from '@voxelgrad/io';
import { readImageFile, writeFileAtomic } from '@voxelgrad/io/node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { shortNames } from '../experiment/model-name.ts';
import { tinyPlans } from '../experiment/tiny-plans.testing.ts';
import { type Bar, barLabels, barShape, writeBars } from './bar-images.testing.ts';
import { voxelgrad } from './command.testing.ts';

const root = mkdtempSync(join(tmpdir(), 'voxelgrad-cross-validation-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const dataset = 'Dataset007_Bars';
const environment = { nnUNet_preprocessed: join(root, 'preprocessed'), nnUNet_results: join(root, 'results') };
const description = JSON.stringify({
  channel_names: { 0: 'MRI' },
  labels: { background: 0, bar: 1 },
  numTraining: 2,
  file_ending: '.nii.gz',
});

/** The foreground probability is `sure` in some voxels and 0.4 in others, elsewhere 0. */
async function writePrediction(folder: string, name: string, sure: Bar, unsure: Bar): Promise<void> {
  const foreground = Float32Array.from(barLabels([sure]), (label) => (label === 1 ? 0.9 : 0));
  barLabels([unsure]).forEach((label, i) => {
    if (label === 1) foreground[i] = 0.4;
  });
  const data = new Float32Array(2 * foreground.length);
  data.set(foreground.map((value) => 1 - value));
  data.set(foreground, foreground.length);
  await writeFileAtomic(join(folder, `${name}.npz`), encodeNpz({ probabilities: { shape: [2, ...barShape], data } }));
  await writeBars(join(folder, `${name}.nii.gz`), [sure]);
  writeFileSync(join(folder, 'summary.json'), '{}');
}

beforeAll(async () => {
  const truth = join(environment.nnUNet_preprocessed, dataset, 'gt_segmentations');
  mkdirSync(truth, { recursive: true });
  writeFileSync(join(environment.nnUNet_preprocessed, dataset, 'dataset.json'), description);
  // 'c' belongs to a fold that is not trained.
  for (const name of ['a', 'b', 'c']) await writeBars(join(truth, `${name}.nii.gz`), [[1, 2, 12]]);
  const halves = { '2d': [2, 8, 8, 12], '3d_fullres': [8, 12, 2, 8] } as const;
  for (const [configuration, [from, to, otherFrom, otherTo]] of Object.entries(halves)) {
    const model = join(environment.nnUNet_results, dataset, `nnUNetTrainer__nnUNetPlans__${configuration}`);
    for (const [fold, name] of ['a', 'b'].entries()) {
      const folder = join(model, `fold_${fold}`, 'validation');
      mkdirSync(folder, { recursive: true });
      await writePrediction(folder, name, [1, from, to], [1, otherFrom, otherTo]);
    }
    writeFileSync(join(model, 'dataset.json'), description);
    writeFileSync(join(model, 'plans.json'), JSON.stringify(tinyPlans(dataset)));
  }
});

it('finds the ensemble where it is better than either model, and says how to predict with it', async () => {
  const { lines, status } = await voxelgrad(['find-best-configuration', '7', '-f', '0', '1'], environment);
  const results = join(environment.nnUNet_results, dataset);
  const information = JSON.parse(readFileSync(join(results, 'inference_information.json'), 'utf8'));
  const name = 'ensemble___nnUNetTrainer__nnUNetPlans__2d___nnUNetTrainer__nnUNetPlans__3d_fullres___0_1';
  expect(information.all_results).toEqual({
    nnUNetTrainer__nnUNetPlans__2d: 12 / 16,
    nnUNetTrainer__nnUNetPlans__3d_fullres: 8 / 14,
    [name]: 1,
  });
  const [plane, space] = ['2d', '3d_fullres'].map((configuration) => ({ configuration, trainer: 'nnUNetTrainer' }));
  expect(information.considered_models).toEqual([plane, space].map((model) => ({ ...model, plans: 'nnUNetPlans' })));
  expect(information.best_model_or_ensemble.selected_model_or_models).toEqual(
    [plane, space].map((model) => ({ ...model, plans_identifier: 'nnUNetPlans' })),
  );
  expect(information.best_model_or_ensemble.some_plans_file).toBe(join(results, 'ensembles', name, 'plans.json'));
  expect(lines.join('\n')).toMatch(/^2d \+ 3d_fullres +1\.000$/m);
  expect(lines.join('\n')).toMatch(/^3d_fullres +0\.571$/m);
  for (const step of [
    'scoring 2d  2/2',
    'averaging 2d + 3d_fullres  2/2',
    'postprocessing 2d + 3d_fullres, candidate 1',
  ])
    expect(status).toContain(`${step}  `);
  const text = readFileSync(join(results, 'inference_instructions.txt'), 'utf8');
  expect(lines.join('\n')).toContain(text);
  expect(text).toContain('-c 2d -tr nnUNetTrainer -p nnUNetPlans -f 0 1 --save-probabilities');
  expect(text).toContain('voxelgrad ensemble -i OUTPUT_FOLDER_2d OUTPUT_FOLDER_3d_fullres -o OUTPUT_FOLDER');
  const ensembled = await readImageFile(join(results, 'ensembles', name, 'a.nii.gz'));
  expect(Array.from(ensembled.data)).toEqual(Array.from(barLabels([[1, 2, 12]])));
});

it('ensembles models whose folds hold other cases, and takes the first named of equals', async () => {
  const results = join(root, 'other-splits');
  const models = join(results, dataset);
  cpSync(join(environment.nnUNet_results, dataset), models, { recursive: true });
  const folds = [0, 1].map((fold) => join(models, 'nnUNetTrainer__nnUNetPlans__3d_fullres', `fold_${fold}`));
  for (const [from, to] of [
    [folds[0]!, 'aside'],
    [folds[1]!, folds[0]!],
    ['aside', folds[1]!],
  ] as const)
    renameSync(from === 'aside' ? join(models, from) : from, to === 'aside' ? join(models, to) : to);
  const name = 'ensemble___nnUNetTrainer__nnUNetPlans__3d_fullres___nnUNetTrainer__nnUNetPlans__2d___0_1';
  const find = (...words: string[]) =>
    voxelgrad(['find-best-configuration', '7', '-f', '0', '1', ...words, '--results', results], environment);
  await find('-c', '3d_fullres', '2d');
  const information = () => JSON.parse(readFileSync(join(models, 'inference_information.json'), 'utf8'));
  expect(information().all_results[name]).toBe(1);

  // An equal of the best single model, which stands before it in the alphabet and behind it in the list.
  const [twin, first] = ['2c', '2d'].map((configuration) => `nnUNetTrainer__nnUNetPlans__${configuration}`);
  cpSync(join(models, first!), join(models, twin!), { recursive: true });
  await find('-c', '2d', '2c', '--disable_ensembling');
  expect(information().best_model_or_ensemble.selected_model_or_models[0].configuration).toBe('2d');
});

it('says which models are left out, since they are trained in part', async () => {
  const results = join(root, 'in-part');
  cpSync(join(environment.nnUNet_results, dataset), join(results, dataset), { recursive: true });
  const part = 'nnUNetTrainer__nnUNetPlans__3d_fullres';
  rmSync(join(results, dataset, part, 'fold_1'), { recursive: true });
  const words = ['find-best-configuration', '7', '-f', '0', '1', '--results', results, '--no-progress'];
  const { status } = await voxelgrad(words, environment);
  expect(status).toBe(`left out: ${part}, validated on fold 0 only (-f 0 takes it in)\n`);
});

it('tells before it begins that probabilities are missing, and does without them', async () => {
  const results = join(root, 'without-npz');
  cpSync(join(environment.nnUNet_results, dataset), join(results, dataset), { recursive: true });
  const model = join(results, dataset, 'nnUNetTrainer__nnUNetPlans__3d_fullres');
  rmSync(join(model, 'fold_1', 'validation', 'b.npz'));
  rmSync(join(model, 'crossval_results_folds_0_1'), { recursive: true, force: true });
  const words = ['find-best-configuration', '7', '-f', '0', '1', '--results', results];
  await expect(voxelgrad(words, environment)).rejects.toThrow(
    /expected b\.npz, as .*--val --npz.*--disable_ensembling/s,
  );
  expect(existsSync(join(model, 'crossval_results_folds_0_1'))).toBe(false);
  const { lines } = await voxelgrad([...words, '--disable_ensembling'], environment);
  expect(lines.join('\n')).toMatch(/^2d +0\.750$/m);
});

it('names a model by what tells it from the others', () => {
  const one = { trainer: 'A', plans: 'P', configuration: '2d' };
  const nameOf = shortNames([one, { ...one, trainer: 'B' }, { ...one, configuration: '3d_fullres' }]);
  expect(nameOf([one])).toBe('A__2d');
  expect(shortNames([one, { ...one, configuration: '3d_lowres' }])([one])).toBe('2d');
  expect(shortNames([one, { ...one, plans: 'Q' }])([one, { ...one, plans: 'Q' }])).toBe('P__2d + Q__2d');
});

it('takes a single model where ensembles are left out', async () => {
  await voxelgrad(['find-best-configuration', '7', '-f', '0', '1', '--disable_ensembling'], environment);
  const text = readFileSync(join(environment.nnUNet_results, dataset, 'inference_instructions.txt'), 'utf8');
  expect(text).toMatch(/^Best in cross-validation: nnUNetTrainer__nnUNetPlans__2d\n/);
});

it('ensembles probabilities that lie as the reader turned images, on the grid of the files', async () => {
  const folder = join(root, 'turned');
  mkdirSync(folder);
  await writePrediction(folder, 'a', [1, 2, 8], [1, 2, 8]);
  // In RAS these images run the other way along x and y; along y they are symmetric.
  const lain = Float32Array.from(barLabels([[1, 2, 8]]));
  const turned = lain.map((_, i) => lain[24 * Math.floor(i / 24) + 23 - (i % 24)]!);
  const data = Float32Array.from([...turned.map((value) => 1 - value), ...turned]);
  await writeFileAtomic(join(folder, 'a.npz'), encodeNpz({ probabilities: { shape: [2, ...barShape], data } }));
  writeFileSync(join(folder, 'dataset.json'), description);
  const plans = { ...tinyPlans(dataset), image_reader_writer: 'NibabelIOWithReorient' };
  writeFileSync(join(folder, 'plans.json'), JSON.stringify(plans));
  await voxelgrad(['ensemble', '-i', folder, folder, '-o', join(root, 'straight')]);
  const { data: labels } = await readImageFile(join(root, 'straight', 'a.nii.gz'));
  expect(Array.from(labels)).toEqual(Array.from(barLabels([[1, 2, 8]])));
});

it('makes nothing again where it is told not to overwrite', async () => {
  const results = join(environment.nnUNet_results, dataset);
  const name = 'ensemble___nnUNetTrainer__nnUNetPlans__2d___nnUNetTrainer__nnUNetPlans__3d_fullres___0_1';
  const merged = join(results, 'nnUNetTrainer__nnUNetPlans__2d', 'crossval_results_folds_0_1', 'b.nii.gz');
  const ensembled = join(results, 'ensembles', name, 'a.nii.gz');
  // What a run before left differs from what would be made now, so that a file made again is seen.
  for (const file of [merged, ensembled]) await writeBars(file, [[1, 2, 4]]);
  const find = (...words: string[]) =>
    voxelgrad(['find-best-configuration', '7', '-f', '0', '1', ...words], environment);
  const labels = async (file: string) => Array.from((await readImageFile(file)).data);
  await find('--no_overwrite');
  for (const file of [merged, ensembled]) expect(await labels(file)).toEqual(Array.from(barLabels([[1, 2, 4]])));
  const { status } = await find('-np', '4');
  expect(status).toContain('-np has no effect');
  for (const file of [merged, ensembled]) expect(await labels(file)).not.toEqual(Array.from(barLabels([[1, 2, 4]])));
});

it('merges into no folder that holds something else', async () => {
  const words = ['accumulate-crossval', '7', '-c', '2d', '-f', '0', '1', '-o'];
  await expect(voxelgrad([...words, environment.nnUNet_preprocessed], environment)).rejects.toThrow(/an empty folder/);
  expect(existsSync(join(environment.nnUNet_preprocessed, dataset))).toBe(true);
  await voxelgrad([...words, join(root, 'merged')], environment);
  expect(existsSync(join(root, 'merged', 'summary.json'))).toBe(true);
});

it('accumulates the folds of one model', async () => {
  const { lines } = await voxelgrad(['accumulate-crossval', '7', '-c', '2d', '-f', '0', '1'], environment);
  expect(lines[0]).toBe('2 cases, mean Dice 0.750');
});

it('names what is not trained', async () => {
  await expect(voxelgrad(['find-best-configuration', '7'], environment)).rejects.toThrow(/folds 0, 1, 2, 3, 4/);
  await expect(voxelgrad(['accumulate-crossval', '7', '-c', '2d', '-f', '3'], environment)).rejects.toThrow(/fold_3/);
  await expect(voxelgrad(['find-best-configuration', '7', '-c', '3d_lowres', '-f', '0'], environment)).rejects.toThrow(
    /expected a trained model/,
  );
});

it('merges TIFFs with their spacing, which lies in a file of its own', async () => {
  const results = join(root, 'stacks');
  const preprocessed = join(root, 'preprocessed-stacks');
  const truth = join(preprocessed, dataset, 'gt_segmentations');
  mkdirSync(truth, { recursive: true });
  writeFileSync(join(preprocessed, dataset, 'dataset.json'), description.replace('.nii.gz', '.tif'));
  const model = join(results, dataset, 'nnUNetTrainer__nnUNetPlans__2d');
  const stack = async (folder: string, name: string) => {
    mkdirSync(folder, { recursive: true });
    await writeBars(join(folder, `${name}.tif`), [[1, 2, 12]]);
    writeFileSync(join(folder, `${name}.json`), JSON.stringify({ spacing: [3, 2, 1] }));
    writeFileSync(join(folder, 'summary.json'), '{}');
  };
  for (const [fold, name] of ['a', 'b'].entries()) {
    await stack(join(model, `fold_${fold}`, 'validation'), name);
    await stack(truth, name);
  }
  writeFileSync(join(model, 'dataset.json'), description.replace('.nii.gz', '.tif'));
  writeFileSync(join(model, 'plans.json'), JSON.stringify(tinyPlans(dataset)));
  const words = ['find-best-configuration', '7', '-c', '2d', '-f', '0', '1'];
  await voxelgrad([...words, '--results', results, '--preprocessed', preprocessed]);
  for (const folder of ['.', 'postprocessed'])
    for (const name of ['a.tif', 'b.tif'])
      expect((await readImageFile(join(model, 'crossval_results_folds_0_1', folder, name))).spacing).toEqual([3, 2, 1]);
});
