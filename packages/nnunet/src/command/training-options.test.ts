/** Options of training that change how a step is computed or when it ends, and networks and labels of other kinds, each through the commands. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readTorchFile, withData } from '@voxelgrad/io';
import { openFile, openStoredCase, readImageFile, writeImageFile } from '@voxelgrad/io/node';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { parseSummary } from '../evaluate/summary.ts';
import { tinyDataset, tinyDescription, writeTinyDataSet } from '../experiment/tiny-data-set.testing.ts';
import { tinyPlans } from '../experiment/tiny-plans.testing.ts';
import { voxelgrad } from './command.testing.ts';

const root = mkdtempSync(join(tmpdir(), 'voxelgrad-options-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const environment = { nnUNet_preprocessed: join(root, 'preprocessed'), nnUNet_results: join(root, 'results') };
const dataSet = join(environment.nnUNet_preprocessed, tinyDataset);
beforeAll(() => writeTinyDataSet(environment.nnUNet_preprocessed));

const adam = 'voxelgradTrainerAdam';
const length = { '--epochs': '3', '--iterations': '4', '--learning-rate': '0.01', '--validation-iterations': '1' };
/** With other lengths than the usual ones where `changed` says so. */
const train = (changed: Partial<typeof length>, ...words: string[]) =>
  voxelgrad(
    ['train', '9', '3d_fullres', '0', '-device', 'cpu', ...Object.entries({ ...length, ...changed }).flat(), ...words],
    environment,
  );
const fold = (trainer = adam, plans = 'nnUNetPlans'): string =>
  join(environment.nnUNet_results, tinyDataset, `${trainer}__${plans}__3d_fullres`, 'fold_0');
const losses = (place = fold()): number[] =>
  readFileSync(join(place, 'training_log.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).trainingLoss);

it('gives the same bits with gradient checkpointing, and nearly the same in mixed precision', async () => {
  await train({}, '-tr', adam);
  const plain = losses();
  await train({}, '-tr', adam, '--gradient-checkpointing');
  expect(losses()).toEqual(plain);
  await train({}, '-tr', adam, '--amp');
  const half = losses();
  expect(half).not.toEqual(plain);
  for (const [epoch, loss] of half.entries()) expect(Math.abs(loss - plain[epoch]!)).toBeLessThan(0.02);
  await expect(train({}, '-tr', adam, '-c')).rejects.toThrow(/belongs to another run/);
});

it('stops when no epoch was better for long enough', async () => {
  // Nothing is learned, and validation patches differ: after the first epochs none is better than all before.
  const idle = { '--epochs': '40', '--iterations': '1', '--learning-rate': '0' };
  const { lines } = await train(idle, '-tr', adam, '--patience', '2');
  expect(lines.join('\n')).toMatch(/no epoch was better for as long as --patience says: \d+ iterations/);
  expect(losses().length).toBeLessThan(40);
});

it('trains with AMSGrad under the name of nnU-Net, and tells PyTorch so', async () => {
  await train({}, '-tr', 'nnUNetTrainerAdam1en3');
  const checkpoint = await readTorchFile(await openFile(join(fold('nnUNetTrainerAdam1en3'), 'checkpoint_final.pth')));
  const at = (value: unknown, ...keys: unknown[]): unknown =>
    keys.reduce((inner, key) => (inner as Map<unknown, unknown>).get(key), value);
  expect(at(checkpoint, 'trainer_name')).toBe('nnUNetTrainerAdam1en3');
  const [group] = at(checkpoint, 'optimizer_state', 'param_groups') as unknown[];
  expect([at(group, 'amsgrad'), at(group, 'decoupled_weight_decay')]).toEqual([true, true]);
  const state = at(checkpoint, 'optimizer_state', 'state', 0) as Map<string, unknown>;
  expect([...state.keys()]).toEqual(['step', 'exp_avg', 'exp_avg_sq', 'max_exp_avg_sq']);
});

it('trains a residual encoder, and predicts and scores regions', async () => {
  const plans = tinyPlans(tinyDataset);
  const planned = plans.configurations['3d_fullres'] as { readonly architecture: { readonly arch_kwargs: object } };
  const { n_conv_per_stage: blocks, ...shared } = planned.architecture.arch_kwargs as { n_conv_per_stage: number[] };
  const architecture = {
    ...planned.architecture,
    network_class_name: 'dynamic_network_architectures.architectures.unet.ResidualEncoderUNet',
    arch_kwargs: { ...shared, n_blocks_per_stage: blocks },
  };
  const configurations = { '3d_fullres': { ...planned, architecture } };
  const name = 'nnUNetResEncUNetMPlans';
  writeFileSync(join(dataSet, `${name}.json`), JSON.stringify({ ...plans, plans_name: name, configurations }));
  const regions = { background: 0, whole: [1, 2], core: [2] };
  writeFileSync(join(dataSet, 'dataset.json'), tinyDescription(regions, { regions_class_order: [1, 2] }));
  await train({ '--epochs': '8', '--iterations': '10' }, '-tr', adam, '-p', name, '--npz');
  const images = join(root, 'images');
  mkdirSync(images);
  for (const file of readdirSync(join(dataSet, 'gt_segmentations'))) {
    const one = file.replace('.nii.gz', '');
    const stored = await (await openStoredCase(join(dataSet, 'nnUNetPlans_3d_fullres'), one)).whole();
    const like = await readImageFile(join(dataSet, 'gt_segmentations', file));
    await writeImageFile(join(images, `${one}_0000.nii.gz`), withData(like, stored.shape, stored.data));
  }
  const output = join(root, 'predicted');
  const model = ['-d', '9', '-c', '3d_fullres', '-tr', adam, '-p', name, '-f', '0', '-device', 'cpu'];
  await voxelgrad(['predict', '-i', images, '-o', output, ...model], environment);
  const found = new Set((await readImageFile(join(output, 'ball_0.nii.gz'))).data);
  expect([...found].sort()).toEqual([0, 1, 2]);
  await voxelgrad(['evaluate', join(dataSet, 'gt_segmentations'), output, '--no-surfaces']);
  const summary = parseSummary(readFileSync(join(output, 'summary.json'), 'utf8'));
  const regionsScored = Object.keys(summary.mean);
  expect(regionsScored).toEqual(['(1, 2)', '(2,)']);
  expect(summary.foreground_mean.Dice).toBeGreaterThan(0.5);
});
