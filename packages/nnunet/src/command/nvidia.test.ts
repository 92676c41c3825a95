/** NVIDIA's recipe by commands alone: plans with a foreground channel, training with outputs scaled up, prediction, the rules of BraTS. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStoredCase, readImageFile } from '@voxelgrad/io/node';
import { afterAll, expect, it } from 'vitest';
import { voxelgrad } from './command.testing.ts';
import { writeRawPhantoms } from './raw-phantoms.testing.ts';

const root = mkdtempSync(join(tmpdir(), 'voxelgrad-nvidia-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const environment = Object.fromEntries(
  ['raw', 'preprocessed', 'results'].map((name) => [`nnUNet_${name}`, join(root, name)]),
);
const run = (...words: string[]) => voxelgrad(words, environment);

it('plans, trains and predicts with regions', async () => {
  const raw = join(root, 'raw', 'Dataset007_Phantom');
  await writeRawPhantoms(raw, 5);
  const json = JSON.parse(readFileSync(join(raw, 'dataset.json'), 'utf8'));
  const labels = { background: 0, whole: [1, 2, 3], core: [1, 3], enhancing: [3] };
  writeFileSync(join(raw, 'dataset.json'), JSON.stringify({ ...json, labels, regions_class_order: [2, 1, 3] }));
  const planner = ['-pl', 'voxelgradPlannerNVIDIA', '-overwrite_plans_name', 'small'];
  const network = ['--depth', '2', '--filters', '4', '6', '8', '--patch-size', '8', '16', '16', '--ohe'];
  await run('plan-and-preprocess', '-d', '7', '-c', '3d_fullres', '--no_pbar', ...planner, ...network);
  const store = join(root, 'preprocessed', 'Dataset007_Phantom', 'small_3d_fullres');
  const name = readdirSync(join(raw, 'labelsTr'))[0]!.replace('.nii.gz', '');
  const { channels, data } = await (await openStoredCase(store, name)).whole();
  expect(channels).toBe(2);
  expect(new Set(data.filter((_, i) => i % 2 === 1))).toEqual(new Set([0, 1]));

  const model = ['-tr', 'voxelgradTrainerNVIDIABraTS', '-p', 'small', '--device', 'cpu'];
  const quick = ['--epochs', '1', '--iterations', '3', '--validation-iterations', '1', '--no-progress'];
  const { lines } = await run('train', '7', '3d_fullres', '0', ...model, ...quick);
  expect(lines.join('\n')).toMatch(/finished: 3 iterations/);
  const [predicted, final] = [join(root, 'predicted'), join(root, 'final')];
  const images = join(root, 'images');
  mkdirSync(images);
  writeFileSync(join(images, 'a_0000.nii.gz'), readFileSync(join(raw, 'imagesTr', `${name}_0000.nii.gz`)));
  const more = ['-d', '7', '-c', '3d_fullres', '-f', '0', '--save_probabilities', '--no-progress'];
  await run('predict', '-i', images, '-o', predicted, ...more, ...model);
  await run('ensemble', '-i', predicted, '-o', final, '--brats', '2021', '--no-progress');
  const segmentation = await readImageFile(join(final, 'a.nii.gz'));
  expect(segmentation.shape).toEqual([18, 24, 26]);
  await expect(run('plan', '-d', '7', '--depth', '3')).rejects.toThrow(/one of NVIDIA's planners/);
  await expect(run('plan', '-d', '7', ...planner, '--fit-memory', '4')).rejects.toThrow(/planner that chooses patches/);
}, 120_000);
