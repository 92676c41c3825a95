/**
 * What data cost a training step on the cpu device: nnU-Net's light hippocampus plan with the whole augmentation of nnU-Net, prepared ahead, against the same
 * step on a batch that is there already. The difference is all that the step feels: augmentation shares the device's threads with it. Beside it the share of
 * the time that training waited for its next batch, as trainers log it.
 */
import {
  ArrayCase,
  type Batch,
  collectClassLocations,
  HostRandom,
  nnunetTrainingTransforms,
  type Prefetcher,
  RandomPatches,
  TrainingBatches,
} from '@voxelgrad/augment';
import { Adam, deepSupervision, diceAndCrossEntropy } from '@voxelgrad/nn';
import { PlainConvUNet, TrainingStep } from '@voxelgrad/nnunet';
import { type Device, fromArray, RandomGenerator, type Triple } from '@voxelgrad/tensor';
import { openCpu } from '@voxelgrad/tensor/node';
import { type BenchRow, costRow, interleaved } from './measure.ts';
import { LIGHT_PLAN } from './startup-step.ts';

/** Median case of the data set. */
const SHAPE: Triple = [36, 50, 35];
const CASES = 8;
const STEPS = 25;
const ROUNDS = 3;
const PATCH = LIGHT_PLAN.patch as unknown as Triple;

export async function dataWait(): Promise<BenchRow[]> {
  const device = await openCpu();
  const { features, classes } = LIGHT_PLAN;
  const network = new PlainConvUNet({ inputChannels: 1, classes, features, device });
  const optimizer = new Adam(network.parameters(), { learningRate: 1e-3, maximumNorm: 12 });
  const step = new TrainingStep({ network, optimizer, loss: deepSupervision(diceAndCrossEntropy()) });
  const batches = augmented(await cases(device), device);
  const ready = readyBatch(device);
  let taken = 0;
  const measured = await interleaved(
    {
      augmented: () => steps(step, () => batches.take(taken++)),
      ready: () => steps(step, async () => ({ image: ready.image.alias(), target: ready.target.alias() })),
    },
    ROUNDS,
  );
  const { share } = batches.waiting;
  await batches.close();
  step.dispose();
  await device.close();
  const [ours, without] = [measured.augmented!, measured.ready!];
  const percent = (part: number): number => Number((100 * part).toFixed(1));
  const row = costRow('step with full augmentation, light plan, cpu', 's', ours, 'a batch that is there', without);
  return [{ ...row, details: { 'added, %': percent((ours - without) / ours), 'waited, %': percent(share) } }];
}

/** As the trainer's loop: the loss of a step is read while the next one is computed. Returns the seconds of one. */
async function steps(step: TrainingStep, next: () => Promise<Batch>): Promise<number> {
  const start = performance.now();
  let pending: Promise<number> | undefined;
  for (let i = 0; i < STEPS; i++) {
    const loss = await step.run(await next());
    await pending;
    pending = loss();
  }
  await pending;
  return (performance.now() - start) / 1000 / STEPS;
}

/** Noise, with two labels in the middle. */
async function cases(device: Device): Promise<ArrayCase[]> {
  const [depth, height, width] = SHAPE;
  const label = new Int16Array(depth * height * width);
  for (let z = 12; z < 24; z++)
    for (let y = 15; y < 35; y++)
      label.fill(y < 25 ? 1 : 2, (z * height + y) * width + 10, (z * height + y) * width + 25);
  const random = new RandomGenerator(1);
  const made: ArrayCase[] = [];
  for (let i = 0; i < CASES; i++) {
    const noise = random.normal([label.length], device);
    const image = (await noise.data()) as Float32Array;
    noise.dispose();
    const classLocations = collectClassLocations(label, [[1], [2]], new HostRandom(i));
    made.push(new ArrayCase({ name: `case ${i}`, shape: SHAPE, channels: 1, image, label, classLocations }));
  }
  return made;
}

function augmented(cases: readonly ArrayCase[], device: Device): Prefetcher<Batch> {
  const recipe = nnunetTrainingTransforms({ patchSize: PATCH, mirrorAxes: [0, 1, 2], maskedChannels: [false] });
  const sampler = new RandomPatches({
    cases,
    batchSize: LIGHT_PLAN.batch,
    patchSize: PATCH,
    initialPatchSize: recipe.initialPatchSize,
  });
  return new TrainingBatches({ sampler, recipe, device, seed: 1 }).ahead();
}

function readyBatch(device: Device): Batch {
  const { batch, classes } = LIGHT_PLAN;
  const voxels = batch * PATCH[0] * PATCH[1] * PATCH[2];
  const labels = Int32Array.from({ length: voxels }, (_, i) => i % classes);
  return {
    image: new RandomGenerator(2).normal([batch, ...PATCH, 1], device),
    target: fromArray(labels, [batch, ...PATCH], { device }),
  };
}
