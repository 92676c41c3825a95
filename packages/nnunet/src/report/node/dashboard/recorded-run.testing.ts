/** A training that was, for tests of the dashboard. */
import { parseLabels } from '@voxelgrad/io';
import { type Device, fromArray } from '@voxelgrad/tensor';
import { openCpu } from '@voxelgrad/tensor/node';
import { onTestFinished } from 'vitest';
import { PlainConvUNet } from '../../../networks/plain-conv-unet.ts';
import type { Batch } from '../../../train/batch.ts';
import { addEpoch, type EpochRecord, emptyHistory, type TrainingHistory } from '../../../train/history.ts';
import { Dashboard, type DashboardRun } from './dashboard.ts';

export const iterationsPerEpoch = 20;
export const run: DashboardRun = {
  title: 'Dataset009_Balls, 3d_fullres, fold 0',
  labels: parseLabels({ background: 0, shell: 1, core: 2, ignore: 3 }, undefined, 'test'),
  channels: ['T1', 'T2'],
  lossName: 'cross-entropy − Dice',
  settings: [{ name: 'Batch', value: '2 patches an iteration' }],
  epochs: 30,
  iterationsPerEpoch,
  patchSeconds: 0,
};

/** As it falls in a training; `core` is not there in the first epochs. */
export function recordOf(epoch: number): EpochRecord {
  const loss = Math.exp(-epoch / 8) - 0.8;
  return {
    trainingLoss: loss,
    validationLoss: loss + 0.07,
    pseudoDice: [1 - Math.exp(-epoch / 6), epoch < 3 ? null : 0.8 - Math.exp(-epoch / 9)],
    learningRate: 0.01 * (1 - epoch / 30) ** 0.9,
    seconds: 12 + Math.sin(epoch),
  };
}

export function recorded(epochs: number): TrainingHistory {
  const history = emptyHistory();
  for (let epoch = 0; epoch < epochs; epoch++) {
    const record = recordOf(epoch);
    for (let i = 0; i < iterationsPerEpoch; i++) history.losses.push(record.trainingLoss + 0.1 * Math.sin(7 * i));
    addEpoch(history, record);
  }
  return history;
}

/** What a training brings along; the network is untrained. */
export interface RecordedTraining {
  readonly device: Device;
  readonly network: PlainConvUNet;
}

export async function openTraining(): Promise<RecordedTraining> {
  const device = await openCpu({ threads: 1 });
  return { device, network: new PlainConvUNet({ inputChannels: 2, classes: 3, features: [4, 8], device }) };
}

/** A ball in a ball. */
export function ball(device: Device): Batch {
  const [depth, height, width] = [8, 12, 16];
  const distances = Array.from({ length: depth * height * width }, (_, i) =>
    Math.hypot(Math.floor(i / (height * width)) - 4, (Math.floor(i / width) % height) - 6, (i % width) - 7),
  );
  const image = Float32Array.from(distances.flatMap((distance) => [Math.max(0, 6 - distance), distance]));
  const labels = Int32Array.from(distances, (distance) => (distance < 2 ? 2 : distance < 4 ? 1 : 0));
  return {
    image: fromArray(image, [1, depth, height, width, 2], { device }),
    target: fromArray(labels, [1, depth, height, width], { device }),
  };
}

/** A dashboard of a run that has come so far, closed when the test ends. */
export async function openRecorded(
  { device, network }: RecordedTraining,
  epochs: number,
): Promise<{ readonly dashboard: Dashboard; readonly history: TrainingHistory }> {
  const dashboard = await Dashboard.open(undefined, run);
  const history = recorded(epochs);
  onTestFinished(() => dashboard.close({ how: 'finished', dice: [] }));
  dashboard.start({ network, device, history, spacing: [2, 1, 1] });
  return { dashboard, history };
}
