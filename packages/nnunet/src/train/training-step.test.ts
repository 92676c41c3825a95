/** A captured iteration against the same ops one by one: bit for bit, over several steps with other batches, learning rates and loss scales. */
import { Adam, deepSupervision, diceAndCrossEntropy, type Optimizer, polynomial, Sgd, stateDict } from '@voxelgrad/nn';
import {
  add,
  autocast,
  type CompileProgress,
  type Device,
  fromArray,
  narrow,
  scale,
  sum,
  type Tensor,
  tidy,
  zeros,
} from '@voxelgrad/tensor';
import { openPlanning } from '@voxelgrad/tensor/node';
import { describeOnEach, expectClose, testValues } from '@voxelgrad/tensor/testing';
import { skipOn } from '@voxelgrad/tensor/testing-skips';
import { expect, it } from 'vitest';
import { PlainConvUNet } from '../networks/plain-conv-unet.ts';
import type { Batch } from './batch.ts';
import { TrainingStep } from './training-step.ts';

const SHAPE = [2, 8, 8, 8, 1] as const;
const STEPS = 5;
const loss = deepSupervision(diceAndCrossEntropy());

interface Setting {
  readonly name: string;
  readonly optimizer: (parameters: readonly Tensor[]) => Optimizer;
  readonly gradientCheckpointing?: boolean;
  readonly mixedPrecision?: boolean;
  readonly accumulation?: number;
  /** Steps that loss scaling drops, at least. */
  readonly skipped?: number;
}

/** So large that gradients overflow at first. */
const HUGE_SCALE = { initialScale: 2 ** 126, backoffFactor: 2 ** -60, growthInterval: 2 };

const SETTINGS: readonly Setting[] = [
  {
    name: 'SGD as nnU-Net has it',
    optimizer: (parameters) =>
      new Sgd(parameters, { learningRate: 0.01, momentum: 0.99, nesterov: true, weightDecay: 3e-5, maximumNorm: 12 }),
  },
  {
    name: 'Adam with checkpointing and dropped steps',
    optimizer: (parameters) => new Adam(parameters, { learningRate: 0.01, maximumNorm: 12, lossScaling: HUGE_SCALE }),
    gradientCheckpointing: true,
    skipped: 1,
  },
  {
    name: 'SGD in mixed precision with dropped steps',
    optimizer: (parameters) => new Sgd(parameters, { learningRate: 0.01, momentum: 0.9, lossScaling: HUGE_SCALE }),
    mixedPrecision: true,
    skipped: 1,
  },
  {
    name: 'Adam in mixed precision with checkpointing',
    optimizer: (parameters) => new Adam(parameters, { learningRate: 0.01, lossScaling: true }),
    mixedPrecision: true,
    gradientCheckpointing: true,
  },
  {
    name: 'Adam in two parts, with dropped steps',
    optimizer: (parameters) => new Adam(parameters, { learningRate: 0.01, maximumNorm: 12, lossScaling: HUGE_SCALE }),
    accumulation: 2,
    skipped: 1,
  },
];

function batchOf(device: Device, index: number): Batch {
  const values = testValues(SHAPE, index + 1);
  const label = Int32Array.from(values, (value) => (value > 0.2 ? 1 : 0));
  return { image: fromArray(values, SHAPE, { device }), target: fromArray(label, SHAPE.slice(0, 4), { device }) };
}

