/** Models out as a ZIP and in again: what goes along, what stays behind, and archives that are none. */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { encodeZip, openZip } from '@voxelgrad/io';
import { openFile, openFolder, writeFileAtomic } from '@voxelgrad/io/node';
import { afterAll, describe, expect, it } from 'vitest';
import { encodeModelZip } from './export-model.ts';
import { installModel } from './node/install-model.ts';

const folder = mkdtempSync(join(tmpdir(), 'voxelgrad-export-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const model = 'nnUNetTrainer__nnUNetPlans__3d_fullres';
const other = 'nnUNetTrainer__nnUNetPlans__2d';
const exported = [
  `${model}/fold_0/checkpoint_final.pth`,
  `${model}/fold_0/progress.png`,
  `${model}/fold_0/validation/summary.json`,
  `${model}/fold_1/checkpoint_final.pth`,
  `${model}/crossval_results_folds_0_1/summary.json`,
  `${model}/crossval_results_folds_0_1/postprocessing.pkl`,
  `${model}/plans.json`,
  `${model}/dataset.json`,
  `${model}/dataset_fingerprint.json`,
  'inference_information.json',
];
const stays = [
  `${model}/fold_0/checkpoint_best.pth`,
  `${model}/fold_0/validation/a.nii.gz`,
  `${model}/fold_0/validation/a.npz`,
  `${model}/fold_2/checkpoint_final.pth`,
  `${other}/plans.json`,
  `ensembles/ensemble___${other}___${model}___0_1/summary.json`,
];
const dataset = join(folder, 'results/Dataset001_A');
for (const path of [...exported, ...stays]) {
  mkdirSync(dirname(join(dataset, path)), { recursive: true });
  writeFileSync(join(dataset, path), `content of ${path}`);
}

const exportTo = async (name: string, options: Partial<Parameters<typeof encodeModelZip>[1]> = {}) => {
  const zip = join(folder, name);
  await writeFileAtomic(zip, encodeModelZip(await openFolder(dataset), { models: [model], folds: [0, 1], ...options }));
  return zip;
};

describe('exported models', () => {
  it('hold what nnU-Net exports, and are installed as they were', async () => {
    const zip = await exportTo('model.zip');
    const { entries } = await openZip(await openFile(zip));
    expect([...entries.keys()]).toEqual(exported.map((path) => `Dataset001_A/${path}`));
    const results = join(folder, 'installed');
    const seen: string[] = [];
    const models = await installModel(zip, results, { onFile: (name, files) => seen.push(`${name} of ${files}`) });
    expect(models).toEqual([`Dataset001_A/${model}`]);
    expect(seen).toHaveLength(exported.length);
    for (const path of exported)
      expect(readFileSync(join(results, 'Dataset001_A', path), 'utf8')).toBe(`content of ${path}`);
    expect(readdirSync(join(results, 'Dataset001_A', model))).not.toContain('fold_2');
  });

  it('take predictions and ensembles along where they are asked for', async () => {
    const { entries } = await openZip(await openFile(await exportTo('all.zip', { predictions: true })));
    expect(entries.has(`Dataset001_A/${model}/fold_0/validation/a.nii.gz`)).toBe(true);
    expect(entries.has(`Dataset001_A/${model}/fold_0/validation/a.npz`)).toBe(false);
    writeFileSync(join(dataset, other, 'dataset.json'), '{}');
    for (const fold of [0, 1]) {
      mkdirSync(join(dataset, other, `fold_${fold}`), { recursive: true });
      writeFileSync(join(dataset, other, `fold_${fold}/checkpoint_final.pth`), 'x');
    }
    const both = await openZip(await openFile(await exportTo('both.zip', { models: [model, other] })));
    expect(both.entries.has(`Dataset001_A/${stays.at(-1)}`)).toBe(true);
  });

  it('must be whole, and archives must hold a model', async () => {
    await expect(exportTo('less.zip', { folds: [0, 3] })).rejects.toThrow(/fold_3\/checkpoint_final\.pth/);
    const zip = join(folder, 'none.zip');
    await writeFileAtomic(zip, encodeZip([{ name: 'a/readme.txt', bytes: new Uint8Array(3) }]));
    await expect(installModel(zip, join(folder, 'none'))).rejects.toThrow(/a trained model/);
    await writeFileAtomic(zip, encodeZip([{ name: '../outside', bytes: new Uint8Array(3) }]));
    await expect(installModel(zip, join(folder, 'none'))).rejects.toThrow(/stay inside/);
    await expect(
      installModel(await exportTo('big.zip'), join(folder, 'none'), { limits: { totalBytes: 10 } }),
    ).rejects.toThrow(/at most 10 bytes/);
    expect(readdirSync(folder)).not.toContain('none');
  });
});
