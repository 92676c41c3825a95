/** Each golden op by its PyTorch name, written with this project's ops. `x`, `w`… are in PyTorch's layout. */
import { binaryCrossEntropy, crossEntropy, oneHot } from '@voxelgrad/nn';
import type { PoolOptions, Tensor, Triple } from '@voxelgrad/tensor';
import * as vg from '@voxelgrad/tensor';

type Attributes = Record<string, unknown>;
type Inputs = ReadonlyMap<string, Tensor>;
type OpFunction = (inputs: Inputs, attrs: Attributes) => Tensor | Map<string, Tensor>;

const spatialAxes = (rank: number): number[] => Array.from({ length: rank - 2 }, (_, i) => i + 2);
/** [n, c, …space] → [n, …space, c]. */
export const channelsLast = (x: Tensor): Tensor => vg.permute(x, [0, ...spatialAxes(x.rank), 1]);
export const channelsFirst = (x: Tensor): Tensor =>
  vg.permute(x, [0, x.rank - 1, ...spatialAxes(x.rank).map((axis) => axis - 1)]);
/** (out, in, …kernel) → […kernel, in, out]; transposed convolutions' (in, out, …kernel) → […kernel, out, in]. */
const kernelLast = (w: Tensor): Tensor => vg.permute(w, [...spatialAxes(w.rank), 1, 0]);

const x = (inputs: Inputs): Tensor => inputs.get('x')!;
const get = (inputs: Inputs, name: string): Tensor => inputs.get(name)!;

/** Applies a channels-last op to a channels-first tensor. */
const onChannels = (op: (x: Tensor, inputs: Inputs, attrs: Attributes) => Tensor): OpFunction => {
  return (inputs, attrs) => channelsFirst(op(channelsLast(x(inputs)), inputs, attrs));
};

const convOptions = (inputs: Inputs, attrs: Attributes) => ({
  bias: inputs.get('b'),
  stride: attrs.stride as Triple,
  padding: (attrs.padding ?? 0) as Triple,
  dilation: (attrs.dilation ?? 1) as number,
  groups: (attrs.groups ?? 1) as number,
});

const convolution = (op: typeof vg.conv3d): OpFunction =>
  onChannels((x, inputs, attrs) => op(x, kernelLast(get(inputs, 'w')), convOptions(inputs, attrs)));

const transposed = (op: typeof vg.convTranspose3d): OpFunction =>
  onChannels((x, inputs, attrs) =>
    op(x, kernelLast(get(inputs, 'w')), {
      ...convOptions(inputs, attrs),
      outputPadding: (attrs.output_padding ?? 0) as number,
    }),
  );

const affine = (inputs: Inputs, attrs: Attributes) => ({
  weight: inputs.get('w'),
  bias: inputs.get('b'),
  epsilon: (attrs.eps ?? 1e-5) as number,
});

const unary =
  (op: (x: Tensor) => Tensor): OpFunction =>
  (inputs) =>
    op(x(inputs));
const pair =
  (op: (a: Tensor, b: Tensor) => Tensor): OpFunction =>
  (inputs) =>
    op(get(inputs, 'input'), get(inputs, 'other'));

const reduction = (op: (x: Tensor, options: vg.ReduceOptions & { correction?: number }) => Tensor): OpFunction => {
  return (inputs, { axes, keepdim, unbiased }) =>
    op(x(inputs), {
      axes: axes === 'all' ? undefined : (axes as number[] | undefined),
      keepAxes: keepdim as boolean,
      correction: unbiased === false ? 0 : 1,
    });
};

/** Softmax along any axis: it is moved to the end and back. */
const along = (op: (x: Tensor) => Tensor): OpFunction => {
  return (inputs, { dim }) => {
    const value = x(inputs);
    const axis = ((dim as number) + value.rank) % value.rank;
    const order = [...value.shape.keys()].filter((i) => i !== axis).concat(axis);
    return vg.permute(
      op(vg.permute(value, order)),
      order.map((_, i) => order.indexOf(i)),
    );
  };
};

const pooled = (op: (x: Tensor, options: PoolOptions) => Tensor): OpFunction =>
  onChannels((x, _, attrs) => {
    const triple = (value: unknown): Triple => (typeof value === 'number' ? [value, value, value] : (value as Triple));
    return op(x, {
      kernel: triple(attrs.kernel),
      stride: triple(attrs.stride),
      padding: triple(attrs.padding ?? 0),
      countPadding: (attrs.count_include_pad ?? true) as boolean,
    });
  });

/** torch's pads, from the last axis on: [before, after, before, after, …]. */
function pads(rank: number, flat: readonly number[]): [number, number][] {
  return Array.from({ length: rank }, (_, axis) => {
    const at = 2 * (rank - 1 - axis);
    return [flat[at] ?? 0, flat[at + 1] ?? 0];
  });
}

