/** A fold trained through the command, from a store of tiny cases: files, resuming with the same bits, patience, a time budget, 2-D, regions. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseLabels, readNpz, readTorchFile, readTorchTensor, type TorchTensor } from '@voxelgrad/io';
import { openFile, openFolder, readImageFile } from '@voxelgrad/io/node';
import { openDevice } from '@voxelgrad/tensor/node';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { voxelgrad } from '../command/command.testing.ts';
import { parseSummary } from '../evaluate/summary.ts';
import { openModel } from '../model-folder/open-model.ts';
import { parsePlans } from '../plan/parse-plans.ts';
import { decisionOn } from '../select/probabilities.ts';
import { openFold, openPreprocessed } from './node/preprocessed.ts';
import { trainFold } from './node/train-fold.ts';
import { tinyDataset, tinyDescription, writeTinyDataSet } from './tiny-data-set.testing.ts';
import { officialTrainerName, trainerSettings } from './trainer-settings.ts';

const root = mkdtempSync(join(tmpdir(), 'voxelgrad-fold-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const environment = { nnUNet_preprocessed: join(root, 'preprocessed'), nnUNet_results: join(root, 'results') };
const folder = join(environment.nnUNet_preprocessed, tinyDataset);

beforeAll(() => writeTinyDataSet(environment.nnUNet_preprocessed));

const quick = ['--epochs', '3', '--iterations', '4', '--validation-iterations', '2', '--device', 'cpu'];
const adam = ['-tr', 'voxelgradTrainerAdam', '--learning-rate', '0.01'];
const train = (words: readonly string[]) => voxelgrad(['train', '9', ...words, ...quick, ...adam], environment);
const foldFolder = (configuration: string, fold: string): string =>
  join(environment.nnUNet_results, tinyDataset, `voxelgradTrainerAdam__nnUNetPlans__${configuration}`, `fold_${fold}`);
const log = (place: string): { trainingLoss: number; seconds: number }[] =>
  readFileSync(join(place, 'training_log.jsonl'), 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));

describe('voxelgrad train', () => {
  it('learns and leaves what nnU-Net leaves', async () => {
    const { lines } = await train(['3d_fullres', '0']);
    expect(lines.join('\n')).toMatch(/finished: 12 iterations/);
    const place = foldFolder('3d_fullres', '0');
    expect(log(place).map(({ trainingLoss }) => trainingLoss)).toHaveLength(3);
    expect(log(place).at(-1)!.trainingLoss).toBeLessThan(log(place)[0]!.trainingLoss);
    for (const file of ['progress.png', '../plans.json', '../dataset.json', '../dataset_fingerprint.json'])
      expect(existsSync(join(place, file))).toBe(true);
    const debug = JSON.parse(readFileSync(join(place, 'debug.json'), 'utf8'));
    expect(debug).toMatchObject({ fold: '0', num_epochs: '3', network: 'PlainConvUNet', is_cascaded: 'False' });
    expect(debug.log_file).toMatch(/training_log_\d{4}(_\d\d?){2}(_\d\d){3}\.txt$/);
    const text = readFileSync(debug.log_file, 'utf8');
    const losses = [...text.matchAll(/^\d{4}-\d\d-\d\d [\d:]{8}\.\d{6}: train_loss (\S+) $/gm)].map(([, loss]) =>
      Number(loss),
    );
    for (const [epoch, { trainingLoss }] of log(place).entries()) expect(losses[epoch]).toBeCloseTo(trainingLoss, 4);
    expect(text).toMatch(/Epoch 2 \n.*Current learning rate: [\d.]+ \n(.*\n)*.*Training done\./);
    expect(text).toMatch(/Mean Validation Dice: {2}[\d.]+/);
    const summary = parseSummary(readFileSync(join(place, 'validation', 'summary.json'), 'utf8'));
    expect(summary.metric_per_case).toHaveLength(2);
    expect(lines.join('\n')).toMatch(/mean of 2/);
    const splits = JSON.parse(readFileSync(join(folder, 'splits_final.json'), 'utf8'));
    expect(splits).toHaveLength(5);
    parsePlans(readFileSync(join(place, '../plans.json'), 'utf8'));
  });

  it.each(['nnUNetTrainerBenchmark_5epochs', 'nnUNetTrainerBenchmark_5epochs_noDataLoading'])(
    'measures epochs as %s, and leaves nothing else to train or predict with',
    async (name) => {
      const run = (fold: string, ...more: string[]) =>
        voxelgrad(['train', '9', '3d_fullres', fold, ...quick, '-tr', name, ...more], environment);
      const { lines } = await run('0');
      expect(lines.join('\n')).toMatch(/^fastest epoch: [\d.]+ s$/m);
      const model = `${name}__nnUNetPlans__3d_fullres`;
      const place = join(environment.nnUNet_results, tinyDataset, model, 'fold_0');
      const [result] = Object.values(JSON.parse(readFileSync(join(place, 'benchmark_result.json'), 'utf8'))) as [
        object,
      ];
      expect(result).toMatchObject({
        fastest_epoch: Math.min(...log(place).map(({ seconds }) => seconds)),
        world_size: 1,
      });
      expect(readdirSync(place).filter((file) => /checkpoint|validation/.test(file))).toEqual([]);
      await expect(run('1')).rejects.toThrow(/expected fold 0, from the beginning, without validation, got fold 1/);
      await expect(run('0', '-c')).rejects.toThrow(/got -c/);
    },
  );

  it('trains batch norms, keeps their running statistics under the official names, and predicts by them', async () => {
    const name = 'nnUNetTrainerBN';
    const { lines } = await voxelgrad(['train', '9', '3d_fullres', '0', ...quick, '-tr', name], environment);
    const { foreground_mean } = parseSummary(
      readFileSync(
        join(
          environment.nnUNet_results,
          tinyDataset,
          `${name}__nnUNetPlans__3d_fullres/fold_0/validation/summary.json`,
        ),
        'utf8',
      ),
    );
    expect(lines.join('\n')).toMatch(/finished: 12 iterations/);
    const model = await openModel(
      await openFolder(join(environment.nnUNet_results, tinyDataset, `${name}__nnUNetPlans__3d_fullres`)),
    );
    expect(model.trainer).toBe(name);
    const checkpoint = await openFile(`${model.location.path}/fold_0/checkpoint_final.pth`);
    const weights = ((await readTorchFile(checkpoint)) as Map<string, Map<string, TorchTensor>>).get(
      'network_weights',
    )!;
    const block = 'encoder.stages.1.0.convs.0';
    const fields = ['weight', 'bias', 'running_mean', 'running_var', 'num_batches_tracked'];
    expect([...weights.keys()].filter((key) => key.startsWith(block))).toEqual([
      `${block}.conv.weight`,
      `${block}.conv.bias`,
      ...fields.map((field) => `${block}.norm.${field}`),
      `${block}.all_modules.0.weight`,
      `${block}.all_modules.0.bias`,
      ...fields.map((field) => `${block}.all_modules.1.${field}`),
    ]);
    const counted = weights.get(`decoder.${block}.all_modules.1.num_batches_tracked`)!;
    expect([counted.dtype, counted.shape]).toEqual(['i64', []]);
    // Each of twelve training batches once; validation does not count.
    expect(Number((await readTorchTensor(counted))[0])).toBe(12);
    // What is opened again is what was validated.
    await voxelgrad(['train', '9', '3d_fullres', '0', ...quick, '-tr', name, '--val'], environment);
    const again = parseSummary(readFileSync(`${model.location.path}/fold_0/validation/summary.json`, 'utf8'));
    expect(again.foreground_mean).toEqual(foreground_mean);
  });

  it('goes on after an interruption with the same losses as without one', async () => {
    const whole = log(foldFolder('3d_fullres', '0')).map(({ trainingLoss }) => trainingLoss);
    rmSync(foldFolder('3d_fullres', '0'), { recursive: true });
    const dataSet = await openPreprocessed(folder, 'nnUNetPlans');
    const device = await openDevice('cpu');
    const stop = new AbortController();
    let iterations = 0;
    const { end } = await trainFold({
      dataSet,
      cases: await openFold(dataSet, '3d_fullres', 0),
      trainer: {
        ...trainerSettings('voxelgradTrainerAdam'),
        epochs: 3,
        iterationsPerEpoch: 4,
        validationIterations: 2,
        learningRate: 0.01,
      },
      title: 'interrupted',
      folder: foldFolder('3d_fullres', '0'),
      device,
      seed: 1,
      resume: false,
      save: async () => undefined,
      signal: stop.signal,
      onIteration: () => {
        if (++iterations === 6) stop.abort();
      },
    });
    await device.close();
    expect(end).toBe('interrupted');
    await train(['3d_fullres', '0', '-c']);
    expect(log(foldFolder('3d_fullres', '0')).map(({ trainingLoss }) => trainingLoss)).toEqual(whole);
    const { lines, status } = await train(['3d_fullres', '0', '-c']);
    expect(lines).toContain('trained to its end already; more --epochs would train on');
    expect(status).not.toContain('training');
    expect(log(foldFolder('3d_fullres', '0')).map(({ trainingLoss }) => trainingLoss)).toEqual(whole);
  });

  it("keeps nnU-Net's latest checkpoint while it runs, and no longer", async () => {
    const dataSet = await openPreprocessed(folder, 'nnUNetPlans');
    const device = await openDevice('cpu');
    const place = join(root, 'long');
    const saved: string[] = [];
    const stop = new AbortController();
    const run = async (resume: boolean, signal: AbortSignal) =>
      trainFold({
        dataSet,
        cases: await openFold(dataSet, '2d', 0),
        trainer: {
          ...trainerSettings('voxelgradTrainerAdam_101epochs'),
          iterationsPerEpoch: 1,
          validationIterations: 0,
        },
        title: 'long',
        folder: place,
        device,
        seed: 1,
        resume,
        save: async (which, { history }) => {
          saved.push(`${which} ${history.epochs.length}`);
          writeFileSync(join(place, `checkpoint_${which}.pth`), '');
        },
        signal,
        onEpoch: ({ epochs }) => {
          if (!resume && epochs.length === 60) stop.abort();
        },
      });
    await run(false, stop.signal);
    expect(saved).toEqual(['latest 50']);
    expect(existsSync(join(place, 'checkpoint_latest.pth'))).toBe(true);
    await run(true, new AbortController().signal);
    await device.close();
    expect(saved).toEqual(['latest 50', 'latest 100', 'final 101']);
    expect(existsSync(join(place, 'checkpoint_latest.pth'))).toBe(false);
  });

  it('validates again, with probabilities, without training', async () => {
    const place = foldFolder('3d_fullres', '0');
    const before = readFileSync(join(place, 'validation', 'summary.json'), 'utf8');
    rmSync(join(place, 'validation'), { recursive: true });
    await train(['3d_fullres', '0', '--val', '--npz']);
    expect(readFileSync(join(place, 'validation', 'summary.json'), 'utf8')).toBe(before);
    const [first] = parseSummary(before).metric_per_case;
    const npz = first!.prediction_file.replace('.nii.gz', '.npz');
    const { shape, data } = await readNpz(await openFile(npz), 'probabilities');
    expect(shape).toEqual([3, 12, 12, 12]);
    expect(existsSync(npz.replace('.npz', '.pkl'))).toBe(true);
    const segmentation = await readImageFile(first!.prediction_file);
    const labels = parseLabels({ background: 0, shell: 1, core: 2 }, undefined, 'test');
    const decision = decisionOn(shape, labels);
    for (const channel of [0, 1, 2])
      decision.add({
        channel,
        start: 0,
        values: (data as Float32Array).subarray(channel * 12 ** 3, (channel + 1) * 12 ** 3),
      });
    expect(decision.segmentation()).toEqual(segmentation.data);
    await train(['3d_fullres', '0', '--val-best']);
    await expect(train(['2d', '4', '--val'])).rejects.toThrow(
      /fold_4: expected checkpoint_final\.pth, got no such folder/,
    );
    expect(existsSync(foldFolder('2d', '4'))).toBe(false);
  });

  it('starts from the weights of another model, but for its output layers', async () => {
    const pretrained = join(foldFolder('3d_fullres', '0'), 'checkpoint_final.pth');
    const model = await openModel(await openFolder(join(foldFolder('3d_fullres', '0'), '..')));
    expect([model.trainer, model.folds, model.mirrorAxes]).toEqual(['voxelgradTrainerAdam', [0], [0, 1, 2]]);
    const firstLoss = (fold: string): number => log(foldFolder('3d_fullres', fold))[0]!.trainingLoss;
    await train(['3d_fullres', '3']);
    const fresh = firstLoss('3');
    await train(['3d_fullres', '3', '-pretrained_weights', pretrained]);
    expect(firstLoss('3')).toBeLessThan(fresh);
  });

  it('goes on with what nnU-Net trained in the folder, whose checkpoints are all there is', async () => {
    const place = foldFolder('3d_fullres', '0');
    const before = log(place);
    for (const file of ['checkpoint_latest.safetensors', 'checkpoint_best.pth']) rmSync(join(place, file));
    const { lines } = await train(['3d_fullres', '0', '-c']);
    expect(lines.join('\n')).toMatch(/finished: 12 iterations/);
    const weights = readFileSync(join(place, 'checkpoint_final.pth'));
    rmSync(join(place, 'checkpoint_latest.safetensors'));
    await voxelgrad(['train', '9', '3d_fullres', '0', '-c', ...quick.with(1, '4'), ...adam], environment);
    expect(
      log(place)
        .map(({ trainingLoss }) => trainingLoss)
        .slice(0, 3),
    ).toEqual(before.map(({ trainingLoss }) => trainingLoss));
    expect(log(place)).toHaveLength(4);
    expect(readFileSync(join(place, 'checkpoint_final.pth'))).not.toEqual(weights);
    await train(['3d_fullres', '0']);
  });

  it('names a trainer in checkpoints that nnU-Net has', async () => {
    const checkpoint = await readTorchFile(await openFile(join(foldFolder('3d_fullres', '0'), 'checkpoint_final.pth')));
    expect((checkpoint as Map<unknown, unknown>).get('trainer_name')).toBe('nnUNetTrainer');
    const kept = ['nnUNetTrainerNoMirroring', 'nnUNetTrainer_250epochs', 'nnUNetTrainer'];
    expect(kept.map(officialTrainerName)).toEqual(kept);
    for (const name of ['voxelgradTrainerAdam', 'nnUNetTrainer_12epochs', 'nnUNetTrainerNoDA_50epochs'])
      expect(officialTrainerName(name)).toBe('nnUNetTrainer');
  });

  it('refuses to go on with other settings', async () => {
    await expect(train(['3d_fullres', '0', '-c', '--seed', '7'])).rejects.toThrow(/belongs to another run/);
  });

  it('stops when its time is over, in the midst of an epoch, and goes on there', async () => {
    const { lines } = await train(['3d_fullres', '1', '--time-budget', '0.00001']);
    expect(lines.join('\n')).toMatch(/finished: 2 iterations/);
    // nnU-Net, which knows whole epochs only, would begin this one again.
    const saved = await readTorchFile(await openFile(join(foldFolder('3d_fullres', '1'), 'checkpoint_final.pth')));
    expect((saved as Map<unknown, unknown>).get('current_epoch')).toBe(0);
    const again = await train(['3d_fullres', '1', '--time-budget', '0.00001', '-c']);
    expect(again.lines.join('\n')).toMatch(/finished: 2 iterations/);
    await train(['3d_fullres', '1', '-c']);
    const resumed = log(foldFolder('3d_fullres', '1')).map(({ trainingLoss }) => trainingLoss);
    await train(['3d_fullres', '1']);
    expect(log(foldFolder('3d_fullres', '1')).map(({ trainingLoss }) => trainingLoss)).toEqual(resumed);
  });

  it('learns from batches in parts: the same where the loss is a mean over samples, which batch Dice is not', async () => {
    const lossOf = async (words: readonly string[]): Promise<number> => {
      await train(['3d_fullres', '1', ...words]);
      return log(foldFolder('3d_fullres', '1'))[0]!.trainingLoss;
    };
    expect(await lossOf(['--loss', 'ce', '--accumulate', '2'])).toBeCloseTo(await lossOf(['--loss', 'ce']), 5);
    const whole = await lossOf(['--loss', 'dice']);
    expect(Math.abs((await lossOf(['--loss', 'dice', '--accumulate', '2'])) - whole)).toBeGreaterThan(1e-4);
    await expect(train(['3d_fullres', '1', '--loss', 'dice', '-c'])).rejects.toThrow(/belongs to another run/);
    await train(['3d_fullres', '1', '--loss', 'dice', '-c', '--accumulate', '2']);
  });

  it('trains in the plane', async () => {
    const { lines } = await train(['2d', 'all']);
    expect(lines.join('\n')).toMatch(/patch 8 × 8, batch 2.*\n.*finished: 12 iterations/);
  });

  it('trains regions with an ignore label', async () => {
    const regions = { background: 0, whole: [1, 2], core: [2], ignore: 3 };
    writeFileSync(join(folder, 'dataset.json'), tinyDescription(regions, { regions_class_order: [1, 2] }));
    await train(['3d_fullres', '2']);
    const losses = log(foldFolder('3d_fullres', '2')).map(({ trainingLoss }) => trainingLoss);
    expect(losses.at(-1)).toBeLessThan(losses[0]!);
  });

  it('leaves no checkpoint where none is wanted, but its validation', async () => {
    const place = foldFolder('3d_fullres', '4');
    const { lines } = await train(['3d_fullres', '4', '--disable_checkpointing']);
    expect(lines.join('\n')).toMatch(/mean of 1/);
    expect(readdirSync(place).filter((name) => name.startsWith('checkpoint'))).toEqual([]);
    expect(existsSync(join(place, 'validation', 'summary.json'))).toBe(true);
    await expect(train(['3d_fullres', '4', '--disable_checkpointing', '--val_best'])).rejects.toThrow(/--val-best/);
    await expect(train(['3d_fullres', '4', '-num_gpus', '2'])).rejects.toThrow(/--num-gpus: expected 1, got 2\nhelp: /);
  });

  it('names what it does not know', async () => {
    await expect(train(['3d_lowres', '0'])).rejects.toThrow(/expected 2d, 3d_fullres, got 3d_lowres/);
    await expect(train(['3d_fullres', 'five'])).rejects.toThrow(/0, 1, 2, … or all/);
    const words = ['train', '9', '3d_fullres', '0', '-tr', 'nnUNetTrainerNoMiroring'];
    await expect(voxelgrad(words, environment)).rejects.toThrow(/Did you mean nnUNetTrainerNoMirroring/);
  });
});