describeOnEach('a training step on $name', ({ open }) => {
  const train = async (setting: Setting, captured: boolean) => {
    const device = await open();
    const { gradientCheckpointing = false, mixedPrecision = false, accumulation = 1 } = setting;
    const architecture = { inputChannels: 1, classes: 2, features: [4, 4, 4, 4] };
    const network = new PlainConvUNet({ ...architecture, device, seed: 5, gradientCheckpointing });
    const optimizer = setting.optimizer(network.parameters());
    const step = new TrainingStep({ network, optimizer, loss, mixedPrecision, accumulation });
    const losses: number[] = [];
    for (let i = 0; i < STEPS; i++) {
      optimizer.learningRate = polynomial(0.01, i, STEPS);
      const batch = batchOf(device, i);
      if (captured) losses.push(await (await step.run(batch))());
      else {
        const value = tidy(() => {
          const parts = Array.from({ length: accumulation }, (_, part) => {
            const [image, target] = [batch.image, batch.target].map((each) =>
              accumulation === 1 ? each : narrow(each, 0, part, 1),
            );
            const forward = () => scale(loss(network.forward(image!), target!), 1 / accumulation);
            const value = mixedPrecision ? autocast(forward) : forward();
            optimizer.scaleLoss(value).backward();
            return value.detach();
          });
          optimizer.step();
          return parts.reduce((total, part) => add(total, part));
        });
        losses.push(await value.item());
        for (const tensor of [value, batch.image, batch.target]) tensor.dispose();
      }
    }
    expect(step.memory !== undefined).toBe(captured);
    const { skippedSteps } = await optimizer.statistics();
    const parameters = await Promise.all(network.parameters().map((parameter) => parameter.data()));
    for (const owner of [step, optimizer, network]) owner.dispose();
    return { losses, parameters, skippedSteps };
  };

  it.for(SETTINGS)('gives the same bits captured as op by op: $name', async (setting, context) => {
    const device = await open();
    if (setting.mixedPrecision === true) skipOn(context, device, 'f16');
    const eager = await train(setting, false);
    const captured = await train(setting, true);
    expect(captured).toEqual(eager);
    expect(new Set(captured.losses).size).toBe(STEPS);
    expect(captured.skippedSteps).toBeGreaterThanOrEqual(setting.skipped ?? 0);
    expect(captured.skippedSteps).toBeLessThan(STEPS);
  });

  it('moves running statistics once for each part of a batch, with gradient checkpointing too: the same bits', async () => {
    const device = await open();
    const state = async (gradientCheckpointing: boolean) => {
      const architecture = { inputChannels: 1, classes: 2, features: [4, 4], norm: 'batch' as const };
      const network = new PlainConvUNet({ ...architecture, device, seed: 5, gradientCheckpointing });
      const optimizer = new Adam(network.parameters(), { learningRate: 0.01 });
      const step = new TrainingStep({ network, optimizer, loss, accumulation: 2 });
      for (let i = 0; i < 2; i++) await (await step.run(batchOf(device, i)))();
      const found = await stateDict(network);
      for (const owner of [step, optimizer, network]) owner.dispose();
      return found;
    };
    const plain = await state(false);
    expect(await state(true)).toEqual(plain);
    const counts = [...plain].filter(([name]) => name.endsWith('num_batches_tracked')).map(([, { data }]) => data[0]);
    expect(new Set(counts)).toEqual(new Set([2 * 2]));
  });

  it('gives in parts the gradients of the whole batch where the loss is a mean over samples, and with batch Dice others', async () => {
    const device = await open();
    const gradientsOf = async (batchDice: boolean, accumulation: number) => {
      const network = new PlainConvUNet({ inputChannels: 1, classes: 2, features: [4, 8], device, seed: 5 });
      // One step of plain descent: what parameters lose are the gradients.
      const optimizer = new Sgd(network.parameters(), { learningRate: 1, momentum: 0 });
      const before = await Promise.all(network.parameters().map((parameter) => parameter.data()));
      const settings = { network, optimizer, loss: deepSupervision(diceAndCrossEntropy({ batchDice })), accumulation };
      const step = new TrainingStep(settings);
      const value = await (await step.run(threeSamples(device)))();
      const after = await Promise.all(network.parameters().map((parameter) => parameter.data()));
      for (const owner of [step, optimizer, network]) owner.dispose();
      return [value, ...after.flatMap((values, i) => Array.from(values, (one, k) => before[i]![k]! - one))];
    };
    const whole = await gradientsOf(false, 1);
    for (const parts of [2, 3, 7]) expectClose(await gradientsOf(false, parts), whole, { rtol: 1e-3, atol: 1e-5 });
    const [batch, inParts] = [await gradientsOf(true, 1), await gradientsOf(true, 3)];
    expect(Math.abs(batch[0]! - inParts[0]!)).toBeGreaterThan(1e-3);
  });

  it('is captured anew for batches of another shape, and gives its memory back', async () => {
    const device = await open();
    const network = new PlainConvUNet({ inputChannels: 1, classes: 2, features: [4, 8], device, seed: 5 });
    const optimizer = new Adam(network.parameters(), { learningRate: 0.01 });
    const before = device.memory().usedBytes;
    const step = new TrainingStep({ network, optimizer, loss });
    for (const n of [1, 2]) {
      const shape = [n, 4, 4, 4, 1];
      const image = fromArray(testValues(shape), shape, { device });
      const target = fromArray(new Int32Array(n * 64), [n, 4, 4, 4], { device });
      expect(await (await step.run({ image, target }))()).toBeGreaterThan(0);
    }
    step.dispose();
    await device.synchronize();
    expect(device.memory().usedBytes).toBe(before);
    optimizer.dispose();
    network.dispose();
  });

  it('tunes the kernels first if it is told to, and then learns as it would have', async () => {
    const device = await open();
    const learn = async (onTune?: CompileProgress): Promise<number[]> => {
      const network = new PlainConvUNet({ inputChannels: 1, classes: 2, features: [4, 8], device, seed: 5 });
      const optimizer = new Adam(network.parameters(), { learningRate: 0.01 });
      const step = new TrainingStep({ network, optimizer, loss, onTune });
      const losses = [await (await step.run(batchOf(device, 0)))(), await (await step.run(batchOf(device, 1)))()];
      for (const owner of [step, optimizer, network]) owner.dispose();
      return losses;
    };
    const before = await learn();
    const progress: (readonly [number, number])[] = [];
    const after = await learn((done, total) => progress.push([done, total]));
    if (device.kind === 'cpu') expect(progress).toEqual([]);
    else {
      const [, total] = progress.at(-1)!;
      expect(total).toBeGreaterThan(3);
      expect(progress.map(([done]) => done)).toEqual(Array.from({ length: total + 1 }, (_, i) => i));
    }
    for (const [i, value] of after.entries()) expect(value).toBeCloseTo(before[i]!, 4);
  });

  it('runs op by op where the loss reads values', async () => {
    const device = await open();
    const network = new PlainConvUNet({ inputChannels: 1, classes: 2, features: [4, 8], device, seed: 5 });
    const optimizer = new Adam(network.parameters(), { learningRate: 0.01 });
    const reads: Promise<number | undefined>[] = [];
    const step = new TrainingStep({
      network,
      optimizer,
      loss: (outputs, target) => {
        // The attempt to capture it is refused.
        reads.push(
          sum(outputs[0]!)
            .item()
            .catch(() => undefined),
        );
        return loss(outputs, target);
      },
    });
    for (let i = 0; i < 2; i++) await (await step.run(batchOf(device, i)))();
    expect(step.memory).toBeUndefined();
    expect((await Promise.all(reads)).filter((value) => value !== undefined)).toHaveLength(2);
    for (const owner of [step, optimizer, network]) owner.dispose();
  });
});

