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
import type { UNetOptions } from '@voxelgrad/nnunet';
import { autocast, type Device, fromArray, type Tensor, tidy } from '@voxelgrad/tensor';
import { type CaseTensors, type ParityCase, readTensors } from '../cases.ts';
import { Comparison } from '../compare.ts';
import { labelsOf } from './losses.ts';
import { networkOf, weightsOf } from './network.ts';
import { channelsLast } from './run-op.ts';

interface TrajectoryAttributes {
  readonly steps: number;
  readonly lr: number;
  readonly momentum: number;
  readonly weight_decay: number;
  readonly clip: number;
  readonly ds_weights: number[];
  readonly features: number[];
  readonly strides: number[][];
}

/** Every loss within 1e-4 of the official f32 ones, relative; final weights within the case's tolerance. */
export async function checkTrajectory(entry: ParityCase, device: Device): Promise<Comparison> {
  const { tensors, losses, weights } = await train(entry, device, false);
  const comparison = new Comparison({ rtol: 1e-4, atol: 0 });
  comparison.values('loss', losses, tensors.get('loss32')!.data as Float64Array);
  const final = new Comparison({ rtol: 0, atol: entry.tolerance.final_atol! });
  for (const [name, { data }] of weights) {
    const expected = tensors.get(`final32.${name}`);
    if (expected !== undefined) final.values(`final ${name}`, data, expected.data as Float32Array);
  }
  return final.worst > comparison.worst ? final : comparison;
}

/** With f16 convolutions every loss is within 2e-2 of the official f32 ones, relative. */
export async function checkHalfTrajectory(entry: ParityCase, device: Device): Promise<Comparison> {
  const { tensors, losses } = await train(entry, device, true);
  const comparison = new Comparison({ rtol: 2e-2, atol: 0 });
  comparison.values('loss', losses, tensors.get('loss32')!.data as Float64Array);
  return comparison;
}

interface Trained {
  readonly tensors: CaseTensors;
  /** Of each step, before the step. */
  readonly losses: readonly number[];
  readonly weights: ReadonlyMap<string, NamedArray>;
}

async function train(entry: ParityCase, device: Device, half: boolean): Promise<Trained> {
  const tensors = await readTensors(entry);
  const attrs = entry.attrs as unknown as TrajectoryAttributes;
  const initial = weightsOf(tensors, 'init.');
  const network = networkOf(entry.name, trajectoryOptions(entry.name, attrs, initial), device);
  loadStateDict(network, initial);
  const optimizer = new Sgd(network.parameters(), {
    learningRate: attrs.lr,
    momentum: attrs.momentum,
    nesterov: true,
    weightDecay: attrs.weight_decay,
    maximumNorm: attrs.clip,
    lossScaling: half,
  });
  const criterion = deepSupervision(diceAndCrossEntropy(), attrs.ds_weights);
  const [images, labels] = [tensors.get('x')!, tensors.get('y')!];
  const losses: number[] = [];
  for (let step = 0; step < attrs.steps; step++) {
    const loss = tidy(() => {
      const x = channelsLast(batchOf(images, step, device));
      const forward = (): Tensor => criterion(network.forward(x), labelsOf(batchOf(labels, step, device)));
      const value = half ? autocast(forward) : forward();
      optimizer.scaleLoss(value).backward();
      optimizer.learningRate = polynomial(attrs.lr, step, attrs.steps);
      optimizer.step();
      return value.detach();
    });
    losses.push(await loss.item());
    loss.dispose();
  }
  const trained = { tensors, losses, weights: await stateDict(network) };
  optimizer.dispose();
  network.dispose();
  return trained;
}

function trajectoryOptions(
  name: string,
  { features, strides }: TrajectoryAttributes,
  weights: ReadonlyMap<string, NamedArray>,
): UNetOptions {
  const residual = name.startsWith('resenc');
  const first = weights.get(residual ? 'encoder.stem.convs.0.conv.weight' : 'encoder.stages.0.0.convs.0.conv.weight')!;
  const heads = [...weights].filter(([key]) => /seg_layers\.\d+\.weight/.test(key));
  const count = (pattern: RegExp): number =>
    new Set([...weights.keys()].flatMap((key) => pattern.exec(key)?.[1] ?? [])).size;
  const perStage = (stage: number): number =>
    residual
      ? count(new RegExp(`^encoder\\.stages\\.${stage}\\.blocks\\.(\\d+)`))
      : count(new RegExp(`^encoder\\.stages\\.${stage}\\.0\\.convs\\.(\\d+)`));
  return {
    inputChannels: first.shape[1]!,
    classes: heads[0]![1].shape[0]!,
    features,
    strides,
    convsPerStage: features.map((_, stage) => perStage(stage)),
    convsPerDecoderStage: features
      .slice(1)
      .map((_, stage) => count(new RegExp(`^decoder\\.stages\\.${stage}\\.convs\\.(\\d+)`))),
  };
}

function batchOf(entry: { shape: readonly number[]; data: unknown }, step: number, device: Device): Tensor {
  const shape = entry.shape.slice(1);
  const size = shape.reduce((product, extent) => product * extent, 1);
  const values = (entry.data as Float32Array | Uint8Array).subarray(step * size, (step + 1) * size);
  return fromArray(values, shape, { device });
}
