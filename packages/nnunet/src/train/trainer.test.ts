import { Adam, deepSupervision, diceAndCrossEntropy, polynomial } from '@voxelgrad/nn';
import { type Device, fromArray, VoxelgradError } from '@voxelgrad/tensor';
import { describeOnBoth, describeOnEach, expectClose } from '@voxelgrad/tensor/testing';
import { expect, it } from 'vitest';
import { PlainConvUNet } from '../networks/plain-conv-unet.ts';
import type { Batch } from './batch.ts';
import { describeCheckpoint, encodeCheckpoint, restoreCheckpoint } from './checkpoint.ts';
import type { TrainingHistory } from './history.ts';
import { type TrainingSettings, train } from './trainer.ts';

const SIZE = 8;

/** A bright ball on noise, its voxels labelled 1: something a network can learn in a few steps. */
function ball(index: number): { image: Float32Array; label: Int32Array } {
  let state = (index + 1) * 2654435761;
  const next = (): number => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
  const voxels = 2 * SIZE ** 3;
  const image = new Float32Array(voxels);
  const label = new Int32Array(voxels);
  const centre = [2 + 4 * next(), 2 + 4 * next(), 2 + 4 * next()] as const;
  for (let i = 0; i < voxels; i++) {
    const [z, y, x] = [Math.floor(i / SIZE ** 2) % SIZE, Math.floor(i / SIZE) % SIZE, i % SIZE];
    const inside = Math.hypot(z - centre[0], y - centre[1], x - centre[2]) < 2.5;
    label[i] = inside ? 1 : 0;
    image[i] = (inside ? 1 : 0) + next() - 0.5;
  }
  return { image, label };
}

function settingsFor(device: Device, epochs: number): TrainingSettings & { optimizer: Adam; network: PlainConvUNet } {
  const network = new PlainConvUNet({ inputChannels: 1, classes: 2, features: [4, 8], device, seed: 3 });
  const batch = async (index: number): Promise<Batch> => {
    const { image, label } = ball(index);
    return {
      image: fromArray(image, [2, SIZE, SIZE, SIZE, 1], { device }),
      target: fromArray(label, [2, SIZE, SIZE, SIZE], { device }),
    };
  };
  return {
    network,
    optimizer: new Adam(network.parameters(), { learningRate: 0.01, maximumNorm: 12 }),
    loss: deepSupervision(diceAndCrossEntropy()),
    regions: false,
    epochs,
    iterationsPerEpoch: 5,
    validationIterations: 1,
    learningRate: (epoch) => polynomial(0.01, epoch, 10),
    trainingBatch: batch,
    validationBatch: (index) => batch(1000 + index),
  };
}

