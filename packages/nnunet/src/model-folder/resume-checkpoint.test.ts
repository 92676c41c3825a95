/** Training that goes on from a checkpoint: to the bit with our own, and with the state that PyTorch left in nnU-Net's. */
import { readTorchFile, readTorchTensor, sourceFromBytes, type TorchTensor } from '@voxelgrad/io';
import { openFile } from '@voxelgrad/io/node';
import { Adam, Adan, type Optimizer, Sgd, stateDict, toTorchLayout } from '@voxelgrad/nn';
import { type Device, fromArray, sum, type Tensor } from '@voxelgrad/tensor';
import { openCpu } from '@voxelgrad/tensor/node';
import { lacking } from '@voxelgrad/tensor/testing-skips';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { fixtureFolder } from '../evaluate/fixtures.testing.ts';
import { PlainConvUNet } from '../networks/plain-conv-unet.ts';
import type { SegmentationNetwork } from '../networks/unet.ts';
import type { Plans } from '../plan/plans.ts';
import { movingAverage, type TrainingHistory } from '../train/history.ts';
import { encodeNnunetCheckpoint } from './export-checkpoint.ts';
import { resumeNnunetCheckpoint } from './resume-checkpoint.ts';

let device: Device;
beforeAll(async () => {
  device = await openCpu({ threads: 2 });
});
afterAll(() => device.close());

const history: TrainingHistory = {
  losses: [0.5, 0.5, 0.25, 0.25],
  epochs: [
    { trainingLoss: 0.5, validationLoss: 0.75, pseudoDice: [0.5, null], learningRate: 0.01, seconds: 2 },
    { trainingLoss: 0.25, pseudoDice: [0.25, 0.25], learningRate: 0.005, seconds: 3 },
  ],
  movingDice: movingAverage(0.5, 0.25),
  bestMovingDice: 0.5,
  epochsSinceBest: 1,
};

const optimizers: Record<string, (parameters: readonly Tensor[]) => Optimizer> = {
  'SGD with momentum': (parameters) => new Sgd(parameters, { learningRate: 0.01, momentum: 0.9, nesterov: true }),
  Adam: (parameters) => new Adam(parameters, { learningRate: 0.01 }),
  Adan: (parameters) => new Adan(parameters, { learningRate: 0.01 }),
};

function step(network: SegmentationNetwork, optimizer: Optimizer): void {
  const values = Float32Array.from({ length: 512 }, (_, i) => Math.sin(i * 0.3));
  sum(network.predict(fromArray(values, [1, 8, 8, 8, 1], { device }))).backward();
  optimizer.step();
}

const networkOf = (seed: number) => new PlainConvUNet({ inputChannels: 1, classes: 2, features: [4, 6], device, seed });

async function checkpointOf(network: SegmentationNetwork, optimizer: Optimizer) {
  const parts: Uint8Array[] = [];
  const content = await encodeNnunetCheckpoint({
    network,
    plans: {} as Plans,
    configuration: '3d_fullres',
    fold: 0,
    datasetJson: {},
    mirrorAxes: [],
    history,
    optimizer: { optimizer, initialLearningRate: 0.01, weightDecay: 0, lossScaling: true },
  });
  for await (const part of content) parts.push(part);
  return sourceFromBytes(new Uint8Array(Buffer.concat(parts)), 'checkpoint.pth');
}

describe('resumeNnunetCheckpoint', () => {
  it.each(Object.entries(optimizers))('goes on with %s, to the bit', async (_, make) => {
    const network = networkOf(1);
    const optimizer = make(network.parameters());
    for (let i = 0; i < 3; i++) step(network, optimizer);
    const source = await checkpointOf(network, optimizer);
    const other = networkOf(2);
    const resumed = make(other.parameters());
    expect(await resumeNnunetCheckpoint(source, { network: other, optimizer: resumed, iterationsPerEpoch: 2 })).toEqual(
      history,
    );
    step(network, optimizer);
    step(other, resumed);
    expect(await stateDict(other)).toEqual(await stateDict(network));
    expect((await resumed.statistics()).lossScale).toBe((await optimizer.statistics()).lossScale);
  });

  it('refuses the state of another network', async () => {
    const network = networkOf(1);
    const optimizer = optimizers.Adam!(network.parameters());
    const source = await checkpointOf(network, optimizer);
    const wider = new PlainConvUNet({ inputChannels: 1, classes: 2, features: [4, 8], device });
    await expect(
      resumeNnunetCheckpoint(source, { network: wider, optimizer: optimizers.Adam!(wider.parameters()) }),
    ).rejects.toThrow(/another network/);
  });

  const fixtures = fixtureFolder('model');
  it("reads momentum and log of nnU-Net's own checkpoint", lacking(fixtures.missing), async () => {
    const source = await openFile(
      fixtures.pathOf('nnUNetTrainer__nnUNetPlansLight__3d_fullres/fold_0/checkpoint_final.pth'),
    );
    const network = new PlainConvUNet({ inputChannels: 1, classes: 3, features: [16, 32, 64, 128], device });
    const optimizer = new Sgd(network.parameters(), { learningRate: 0.01, momentum: 0.99, nesterov: true });
    const read = await resumeNnunetCheckpoint(source, { network, optimizer });
    expect([read.epochs.length, read.losses.length, read.epochsSinceBest]).toEqual([10, 2500, 0]);
    expect(read.bestMovingDice).toBeCloseTo(0.1119016, 6);
    expect(read.movingDice).toBe(read.bestMovingDice);
    expect(read.epochs[9]).toMatchObject({ pseudoDice: [expect.closeTo(0.49604, 4), expect.closeTo(0.20161, 4)] });
    expect(read.epochs[0]!.learningRate).toBe(0.01);
    const official = (await readTorchFile(source)) as Map<string, Map<string, Map<number, Map<string, TorchTensor>>>>;
    const states = official.get('optimizer_state')!.get('state')!;
    for (const [i, { parameter, values }] of (await optimizer.parameterStates()).entries()) {
      const buffer = states.get(i)?.get('momentum_buffer');
      const expected = buffer === undefined ? new Float32Array(parameter.size) : await readTorchTensor(buffer);
      expect(toTorchLayout(values.get('momentum')!, parameter.shape)).toEqual(expected);
    }
    expect(states.size).toBe(66);
  });
});
