/** A model exported here and installed elsewhere is the same model; a ZIP that is none is refused before a file is written. */
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeZip, withData } from '@voxelgrad/io';
import { readImageFile, writeFileAtomic, writeImageFile, writePhantomFiles } from '@voxelgrad/io/node';
import { afterAll, expect, it } from 'vitest';
import { voxelgrad } from './command.testing.ts';

const root = mkdtempSync(join(tmpdir(), 'voxelgrad-exchange-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const [here, there] = ['here', 'there'].map((name) => join(root, name)) as [string, string];
const model = 'Dataset004_Hippocampus/nnUNetTrainer__nnUNetPlans__3d_fullres';
const zip = join(root, 'model.zip');

it('packs what a model is, and unpacks it to the byte', async () => {
  const files = {
    'plans.json': '{"plans_name": "nnUNetPlans"}',
    'dataset.json': '{}',
    'fold_0/checkpoint_final.pth': 'weights'.repeat(100),
    'fold_0/progress.png': 'png',
    'fold_0/checkpoint_latest.safetensors': 'only to go on with',
    'fold_0/validation/summary.json': '{}',
    'fold_0/validation/case.nii.gz': 'a prediction',
    'fold_0/validation/case.npz': 'probabilities',
    'fold_0/validation/case.pkl': 'their place',
    'crossval_results_folds_0/postprocessing.json': '{}',
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(here, model, name, '..'), { recursive: true });
    writeFileSync(join(here, model, name), text);
  }
  writeFileSync(join(here, 'Dataset004_Hippocampus', 'inference_instructions.txt'), 'how to');
  await voxelgrad(['export-model', '4', '-f', '0', '-o', zip, '--results', here]);
  mkdirSync(there);
  const { lines } = await voxelgrad(['install-model', zip, '--results', there]);
  expect(lines).toEqual([join(there, model)]);
  for (const [name, text] of Object.entries(files)) {
    const packed = !/latest|case\./.test(name);
    expect(existsSync(join(there, model, name)), name).toBe(packed);
    if (packed) expect(readFileSync(join(there, model, name), 'utf8')).toBe(text);
  }
  expect(existsSync(join(there, 'Dataset004_Hippocampus', 'inference_instructions.txt'))).toBe(true);
  await expect(voxelgrad(['install-model', zip, '--results', there])).rejects.toThrow(/--overwrite/);
  await voxelgrad(['install-model', zip, '--results', there, '--overwrite']);
});

it('packs what is there where it need not be all, and predictions on request', async () => {
  const path = join(root, 'partly.zip');
  const { lines } = await voxelgrad([
    ...['export-model', '-d', '4', '-c', '2d', '3d_fullres', '-f', '0', '1', '-o', path, '--results', here],
    ...['--not_strict', '--exp_cv_preds'],
  ]);
  expect(lines[0]).toMatch(/ of 3d_fullres$/);
  const elsewhere = join(root, 'elsewhere');
  mkdirSync(elsewhere);
  await voxelgrad(['install-model', path, '--results', elsewhere]);
  const validation = join(elsewhere, model, 'fold_0', 'validation');
  expect(readdirSync(validation).sort()).toEqual(['case.nii.gz', 'summary.json']);
  expect(existsSync(join(elsewhere, model, 'fold_1'))).toBe(false);
  const none = ['export-model', '4', '-c', '2d', '-o', path, '--results', here, '--not_strict'];
  await expect(voxelgrad(none)).rejects.toThrow(/expected a trained model/);
  await expect(voxelgrad(['export-model', '4', '-d', '4', '-o', path])).rejects.toThrow(/number or name, once/);
  await expect(voxelgrad(['export-model', '-o', path])).rejects.toThrow(/number or name, once.*got none/);
});

it('refuses folds that are not trained', async () => {
  const other = ['export-model', '4', '-c', '2d', '-f', '0', '-o', join(root, 'x.zip'), '--results', here];
  await expect(voxelgrad(other)).rejects.toThrow(/__2d: expected a trained model.*\nhelp: Trained are .*__3d_fullres/);
  const words = ['export-model', '4', '-c', '3d_fullres', '-o', join(root, 'x.zip'), '--results', here];
  await expect(voxelgrad([...words, '-f', '1'])).rejects.toThrow(/fold_1.*checkpoint_final\.pth/);
  await expect(voxelgrad([...words, '-f', '0', '-chk', 'checkpoint_best.pth'])).rejects.toThrow(/checkpoint_best/);
});

it.each([
  ['leaves the folder', `${model}/../../../escaped.txt`],
  ['is absolute', '/tmp/escaped.txt'],
  ['is of no data set', 'notes.txt'],
])('refuses a ZIP with a file that %s', async (_, name) => {
  const bytes = new TextEncoder().encode('x');
  const members = [`${model}/plans.json`, `${model}/fold_0/checkpoint_final.pth`, name];
  const path = join(root, 'odd.zip');
  await writeFileAtomic(path, encodeZip(members.map((member) => ({ name: member, bytes }))));
  const empty = join(root, 'empty');
  mkdirSync(empty, { recursive: true });
  await expect(voxelgrad(['install-model', path, '--results', empty])).rejects.toThrow(/odd\.zip/);
  expect(readdirSync(empty)).toEqual([]);
});

it('draws the cases of a data set', async () => {
  const phantoms = join(root, 'phantoms');
  await writePhantomFiles(phantoms, { cases: 2, seed: 1, shape: [16, 20, 18] });
  const output = join(root, 'overlays');
  await voxelgrad(['plot-overlays', phantoms, '-o', output]);
  expect(readdirSync(output)).toHaveLength(2);
  await expect(voxelgrad(['plot-overlays', phantoms, '-o', output, '--channel', '9'])).rejects.toThrow(/0 to 3/);

  const [first, second] = readdirSync(output).sort() as [string, string];
  const predictions = join(root, 'some-predictions');
  mkdirSync(predictions);
  const both = ['plot-overlays', phantoms, '-o', join(root, 'both'), '--predictions', predictions];
  await expect(voxelgrad(both)).rejects.toThrow(/expected predictions of training cases of phantoms: .*, got none/);
  const name = first.replace('.png', '');
  cpSync(join(phantoms, name, `${name}-seg.nii.gz`), join(predictions, `${name}.nii.gz`));
  await voxelgrad(both);
  const [drawn, plain] = ['both', 'overlays'].map((folder) => (file: string) => readFileSync(join(root, folder, file)));
  expect(drawn!(first)).not.toEqual(plain!(first));
  expect(drawn!(second)).toEqual(plain!(second));
});

it('draws photographs as they lie in their files', async () => {
  const place = join(root, 'photographs');
  for (const folder of ['imagesTr', 'labelsTr']) mkdirSync(join(place, folder), { recursive: true });
  const description = {
    channel_names: { 0: 'grey' },
    labels: { background: 0, left: 1 },
    numTraining: 1,
    file_ending: '.png',
  };
  writeFileSync(join(place, 'dataset.json'), JSON.stringify(description));
  const geometry = { spacing: [1, 1, 1], affine: [1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 0, 0, 1] } as const;
  const left = Uint8Array.from({ length: 600 }, (_, pixel) => Number(pixel % 30 < 15));
  await writeImageFile(join(place, 'labelsTr', 'a.png'), withData(geometry, [1, 20, 30], left));
  const grey = left.map((label, pixel) => 20 + 200 * label + (pixel % 20));
  await writeImageFile(join(place, 'imagesTr', 'a_0000.png'), withData(geometry, [1, 20, 30], grey));
  const output = join(root, 'drawn-photographs');
  await voxelgrad(['plot-overlays', place, '-o', output]);
  const { shape, data } = await readImageFile(join(output, 'a.png'));
  // One panel, 430 pixels high, between margins of 20.
  const width = Math.round(30 * (430 / 20)) + 40;
  expect(shape.at(-1)).toBe(width);
  const row = data.subarray(300 * width, 301 * width);
  expect(row[20 + 100]).toBeGreaterThan(200);
  expect(row[width - 120]).toBeLessThan(60);
});
