/** Each golden op by its PyTorch name, written with this project's ops. `x`, `w`… are in PyTorch's layout. */
import { binaryCrossEntropy, crossEntropy, oneHot } from '@voxelgrad/nn';
import type { Tensor, Triple } from '@voxelgrad/tensor';
import * as vg from '@voxelgrad/tensor';
import { Attributes } from '../attributes.ts';
import { channelsFirst, channelsLast, kernelLast } from './channels.ts';
import { evaluate } from './expression.ts';
import { oneHotFirst, padded, picked, sliced } from './indexing.ts';
import { gridSampled, interpolated, pooled } from './sampling.ts';

type Inputs = ReadonlyMap<string, Tensor>;
type OpFunction = (inputs: Inputs, attrs: Attributes) => Tensor | Map<string, Tensor>;

function get(inputs: Inputs, name: string): Tensor {
  const input = inputs.get(name);
  if (input === undefined)
    throw new vg.VoxelgradError('format', {
      what: 'the case',
      expected: `an input in.${name}`,
      got: `${[...inputs.keys()]}`,
    });
  return input;
}
const x = (inputs: Inputs): Tensor => get(inputs, 'x');

/** Applies a channels-last op to a channels-first tensor. */
const onChannels = (op: (x: Tensor, inputs: Inputs, attrs: Attributes) => Tensor): OpFunction => {
  return (inputs, attrs) => channelsFirst(op(channelsLast(x(inputs)), inputs, attrs));
};

function convOptions(inputs: Inputs, attrs: Attributes) {
  const w = get(inputs, 'w');
  attrs.describes('kernel', w.shape.slice(2));
  attrs.describes('bias', inputs.has('b'));
  const perAxis = (name: string, otherwise: number): Triple =>
    attrs.perAxis(name, w.rank - 2, otherwise) as unknown as Triple;
  return { bias: inputs.get('b'), stride: perAxis('stride', 1), padding: perAxis('padding', 0), perAxis };
}

const convolution = (op: typeof vg.conv3d): OpFunction =>
  onChannels((x, inputs, attrs) => {
    const { perAxis, ...options } = convOptions(inputs, attrs);
    const [dilation, groups] = [perAxis('dilation', 1), attrs.number('groups', 1)];
    return op(x, kernelLast(get(inputs, 'w')), { ...options, dilation, groups });
  });

const transposed = (op: typeof vg.convTranspose3d): OpFunction =>
  onChannels((x, inputs, attrs) => {
    const { perAxis, ...options } = convOptions(inputs, attrs);
    return op(x, kernelLast(get(inputs, 'w')), { ...options, outputPadding: perAxis('output_padding', 0) });
  });

function affine(inputs: Inputs, attrs: Attributes) {
  attrs.describes('affine', inputs.has('w'));
  return { weight: inputs.get('w'), bias: inputs.get('b'), epsilon: attrs.number('eps', 1e-5) };
}

const batchNorm: OpFunction = (inputs, attrs) => {
  const training = attrs.boolean('training');
  const { y, runningMean, runningVariance } = vg.batchNorm(channelsLast(x(inputs)), {
    weight: get(inputs, 'w'),
    bias: get(inputs, 'b'),
    runningMean: get(inputs, 'running_mean').detach(),
    runningVariance: get(inputs, 'running_var').detach(),
    training,
    momentum: attrs.number('momentum', 0.1),
    epsilon: attrs.number('eps', 1e-5),
  });
  const outputs = new Map([['out', channelsFirst(y)]]);
  return training ? outputs.set('new_running_mean', runningMean).set('new_running_var', runningVariance) : outputs;
};

const unary =
  (op: (x: Tensor) => Tensor): OpFunction =>
  (inputs) =>
    op(x(inputs));
const pair =
  (op: (a: Tensor, b: Tensor) => Tensor): OpFunction =>
  (inputs) =>
    inputs.has('input') ? op(get(inputs, 'input'), get(inputs, 'other')) : op(get(inputs, 'a'), get(inputs, 'b'));