describeOnEach('training on $name', ({ open }) => {
  it('learns, scores itself and leaves no memory behind', async () => {
    const device = await open();
    const before = device.memory().usedBytes;
    const settings = settingsFor(device, 4);
    const { history, end } = await train(settings);
    expect(end).toBe('finished');
    expect(history.losses).toHaveLength(20);
    expect(history.losses.at(-1)).toBeLessThan(history.losses[0]! - 0.3);
    expect(history.epochs).toHaveLength(4);
    expect(history.epochs[3]!.pseudoDice[0]).toBeGreaterThan(0.5);
    settings.optimizer.dispose();
    settings.network.dispose();
    await device.synchronize();
    expect(device.memory().usedBytes).toBe(before);
  });

  it('scores itself in parts, as it trains: the figures of the whole batch, of fewer samples at a time', async () => {
    const device = await open();
    const trained = async (accumulation: number) => {
      const settings = { ...settingsFor(device, 1), accumulation, iterationsPerEpoch: 1, validationIterations: 2 };
      const loss = deepSupervision(diceAndCrossEntropy({ batchDice: false }));
      const samples = new Set<number>();
      const { history } = await train({
        ...settings,
        loss: (outputs, target) => {
          samples.add(outputs[0]!.shape[0]!);
          return loss(outputs, target);
        },
      });
      settings.optimizer.dispose();
      settings.network.dispose();
      return { ...history.epochs[0]!, samples: [...samples] };
    };
    const [whole, parts] = [await trained(1), await trained(2)];
    expect([whole.samples, parts.samples]).toEqual([[2], [1]]);
    expectClose([parts.validationLoss!], [whole.validationLoss!], { rtol: 1e-4 });
    expectClose(parts.pseudoDice as number[], whole.pseudoDice as number[], { atol: 0.02 });
  });

  it('gives up the captured step for a validation without room beside it, and goes on with the same bits', async () => {
    const device = await open();
    const trained = async (failures: number) => {
      const before = device.memory().usedBytes;
      const settings = settingsFor(device, 2);
      let left = failures;
      const { history } = await train({
        ...settings,
        loss: (outputs, target) => {
          // Validation records no gradients.
          if (!outputs[0]!.requiresGradient && left-- > 0)
            throw new VoxelgradError('out-of-memory', { what: 'no room for this test' });
          return settings.loss(outputs, target);
        },
      }).finally(() => {
        settings.optimizer.dispose();
        settings.network.dispose();
      });
      await device.synchronize();
      expect(device.memory().usedBytes).toBe(before);
      return { losses: history.losses, scores: history.epochs.map(({ seconds: _, ...record }) => record) };
    };
    expect(await trained(1)).toEqual(await trained(0));
    await expect(trained(2)).rejects.toThrow('no room for this test');
  });

  it('goes on from a checkpoint with the same bits', async () => {
    const device = await open();
    const whole = settingsFor(device, 2);
    const { history: expected } = await train(whole);

    const controller = new AbortController();
    const first = settingsFor(device, 2);
    const stopped = await train({
      ...first,
      signal: controller.signal,
      onIteration: (i) => i === 3 && controller.abort(),
    });
    expect(stopped.end).toBe('interrupted');
    expect(stopped.history.losses.length).toBeLessThan(10);
    const bytes = await encodeCheckpoint(first.network, first.optimizer, {
      history: stopped.history,
      description: 'a test',
    });

    const second = settingsFor(device, 2);
    restoreCheckpoint(bytes, second.network, second.optimizer);
    const history: TrainingHistory = describeCheckpoint(bytes, 'bytes').history;
    const { history: resumed } = await train({ ...second, history });
    expect(resumed.losses).toEqual(expected.losses);
    const final = async ({ network }: { network: PlainConvUNet }) =>
      Promise.all(network.parameters().map(async (parameter) => [...(await parameter.data())]));
    expect(await final(second)).toEqual(await final(whole));
    for (const { network, optimizer } of [whole, first, second]) {
      optimizer.dispose();
      network.dispose();
    }
  });

  it('goes on from a checkpoint in the midst of an epoch, which did not disturb the run', async () => {
    const device = await open();
    const whole = settingsFor(device, 2);
    const { history: expected } = await train(whole);
    const first = settingsFor(device, 2);
    const saved: Uint8Array[] = [];
    const { history: undisturbed } = await train({
      ...first,
      isCheckpointDue: () => true,
      onCheckpoint: async (history) => {
        saved.push(await encodeCheckpoint(first.network, first.optimizer, { history, description: 'a test' }));
      },
    });
    expect(undisturbed.losses).toEqual(expected.losses);
    const iterations = saved.map((bytes) => describeCheckpoint(bytes, 'bytes').history.losses.length);
    expect(iterations).toEqual([1, 2, 3, 4, 6, 7, 8, 9]);
    const second = settingsFor(device, 2);
    restoreCheckpoint(saved[6]!, second.network, second.optimizer);
    const { history } = describeCheckpoint(saved[6]!, 'bytes');
    expect(history.begunSeconds).toBeGreaterThan(0);
    const { history: resumed } = await train({ ...second, history });
    expect(resumed.losses).toEqual(expected.losses);
    expect(resumed.epochs.map(({ trainingLoss }) => trainingLoss)).toEqual(
      expected.epochs.map(({ trainingLoss }) => trainingLoss),
    );
    expect(resumed.epochs[1]!.seconds).toBeGreaterThan(history.begunSeconds!);
    for (const { network, optimizer } of [whole, first, second]) {
      optimizer.dispose();
      network.dispose();
    }
  });

  it('takes the learning rate of each iteration', async () => {
    const device = await open();
    const settings = settingsFor(device, 2);
    const asked: number[][] = [];
    const learningRate = (epoch: number, epochs: number, iteration: number): number => {
      asked.push([epoch, epochs, iteration]);
      return iteration % 2 === 0 ? 0 : 1e-3;
    };
    const losses = (await train({ ...settings, learningRate, trainingBatch: () => settings.trainingBatch(0) })).history
      .losses;
    expect(asked).toEqual(Array.from({ length: 10 }, (_, i) => [Math.floor(i / 5), 2, i]));
    // Nothing is learnt where the rate is 0: the loss of the same batch stays.
    for (const i of [0, 2, 4, 6, 8]) expect(losses[i + 1]).toBe(losses[i]);
    for (const i of [2, 4, 6, 8]) expect(losses[i]).not.toBe(losses[i - 1]);
    settings.optimizer.dispose();
    settings.network.dispose();
  });

  it('stops when patience ends', async () => {
    const device = await open();
    const settings = settingsFor(device, 50);
    // Without progress: the learning rate is zero, and validation always the same.
    const validationBatch = () => settings.trainingBatch(0);
    const { history, end } = await train({
      ...settings,
      learningRate: () => 0,
      patience: 2,
      iterationsPerEpoch: 1,
      validationBatch,
    });
    expect(end).toBe('patience');
    expect(history.epochs).toHaveLength(3);
    settings.optimizer.dispose();
    settings.network.dispose();
  });
});

describeOnBoth('the two devices', (openBoth) => {
  it('give the same losses for ten steps, to a thousandth', async () => {
    const [first, second] = await Promise.all(
      (await openBoth()).map(async (device) => {
        const settings = settingsFor(device, 2);
        const { history } = await train(settings);
        settings.optimizer.dispose();
        settings.network.dispose();
        return history.losses;
      }),
    );
    expectClose(second!, first!, { rtol: 1e-3, atol: 0 });
  });
});