function sliced(value: Tensor, slices: readonly (readonly (number | null)[])[]): Tensor {
  return slices.reduce((result, [start, end, step], axis) => {
    const extent = result.shape[axis]!;
    const index: number[] = [];
    for (let i = start ?? 0; i < (end ?? extent); i += step ?? 1) index.push(i);
    return vg.gather(result, vg.fromArray(Int32Array.from(index), [index.length], { device: result.device }), axis);
  }, value);
}

/** torch.gather along axis 1 with one index per place: picks by a one-hot mask. */
function pick(value: Tensor, index: Tensor): Tensor {
  const classes = value.shape[1]!;
  const mask = channelsFirst(oneHot(vg.reshape(index, [index.shape[0]!, ...index.shape.slice(2)]), classes));
  return vg.sum(vg.mul(value, mask), { axes: 1, keepAxes: true });
}

function interpolated(value: Tensor, attrs: Attributes): Tensor {
  const factor = (attrs.scale_factor ?? 1) as number;
  const size =
    (attrs.size as number[] | undefined) ?? value.shape.slice(2).map((extent) => Math.floor(extent * factor));
  const planar = size.length === 2;
  const volume = planar ? vg.reshape(value, [...value.shape.slice(0, 2), 1, ...value.shape.slice(2)]) : value;
  const name = attrs.mode as string;
  const mode =
    name === 'trilinear' || name === 'bilinear'
      ? 'linear'
      : name === 'bicubic'
        ? 'cubic'
        : (name as 'nearest' | 'nearest-exact');
  const result = channelsFirst(
    vg.interpolate(channelsLast(volume), (planar ? [1, ...size] : size) as unknown as Triple, {
      mode,
      alignCorners: attrs.align_corners === true,
    }),
  );
  return planar ? vg.reshape(result, [...value.shape.slice(0, 2), ...size]) : result;
}

/** torch's normalised grid (x, y, z in −1 … 1) → voxel coordinates in the order d, h, w. */
function gridSampled(value: Tensor, grid: Tensor, attrs: Attributes): Tensor {
  const extents = value.shape.slice(2);
  const { device } = grid;
  const corners = attrs.align_corners === true;
  const factors = extents.map((extent) => (corners ? (extent - 1) / 2 : extent / 2));
  const shifts = extents.map((extent) => (extent - 1) / 2);
  const reversed = vg.flip(grid.detach(), -1);
  const coordinates = vg.add(
    vg.mul(reversed, vg.fromArray(factors, [3], { device })),
    vg.fromArray(shifts, [3], { device }),
  );
  const mode = attrs.mode === 'nearest' ? 'nearest' : 'linear';
  return channelsFirst(
    vg.sampleGrid(channelsLast(value), coordinates, {
      mode,
      outside: attrs.padding_mode === 'border' ? 'edge' : 'zero',
    }),
  );
}

const EXPRESSIONS: Record<string, OpFunction> = {
  '(a*b+c).transpose(1,2)*b.transpose(1,2)': (inputs) => {
    const [a, b, c] = [get(inputs, 'a'), get(inputs, 'b'), get(inputs, 'c')];
    const swap = [0, 2, 1, 3];
    return vg.mul(vg.permute(vg.add(vg.mul(a, b), c), swap), vg.permute(b, swap));
  },
  '(a-mean(a,[2,3],keepdim))/(exp(b)+1)': (inputs) => {
    const [a, b] = [get(inputs, 'a'), get(inputs, 'b')];
    return vg.div(vg.sub(a, vg.mean(a, { axes: [2, 3], keepAxes: true })), vg.add(vg.exp(b), 1));
  },
  'where(c>0,a,b)': (inputs) => {
    const c = get(inputs, 'c');
    return vg.where(vg.greater(c, vg.scalar(0, { device: c.device })), get(inputs, 'a'), get(inputs, 'b'));
  },
  'a*b*tanh(a)': (inputs) => vg.mul(vg.mul(get(inputs, 'a'), get(inputs, 'b')), vg.tanh(get(inputs, 'a'))),
};

const expression: OpFunction = (inputs, attrs) => EXPRESSIONS[attrs.expr as string]!(inputs, attrs);

const concatenated: OpFunction = (inputs, attrs) => vg.concat([...inputs.values()], attrs.axis as number);