function reducedAxes(attrs: Attributes): vg.ReduceOptions {
  const all = attrs.is('axes', 'all') || !attrs.has('axes');
  return { axes: all ? undefined : attrs.numbers('axes'), keepAxes: attrs.boolean('keepdim', false) };
}

const reduction = (op: (x: Tensor, options: vg.ReduceOptions) => Tensor): OpFunction => {
  return (inputs, attrs) => op(x(inputs), reducedAxes(attrs));
};

const spread = (op: typeof vg.variance): OpFunction => {
  return (inputs, attrs) =>
    op(x(inputs), { ...reducedAxes(attrs), correction: attrs.boolean('unbiased', true) ? 1 : 0 });
};

/** Softmax along any axis: it is moved to the end and back. */
const along = (op: (x: Tensor) => Tensor): OpFunction => {
  return (inputs, attrs) => {
    const value = x(inputs);
    const axis = (attrs.number('dim') + value.rank) % value.rank;
    const order = [...value.shape.keys()].filter((i) => i !== axis).concat(axis);
    return vg.permute(
      op(vg.permute(value, order)),
      order.map((_, i) => order.indexOf(i)),
    );
  };
};

/** A loss by its mean and by its value at each place, as `reduction` wants it. */
function lossReduced(attrs: Attributes, mean: () => Tensor, places: () => Tensor): Tensor {
  const kinds = { mean, none: places, sum: () => vg.sum(places()) };
  return attrs.choice('reduction', kinds, 'mean')();
}

const crossEntropyOp: OpFunction = (inputs, attrs) => {
  const logits = channelsLast(x(inputs));
  const target = oneHot(get(inputs, 't'), logits.shape.at(-1)!);
  return lossReduced(
    attrs,
    () => crossEntropy(logits, target),
    () => vg.neg(vg.sum(vg.mul(vg.logSoftmax(logits), target), { axes: -1 })),
  );
};

const binaryCrossEntropyOp: OpFunction = (inputs, attrs) => {
  const [logits, target] = [x(inputs), get(inputs, 't').detach()];
  return lossReduced(
    attrs,
    () => binaryCrossEntropy(logits, target),
    () => vg.sub(vg.softplus(logits), vg.mul(logits, target)),
  );
};

const expression: OpFunction = (inputs, attrs) => evaluate(attrs.text('expr'), inputs);

