/** The dashboard from the training to the events that it sends: what it tells, and when it costs something. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSafetensors } from '@voxelgrad/nn';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { voxelgrad } from '../../../command/command.testing.ts';
import { runVoxelgrad } from '../../../command/dispatch.ts';
import { tinyDataset, writeTinyDataSet } from '../../../experiment/tiny-data-set.testing.ts';
import { PlainConvUNet } from '../../../networks/plain-conv-unet.ts';
import type { RunState } from '../../dashboard/messages.ts';
import { Dashboard } from './dashboard.ts';
import {
  ball,
  iterationsPerEpoch,
  openRecorded,
  openTraining,
  type RecordedTraining,
  recorded,
  run,
} from './recorded-run.testing.ts';
import { ask, eventsUntil, type SentEvent } from './requests.testing.ts';

let training: RecordedTraining;
beforeAll(async () => {
  training = await openTraining();
});
afterAll(() => training.device.close());

describe('the dashboard', () => {
  it('tells a page that comes late, as in a run that was resumed, all that was', async () => {
    const { dashboard, history } = await openRecorded(training, 7);
    const [first] = await eventsUntil(dashboard.address, 'run');
    const state = first!.data as RunState;
    expect(state.records).toEqual(history.epochs);
    expect(state.losses).toEqual(history.losses);
    expect(state.classes).toEqual(['shell', 'core']);
    expect([state.progress.done, state.progress.total]).toEqual([140, 600]);
    expect(state.progress.memory!.used).toBe(training.device.memory().usedBytes);
  });

  it('takes patches only while somebody looks', async () => {
    const { dashboard } = await openRecorded(training, 1);
    const batch = ball(training.device);
    const before = training.device.memory().peakBytes;
    for (let i = 0; i < 3; i++) dashboard.showBatch(batch);
    await training.device.synchronize();
    expect(training.device.memory().peakBytes).toBe(before);
    expect((await ask(`${dashboard.address}patch`)).status).toBe(404);
    const events = await eventsUntil(dashboard.address, 'patch', () => dashboard.showBatch(batch));
    expect(events.at(-1)).toEqual({ name: 'patch', data: { id: 1, iteration: iterationsPerEpoch } });
    const patch = await ask(`${dashboard.address}patch?channel=1`);
    expect([patch.status, patch.headers['content-type']]).toEqual([200, 'application/octet-stream']);
    for (const channel of ['2', '-1', '0.5', 'x'])
      expect((await ask(`${dashboard.address}patch?channel=${channel}`)).status).toBe(404);
  });

  it('goes on without patches where there is no memory for them', async () => {
    const dashboard = await Dashboard.open(undefined, run);
    onTestFinished(() => dashboard.close({ how: 'finished', dice: [] }));
    // Its logits alone would take 6 GB.
    const huge = new PlainConvUNet({ inputChannels: 2, classes: 2 ** 20, features: [4, 8], device: training.device });
    dashboard.start({ network: huge, device: training.device, history: recorded(1), spacing: [1, 1, 1] });
    const events = await eventsUntil(dashboard.address, 'problem', () => dashboard.showBatch(ball(training.device)));
    expect(events.at(-1)!.data).toMatch(/not enough memory/);
    dashboard.showBatch(ball(training.device));
    const [first] = await eventsUntil(dashboard.address, 'run');
    expect((first!.data as RunState).problem).toMatch(/not enough memory/);
    huge.dispose();
  });

  it('tells the training of whatever else goes wrong on the device, and the page how it ended', async () => {
    const dashboard = await Dashboard.open(undefined, run);
    const other = new PlainConvUNet({ inputChannels: 1, classes: 3, features: [4, 8], device: training.device });
    dashboard.start({ network: other, device: training.device, history: recorded(1), spacing: [1, 1, 1] });
    const heard = eventsUntil(dashboard.address, 'end');
    const offer = async (): Promise<void> => {
      for (let i = 0; i < 200; i++) {
        dashboard.showBatch(ball(training.device));
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    };
    await expect(offer()).rejects.toThrow(/convNorm3d/);
    const end = { how: 'failed', problem: 'too few channels', dice: [] } as const;
    await dashboard.close(end);
    expect((await heard).at(-1)!.data).toEqual(end);
  });
});

describe('voxelgrad train --dashboard', () => {
  const root = mkdtempSync(join(tmpdir(), 'voxelgrad-dashboard-'));
  afterAll(() => rmSync(root, { recursive: true, force: true }));
  const environment = { nnUNet_preprocessed: join(root, 'preprocessed'), nnUNet_results: join(root, 'results') };
  const words = [
    'train',
    '9',
    '3d_fullres',
    '0',
    '--epochs',
    '3',
    '--iterations',
    '8',
    '--validation-iterations',
    '2',
    '--device',
    'cpu',
  ];
  const fold = join(environment.nnUNet_results, tinyDataset, 'nnUNetTrainer__nnUNetPlans__3d_fullres', 'fold_0');
  const trained = () => readSafetensors(readFileSync(join(fold, 'checkpoint_latest.safetensors')));
  beforeAll(() => writeTinyDataSet(environment.nnUNet_preprocessed));

  it('trains the same bits as without, tells how it goes and how it ended', async () => {
    await voxelgrad(words, environment);
    const plain = trained();
    let events: Promise<SentEvent[]> | undefined;
    await runVoxelgrad([...words, '--dashboard'], {
      signal: new AbortController().signal,
      environment,
      status: { write: () => true },
      print: (line) => {
        const [, address] = /^dashboard: (http:.*)$/.exec(line) ?? [];
        if (address !== undefined) events = eventsUntil(address, 'end');
      },
    });
    expect(trained()).toEqual(plain);
    const told = await events!;
    const names = told.map(({ name }) => name);
    expect(names[0]).toBe('run');
    for (const name of ['progress', 'losses', 'epoch', 'patch']) expect(names).toContain(name);
    expect(told.at(-1)!.data).toMatchObject({
      how: 'finished',
      dice: [{ name: 'shell' }, { name: 'core' }, { name: 'mean' }],
    });
    const settings = (told[0]!.data as RunState).settings.map(({ name, value }) => `${name}: ${value}`);
    expect(settings).toContain('Optimizer: SGD, Nesterov momentum 0.99, weight decay 0.00003');
    expect(settings).toContain('Patch: 8 × 8 × 8 voxels of 1 × 1 × 1 mm');
  });

  it('says what it is for, and refuses what it cannot show', async () => {
    const { lines } = await voxelgrad(['train', '--help']);
    expect(lines.join('\n')).toMatch(/--dashboard \[<port>\]/);
    await expect(voxelgrad([...words, '--val', '--dashboard'], environment)).rejects.toThrow(/--val does not train/);
    await expect(voxelgrad([...words, '--dashboard=80'], environment)).rejects.toThrow(/from 1024 to 65535/);
  });
});