/** Samples with very different shares of foreground. */
function threeSamples(device: Device): Batch {
  const shape = [3, 8, 8, 8, 1];
  const values = testValues(shape, 4);
  const label = Int32Array.from(values, (value, i) => (value > [0.9, 0.2, -0.8][Math.floor(i / 512)]! ? 1 : 0));
  return { image: fromArray(values, shape, { device }), target: fromArray(label, shape.slice(0, 4), { device }) };
}

it('takes less memory the more parts a batch is cut into, as planned', async () => {
  const arenas: number[] = [];
  for (const accumulation of [1, 2, 4]) {
    const device = await openPlanning();
    const network = new PlainConvUNet({ inputChannels: 1, classes: 2, features: [8, 16, 32], device });
    const optimizer = new Sgd(network.parameters(), { learningRate: 0.01, momentum: 0.99 });
    const step = new TrainingStep({ network, optimizer, loss, accumulation });
    const image = zeros([4, 32, 32, 32, 1], { device });
    await step.run({ image, target: zeros([4, 32, 32, 32], { device, dtype: 'i32' }) });
    arenas.push(step.memory!.arenaBytes);
    await device.close();
  }
  expect(arenas[1]).toBeLessThan(0.6 * arenas[0]!);
  expect(arenas[2]).toBeLessThan(0.6 * arenas[1]!);
});