const OPS: Record<string, OpFunction> = {
  conv3d: convolution(vg.conv3d),
  conv2d: convolution(vg.conv2d as typeof vg.conv3d),
  conv_transpose3d: transposed(vg.convTranspose3d),
  conv_transpose2d: transposed(vg.convTranspose2d as typeof vg.convTranspose3d),
  instance_norm: onChannels((x, inputs, attrs) => vg.instanceNorm(x, affine(inputs, attrs))),
  group_norm: onChannels((x, inputs, attrs) => vg.groupNorm(x, attrs.groups as number, affine(inputs, attrs))),
  layer_norm: (inputs, attrs) => vg.layerNorm(x(inputs), affine(inputs, attrs)),
  batch_norm: (inputs, { training, momentum, eps }) => {
    const { y, runningMean, runningVariance } = vg.batchNorm(channelsLast(x(inputs)), {
      weight: get(inputs, 'w'),
      bias: get(inputs, 'b'),
      runningMean: get(inputs, 'running_mean').detach(),
      runningVariance: get(inputs, 'running_var').detach(),
      training: training as boolean,
      momentum: momentum as number,
      epsilon: eps as number,
    });
    const outputs = new Map([['out', channelsFirst(y)]]);
    return training === true
      ? outputs.set('new_running_mean', runningMean).set('new_running_var', runningVariance)
      : outputs;
  },
  leaky_relu: (inputs, attrs) => vg.leakyRelu(x(inputs), attrs.negative_slope as number),
  relu: unary(vg.relu),
  gelu: (inputs, attrs) => (attrs.approximate === 'tanh' ? vg.geluTanh(x(inputs)) : vg.gelu(x(inputs))),
  silu: unary(vg.silu),
  sigmoid: unary(vg.sigmoid),
  tanh: unary(vg.tanh),
  softplus: unary(vg.softplus),
  elu: (inputs, attrs) => vg.elu(x(inputs), attrs.alpha as number),
  exp: unary(vg.exp),
  abs: unary(vg.abs),
  neg: unary(vg.neg),
  log: unary(vg.log),
  sqrt: unary(vg.sqrt),
  rsqrt: unary(vg.rsqrt),
  pow: (inputs, attrs) => vg.pow(x(inputs), attrs.exponent as number),
  clamp: (inputs, attrs) => vg.clamp(x(inputs), attrs.min as number, attrs.max as number),
  softmax: along(vg.softmax),
  log_softmax: along(vg.logSoftmax),
  max_pool3d: pooled(vg.maxPool3d),
  avg_pool3d: pooled(vg.averagePool3d),
  interpolate: (inputs, attrs) => interpolated(x(inputs), attrs),
  sum: reduction(vg.sum),
  mean: reduction(vg.mean),
  var: reduction(vg.variance),
  std: reduction(vg.standardDeviation),
  amax: reduction(vg.max),
  amin: reduction(vg.min),
  logsumexp: reduction(vg.logSumExp),
  cumsum: (inputs, attrs) => vg.cumulativeSum(x(inputs), attrs.axis as number),
  argmax: (inputs, attrs) => vg.argMax(x(inputs), attrs.axis as number),
  matmul: (inputs) => {
    const [a, b] = [...inputs.values()] as [Tensor, Tensor];
    return vg.matmul(a, b);
  },
  cat: concatenated,
  pad: (inputs, attrs) => {
    const amounts = pads(x(inputs).rank, attrs.pad_last_axis_first as number[]);
    if (attrs.mode === 'constant') return vg.pad(x(inputs), amounts, attrs.value as number);
    return vg.padBorder(x(inputs), amounts, attrs.mode === 'reflect' ? 'mirror' : 'edge');
  },
  slice: (inputs, attrs) => sliced(x(inputs), attrs.slices as number[][]),
  flip: (inputs, attrs) => vg.flip(x(inputs), attrs.axes as number[]),
  permute: (inputs, attrs) => vg.permute(x(inputs), attrs.axes as number[]),
  broadcast_chain: expression,
  div_chain: expression,
  where: expression,
  mul_chain: expression,
  maximum: pair(vg.maximum),
  minimum: pair(vg.minimum),
  scatter_onehot: (inputs, attrs) => {
    const index = get(inputs, 'i');
    return channelsFirst(
      oneHot(vg.reshape(index, [index.shape[0]!, ...index.shape.slice(2)]), attrs.classes as number),
    );
  },
  gather: (inputs) => pick(x(inputs), get(inputs, 'i')),
  grid_sample3d: (inputs, attrs) => gridSampled(x(inputs), get(inputs, 'g'), attrs),
  cross_entropy: (inputs) => {
    const logits = channelsLast(x(inputs));
    return crossEntropy(logits, oneHot(get(inputs, 't'), logits.shape.at(-1)!));
  },
  bce_with_logits: (inputs) => binaryCrossEntropy(x(inputs), get(inputs, 't').detach()),
};

/** The op's outputs by their names in the case's file; 'out' is the one that gradients start from. */
export function runOp(op: string, inputs: Inputs, attrs: Attributes): Map<string, Tensor> {
  const run = OPS[op];
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
  if (!Array.isArray(result)) return new Map([['out', result]]);
  const named = new Map<string, Tensor>();
  for (let i = 0; i < result.length; i += 2) named.set(result[i] as string, result[i + 1] as Tensor);
  return named;
}
