/** Optimizers fed with given gradients: parameters after some of the steps. */
import { Adam, AdamW, type Optimizer, Sgd } from '@voxelgrad/nn';
import { type Device, fromArray, type Tensor } from '@voxelgrad/tensor';
import { type ParityCase, readTensors } from '../cases.ts';
import { Comparison, type Tolerance } from '../compare.ts';
import { load } from './ops.ts';

interface OptimizerAttributes {
  readonly lr: number;
  readonly momentum?: number;
  readonly nesterov?: boolean;
  readonly weight_decay?: number;
  readonly betas?: readonly [number, number];
  readonly eps?: number;
  readonly amsgrad?: boolean;
  readonly clip_grad_norm: number | null;
  readonly lr_per_step: readonly number[];
}

export async function checkOptimizer(entry: ParityCase, device: Device): Promise<Comparison> {
  const tensors = await readTensors(entry);
  const comparison = new Comparison(entry.tolerance as unknown as Tolerance);
  const attrs = entry.attrs as unknown as OptimizerAttributes;
  const parameters: Tensor[] = [];
  for (let i = 0; tensors.has(`init${i}`); i++) parameters.push(load(tensors, `init${i}`, device)!.requireGradient());
  const optimizer = optimizerOf(entry.op, parameters, attrs);
  for (const [index, rate] of attrs.lr_per_step.entries()) {
    const step = index + 1;
    for (const [i, parameter] of parameters.entries()) {
      const values = tensors.get(`grad${i}_step${step}`)!.data as Float32Array;
      const given = fromArray(values, parameter.shape, { device });
      device.kernels.accumulate(given, parameter.gradient!, 1);
      given.dispose();
    }
    optimizer.learningRate = rate;
    optimizer.step();
    for (const [i, parameter] of parameters.entries()) {
      const expected = tensors.get(`param${i}_step${step}`);
      if (expected !== undefined)
        comparison.values(`param${i} after step ${step}`, await parameter.data(), expected.data as Float32Array);
    }
  }
  optimizer.dispose();
  for (const parameter of parameters) parameter.dispose();
  return comparison;
}

function optimizerOf(op: string, parameters: readonly Tensor[], attrs: OptimizerAttributes): Optimizer {
  const common = {
    learningRate: attrs.lr,
    weightDecay: attrs.weight_decay ?? 0,
    maximumNorm: attrs.clip_grad_norm ?? 0,
  };
  if (op.startsWith('sgd'))
    return new Sgd(parameters, { ...common, momentum: attrs.momentum ?? 0, nesterov: attrs.nesterov ?? false });
  const settings = {
    ...common,
    beta1: attrs.betas![0],
    beta2: attrs.betas![1],
    epsilon: attrs.eps!,
    amsgrad: attrs.amsgrad ?? false,
  };
  return op === 'adamw' ? new AdamW(parameters, settings) : new Adam(parameters, settings);
}
