/** Optimizers fed with given gradients: parameters after some of the steps. */
import { Adam, AdamW, type Optimizer, polynomial, Sgd } from '@voxelgrad/nn';
import { type Device, fromArray, type Tensor, VoxelgradError } from '@voxelgrad/tensor';
import { Attributes } from '../attributes.ts';
import { golden, type ParityCase, readTensors } from '../cases.ts';
import { Comparison, type Tolerance } from '../compare.ts';
import { load } from './ops.ts';

export async function checkOptimizer(entry: ParityCase, device: Device): Promise<Comparison> {
  const tensors = await readTensors(entry);
  const comparison = new Comparison(entry.tolerance as unknown as Tolerance);
  const attrs = new Attributes(entry.attrs);
  const parameters: Tensor[] = [];
  for (let i = 0; tensors.has(`init${i}`); i++)
    parameters.push(load(golden(tensors, `init${i}`), device).requireGradient());
  const optimizer = optimizerOf(entry.op, parameters, attrs);
  const norms = attrs.has('grad_norms_before_clip') ? attrs.numbers('grad_norms_before_clip') : [];
  const rates = attrs.numbers('lr_per_step');
  if (attrs.has('poly_max_steps')) {
    const steps = attrs.number('poly_max_steps');
    const schedule = rates.map((_, step) => polynomial(attrs.number('lr'), step, steps));
    comparison.values('learning rate', schedule, rates);
  }
  attrs.checkAllRead();
  for (const [index, rate] of rates.entries()) {
    const step = index + 1;
    for (const [i, parameter] of parameters.entries()) {
      const values = golden(tensors, `grad${i}_step${step}`).data as Float32Array;
      const given = fromArray(values, parameter.shape, { device });
      device.kernels.accumulate(given, parameter.gradient!, 1);
      given.dispose();
    }
    optimizer.learningRate = rate;
    optimizer.step();
    if (norms[index] !== undefined)
      comparison.values(`gradient norm of step ${step}`, [(await optimizer.statistics()).gradientNorm], [norms[index]]);
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

/** A case is named after its optimizer: `adam`, `adam_amsgrad`. Throws 'option' for others. */
function optimizerOf(op: string, parameters: readonly Tensor[], attrs: Attributes): Optimizer {
  const common = {
    learningRate: attrs.number('lr'),
    weightDecay: attrs.number('weight_decay', 0),
    maximumNorm: attrs.number('clip_grad_norm', 0),
  };
  const kind = op.split('_')[0]!;
  if (kind === 'sgd')
    return new Sgd(parameters, {
      ...common,
      momentum: attrs.number('momentum', 0),
      nesterov: attrs.boolean('nesterov', false),
    });
  if (kind !== 'adam' && kind !== 'adamw')
    throw new VoxelgradError('option', { what: 'an optimizer', expected: 'sgd…, adam… or adamw…', got: op });
  const [beta1, beta2] = attrs.perAxis('betas', 2) as [number, number];
  const settings = {
    ...common,
    beta1,
    beta2,
    epsilon: attrs.number('eps', 1e-8),
    amsgrad: attrs.boolean('amsgrad', false),
  };
  return kind === 'adamw' ? new AdamW(parameters, settings) : new Adam(parameters, settings);
}
