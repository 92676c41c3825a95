/**
 * Twenty steps of training with given weights and batches: every loss, and the weights at the end. In f32, or with f16 convolutions and loss
 * scaling as nnU-Net trains by default.
 */
import {
  deepSupervision,
  diceAndCrossEntropy,
  loadStateDict,
  type NamedArray,
  polynomial,
  Sgd,
  stateDict,
} from '@voxelgrad/nn';
import { autocast, type Device, fromArray, type Tensor, tidy } from '@voxelgrad/tensor';
import { Attributes } from '../attributes.ts';
import { type CaseTensors, golden, type ParityCase, readTensors } from '../cases.ts';
import { Comparison, type Tolerance } from '../compare.ts';
import { networkFromWeights, networkOf } from './architecture.ts';
import { channelsLast } from './channels.ts';
import { labelsOf } from './losses.ts';
import { weightsOf } from './network.ts';

/** Every loss within this share of the official f32 one. */
const LOSS_TOLERANCE = 1e-4;
/** Gradients of whole networks are compared to a thousandth (the tolerance of the network cases); so are their norms. */
const NORM_TOLERANCE = 1e-3;

/** Losses, norms of the gradients before they are clipped, and final weights, which may be off by the case's own tolerances. */
export async function checkTrajectory(entry: ParityCase, device: Device): Promise<Comparison> {
  const { tensors, losses, norms, weights } = await train(entry, device, false);
  const { loss_atol = 0, final_atol = 0 } = entry.tolerance;
  const comparison = new Comparison({ rtol: LOSS_TOLERANCE, atol: 0 });
  comparison.values('loss', losses, golden(tensors, 'loss32').data as Float64Array);
  const compare = (name: string, got: readonly number[], tolerance: Tolerance): void => {
    const expected = tensors.get(name);
    if (expected !== undefined) comparison.values(name, got, expected.data as Float64Array, tolerance);
  };
  compare('loss64', losses, { rtol: 0, atol: loss_atol });
  compare('grad_norm32', norms, { rtol: NORM_TOLERANCE, atol: 0 });
  compare('grad_norm64', norms, { rtol: NORM_TOLERANCE, atol: 0 });
  for (const [name, { data }] of weightsOf(tensors, 'final32.')) {
    const got = weights.get(name)?.data ?? [];
    comparison.values(`final ${name}`, got, data, { rtol: 0, atol: final_atol });
  }
  return comparison;
}

/** With f16 convolutions every loss is within 2e-2 of the official f32 ones, relative. */
export async function checkHalfTrajectory(entry: ParityCase, device: Device): Promise<Comparison> {
  const { tensors, losses } = await train(entry, device, true);
  const comparison = new Comparison({ rtol: 2e-2, atol: 0 });
  comparison.values('loss', losses, golden(tensors, 'loss32').data as Float64Array);
  return comparison;
}

interface Trained {
  readonly tensors: CaseTensors;
  /** Of each step, before the step. */
  readonly losses: readonly number[];
  /** Of each step's gradients, before they are clipped. */
  readonly norms: readonly number[];
  readonly weights: ReadonlyMap<string, NamedArray>;
}

async function train(entry: ParityCase, device: Device, half: boolean): Promise<Trained> {
  const tensors = await readTensors(entry);
  const attrs = new Attributes(entry.attrs);
  const initial = weightsOf(tensors, 'init.');
  const { name, options } = networkFromWeights(new Map([...initial].map(([name, { shape }]) => [name, shape])));
  const [features, strides] = [attrs.numbers('features'), attrs.lists('strides') as number[][]];
  const network = networkOf(name, { ...options, features, strides }, device);
  loadStateDict(network, initial);
  const [steps, learningRate] = [attrs.number('steps'), attrs.number('lr')];
  const scheduled = attrs.number('poly_max_steps', steps);
  attrs.describes('poly_stepped', 'every step (before the step, index i)');
  attrs.describes('ds_targets', 'nearest-exact of y');
  const optimizer = new Sgd(network.parameters(), {
    learningRate,
    momentum: attrs.number('momentum'),
    nesterov: attrs.boolean('nesterov', false),
    weightDecay: attrs.number('weight_decay', 0),
    maximumNorm: attrs.number('clip', 0),
    lossScaling: half,
  });
  const criterion = deepSupervision(
    diceAndCrossEntropy({ batchDice: attrs.boolean('batch_dice', false) }),
    attrs.numbers('ds_weights'),
  );
  attrs.checkAllRead();
  const [images, labels] = [golden(tensors, 'x'), golden(tensors, 'y')];
  const [losses, norms]: [number[], number[]] = [[], []];
  for (let step = 0; step < steps; step++) {
    const loss = tidy(() => {
      const x = channelsLast(batchOf(images, step, device));
      const forward = (): Tensor => criterion(network.forward(x), labelsOf(batchOf(labels, step, device)));
      const value = half ? autocast(forward) : forward();
      optimizer.scaleLoss(value).backward();
      optimizer.learningRate = polynomial(learningRate, step, scheduled);
      optimizer.step();
      return value.detach();
    });
    losses.push(await loss.item());
    norms.push((await optimizer.statistics()).gradientNorm);
    loss.dispose();
  }
  const trained = { tensors, losses, norms, weights: await stateDict(network) };
  optimizer.dispose();
  network.dispose();
  return trained;
}

function batchOf(entry: { shape: readonly number[]; data: unknown }, step: number, device: Device): Tensor {
  const shape = entry.shape.slice(1);
  const size = shape.reduce((product, extent) => product * extent, 1);
  const values = (entry.data as Float32Array | Uint8Array).subarray(step * size, (step + 1) * size);
  return fromArray(values, shape, { device });
}