const OPS: Record<string, OpFunction> = {
  conv3d: convolution(vg.conv3d),
  conv2d: convolution(vg.conv2d as typeof vg.conv3d),
  conv_transpose3d: transposed(vg.convTranspose3d),
  conv_transpose2d: transposed(vg.convTranspose2d as typeof vg.convTranspose3d),
  instance_norm: onChannels((x, inputs, attrs) => vg.instanceNorm(x, affine(inputs, attrs))),
  group_norm: onChannels((x, inputs, attrs) => vg.groupNorm(x, attrs.number('groups'), affine(inputs, attrs))),
  layer_norm: (inputs, attrs) => {
    attrs.describes('normalized_shape', x(inputs).shape.slice(-1));
    return vg.layerNorm(x(inputs), affine(inputs, attrs));
  },
  batch_norm: batchNorm,
  leaky_relu: (inputs, attrs) => vg.leakyRelu(x(inputs), attrs.number('negative_slope', 0.01)),
  relu: unary(vg.relu),
  gelu: (inputs, attrs) => attrs.choice('approximate', { none: vg.gelu, tanh: vg.geluTanh }, 'none')(x(inputs)),
  silu: unary(vg.silu),
  sigmoid: unary(vg.sigmoid),
  tanh: unary(vg.tanh),
  softplus: unary(vg.softplus),
  elu: (inputs, attrs) => vg.elu(x(inputs), attrs.number('alpha', 1)),
  exp: unary(vg.exp),
  abs: unary(vg.abs),
  neg: unary(vg.neg),
  log: unary(vg.log),
  sqrt: unary(vg.sqrt),
  rsqrt: unary(vg.rsqrt),
  pow: (inputs, attrs) => vg.pow(x(inputs), attrs.number('exponent')),
  clamp: (inputs, attrs) => vg.clamp(x(inputs), attrs.number('min'), attrs.number('max')),
  softmax: along(vg.softmax),
  log_softmax: along(vg.logSoftmax),
  max_pool3d: (inputs, attrs) => pooled(x(inputs), attrs, 'max', 3),
  avg_pool3d: (inputs, attrs) => pooled(x(inputs), attrs, 'average', 3),
  max_pool2d: (inputs, attrs) => pooled(x(inputs), attrs, 'max', 2),
  avg_pool2d: (inputs, attrs) => pooled(x(inputs), attrs, 'average', 2),
  interpolate: (inputs, attrs) => interpolated(x(inputs), attrs),
  sum: reduction(vg.sum),
  mean: reduction(vg.mean),
  var: spread(vg.variance),
  std: spread(vg.standardDeviation),
  amax: reduction(vg.max),
  amin: reduction(vg.min),
  logsumexp: reduction(vg.logSumExp),
  cumsum: (inputs, attrs) => vg.cumulativeSum(x(inputs), attrs.number('axis')),
  argmax: (inputs, attrs) => vg.argMax(x(inputs), attrs.number('axis')),
  matmul: pair(vg.matmul),
  cat: (inputs, attrs) => vg.concat([...inputs.values()], attrs.number('axis')),
  pad: (inputs, attrs) => padded(x(inputs), attrs),
  slice: (inputs, attrs) => sliced(x(inputs), attrs),
  flip: (inputs, attrs) => vg.flip(x(inputs), attrs.numbers('axes')),
  permute: (inputs, attrs) => vg.permute(x(inputs), attrs.numbers('axes')),
  broadcast_chain: expression,
  div_chain: expression,
  where: expression,
  mul_chain: expression,
  maximum: pair(vg.maximum),
  minimum: pair(vg.minimum),
  scatter_onehot: (inputs, attrs) => {
    attrs.choice('axis', { 1: 1 });
    return oneHotFirst(get(inputs, 'i'), attrs.number('classes'));
  },
  gather: (inputs, attrs) => picked(x(inputs), get(inputs, 'i'), attrs),
  grid_sample3d: (inputs, attrs) => gridSampled(x(inputs), get(inputs, 'g'), attrs, 3),
  grid_sample2d: (inputs, attrs) => gridSampled(x(inputs), get(inputs, 'g'), attrs, 2),
  cross_entropy: crossEntropyOp,
  bce_with_logits: binaryCrossEntropyOp,
};

/**
 * The op's outputs by their names in the case's file; 'out' is the one that gradients start from. Throws 'option' for an op or an attribute that is
 * not known. Any op may be given as an expression of the inputs.
 */
export function runOp(op: string, inputs: Inputs, attributes: Readonly<Record<string, unknown>>): Map<string, Tensor> {
  const attrs = new Attributes(attributes);
  const run = Object.hasOwn(OPS, op) ? OPS[op]! : attrs.has('expr') ? expression : undefined;
  if (run === undefined)
    throw new vg.VoxelgradError('option', {
      what: 'parity',
      expected: 'a known op',
      got: op,
      help: 'add it to tools/parity/areas/run-op.ts',
    });
  const result = vg.tidy(() => {
    const value = run(inputs, attrs);
    return value instanceof Map ? [...value].flat() : value;
  });
  attrs.checkAllRead();
  if (!Array.isArray(result)) return new Map([['out', result]]);
  const named = new Map<string, Tensor>();
  for (let i = 0; i < result.length; i += 2) named.set(result[i] as string, result[i + 1] as Tensor);
  return named;
}
