/** A whole study by commands alone: from raw images to postprocessed predictions of an ensemble, with the files that nnU-Net would have made. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { parseSummary } from '../evaluate/summary.ts';
import { tinyPlans } from '../experiment/tiny-plans.testing.ts';
import { parsePlans } from '../plan/parse-plans.ts';
import { voxelgrad } from './command.testing.ts';
import { writeRawPhantoms } from './raw-phantoms.testing.ts';

const root = mkdtempSync(join(tmpdir(), 'voxelgrad-study-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));
const roots = ['raw', 'preprocessed', 'results'].map((name) => [`nnUNet_${name}`, join(root, name)] as const);
const environment = Object.fromEntries(roots);
const dataset = 'Dataset007_Phantom';
const below = (kind: string, ...path: string[]): string => join(root, kind, dataset, ...path);
const run = (...words: string[]) => voxelgrad(words, environment);

/** The planner's plans, with a network and a batch that train in seconds. */
function shrinkPlans(): void {
  const plans = parsePlans(readFileSync(below('preprocessed', 'nnUNetPlans.json'), 'utf8'));
  const small = tinyPlans(dataset).configurations;
  const configurations = Object.fromEntries(
    Object.entries(plans.configurations).map(([name, planned]) => {
      const { architecture, batch_size, patch_size } = small[name]!;
      return [name, { ...planned, architecture, batch_size, patch_size }];
    }),
  );
  writeFileSync(below('preprocessed', 'nnUNetPlans.json'), JSON.stringify({ ...plans, configurations }));
}

it('plans, trains five folds of two configurations, finds the best, predicts, postprocesses and scores', async () => {
  await writeRawPhantoms(below('raw'), 5);
  await run('plan-and-preprocess', '-d', '7', '-c', '2d', '3d_fullres', '--no_pbar');
  shrinkPlans();
  for (const configuration of ['2d', '3d_fullres'])
    for (const fold of ['0', '1', '2', '3', '4']) {
      const length = ['--epochs', '2', '--iterations', '5', '--validation-iterations', '1', '--learning-rate', '0.1'];
      await run('train', '7', configuration, fold, '--npz', '--device', 'cpu', ...length);
    }
  const { lines } = await run('find-best-configuration', '7');
  expect(lines.join('\n')).toMatch(/^2d \+ 3d_fullres {2}/m);
  const model = (configuration: string, ...path: string[]): string =>
    below('results', `nnUNetTrainer__nnUNetPlans__${configuration}`, ...path);
  const ofModel = ['plans.json', 'dataset.json', 'dataset_fingerprint.json', 'crossval_results_folds_0_1_2_3_4'];
  const ofFold = ['checkpoint_best.pth', 'checkpoint_final.pth', 'progress.png', 'validation/summary.json'];
  for (const configuration of ['2d', '3d_fullres']) {
    for (const name of ofModel) expect(existsSync(model(configuration, name)), name).toBe(true);
    for (const name of ofFold) expect(existsSync(model(configuration, 'fold_3', name)), name).toBe(true);
  }
  for (const name of ['inference_information.json', 'inference_instructions.txt', 'ensembles'])
    expect(existsSync(below('results', name)), name).toBe(true);

  const images = below('raw', 'imagesTr');
  const outputs = ['2d', '3d_fullres'].map((configuration) => join(root, `predicted_${configuration}`));
  for (const [i, configuration] of ['2d', '3d_fullres'].entries())
    await run('predict', '-i', images, '-o', outputs[i]!, '-d', '7', '-c', configuration, '--npz', '--device', 'cpu');
  const [ensemble, final] = ['ensemble', 'final'].map((name) => join(root, name)) as [string, string];
  await run('ensemble', '-i', ...outputs, '-o', ensemble);
  const information = JSON.parse(readFileSync(below('results', 'inference_information.json'), 'utf8'));
  const steps: string = information.best_model_or_ensemble.postprocessing_file;
  await run('apply-postprocessing', '-i', ensemble, '-o', final, '--steps', steps);
  await run('evaluate', below('raw', 'labelsTr'), final, '--dataset-json', below('raw', 'dataset.json'));
  expect(parseSummary(readFileSync(join(final, 'summary.json'), 'utf8')).metric_per_case).toHaveLength(5);
  expect(readdirSync(final).filter((name) => name.endsWith('.nii.gz'))).toHaveLength(5);
}, 300_000);
