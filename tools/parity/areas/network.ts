/** Whole networks with given weights: outputs, loss, gradients; how parameters start. */
import { deepSupervision, diceAndCrossEntropy, loadStateDict, type NamedArray, stateDict } from '@voxelgrad/nn';
import { PlainConvUNet, ResidualEncoderUNet, type SegmentationNetwork, type UNetOptions } from '@voxelgrad/nnunet';
import { type Device, noGrad, permute, type Tensor, tidy, VoxelgradError } from '@voxelgrad/tensor';
import { type CaseTensors, type ParityCase, readTensors } from '../cases.ts';
import { Comparison, type Tolerance } from '../compare.ts';
import { targetsOf } from './losses.ts';
import { load } from './ops.ts';
import { channelsFirst, channelsLast } from './run-op.ts';

interface ArchitectureArguments {
  readonly features_per_stage: number[];
  readonly kernel_sizes: number[][];
  readonly strides: number[][];
  readonly n_conv_per_stage?: number[];
  readonly n_blocks_per_stage?: number[];
  readonly n_conv_per_stage_decoder: number[];
  readonly conv_bias: boolean;
}

export function networkOf(name: string, options: UNetOptions, device: Device): SegmentationNetwork {
  return name.includes('ResidualEncoder') || name.includes('resenc')
    ? new ResidualEncoderUNet({ ...options, device })
    : new PlainConvUNet({ ...options, device });
}

function optionsOf(args: ArchitectureArguments, inputChannels: number, classes: number): UNetOptions {
  return {
    inputChannels,
    classes,
    features: args.features_per_stage,
    kernels: args.kernel_sizes,
    strides: args.strides,
    convsPerStage: (args.n_conv_per_stage ?? args.n_blocks_per_stage)!,
    convsPerDecoderStage: args.n_conv_per_stage_decoder,
    bias: args.conv_bias,
  };
}

export function weightsOf(tensors: CaseTensors, prefix: string): Map<string, NamedArray> {
  const found = new Map<string, NamedArray>();
  for (const [key, { shape, data }] of tensors)
    if (key.startsWith(prefix))
      found.set(key.slice(prefix.length), { shape, data: Float32Array.from(data as ArrayLike<number>) });
  return found;
}

const inTorchLayout = (x: Tensor): Tensor =>
  x.rank < 3
    ? x.detach()
    : permute(x.detach(), [x.rank - 1, x.rank - 2, ...Array.from({ length: x.rank - 2 }, (_, i) => i)]);

export async function checkNetwork(entry: ParityCase, device: Device): Promise<Comparison> {
  if (entry.name === 'init_statistics') return checkInitialization(entry, device);
  if (entry.name === 'init_resenc_zero_norms') return checkZeroParameters(entry, device);
  const { rtol, atol, loss_rtol } = entry.tolerance as { rtol: number; atol: number; loss_rtol: number };
  const tensors = await readTensors(entry);
  const comparison = new Comparison({ rtol, atol });
  const attrs = entry.attrs as {
    arch_kwargs: ArchitectureArguments;
    input_channels: number;
    num_classes: number;
    ds_weights: number[];
    param_count: number;
  };
  const network = networkOf(entry.op, optionsOf(attrs.arch_kwargs, attrs.input_channels, attrs.num_classes), device);
  comparison.values('number of parameters', [network.parameterCount], [attrs.param_count]);
  loadStateDict(network, weightsOf(tensors, 'sd.'));
  const x = channelsLast(load(tensors, 'x', device)!);
  const outputs = network.forward(x);
  for (const [i, output] of outputs.entries())
    comparison.values(`out${i}`, await channelsFirst(output).data(), tensors.get(`out${i}`)!.data as Float32Array);
  comparison.values(
    'out_no_ds',
    await channelsFirst(noGrad(() => network.predict(x))).data(),
    tensors.get('out_no_ds')!.data as Float32Array,
  );
  const loss = tidy(() =>
    deepSupervision(diceAndCrossEntropy(), attrs.ds_weights)(outputs, targetsOf(tensors, device)),
  );
  loss.backward();
  const lossComparison = new Comparison({ rtol: loss_rtol, atol: 0 });
  lossComparison.values('loss', await loss.data(), tensors.get('loss')!.data as Float32Array);
  for (const [name, parameter] of network.namedParameters()) {
    const expected = tensors.get(`grad.${name}`);
    if (expected === undefined) continue;
    const got =
      parameter.gradient === undefined
        ? new Float32Array(parameter.size)
        : await noGrad(() => inTorchLayout(parameter.gradient!)).data();
    comparison.values(`grad.${name}`, got, expected.data as Float32Array);
  }
  for (const output of [...outputs, loss]) output.dispose();
  network.dispose();
  return lossComparison.worst > comparison.worst ? lossComparison : comparison;
}

/** The standard deviation of each tensor against the official formula, in units of the allowed relative error. */
async function checkInitialization(entry: ParityCase, device: Device): Promise<Comparison> {
  const attrs = entry.attrs as { params: Record<string, { shape: number[]; expected_std: number | null }> };
  const comparison = new Comparison({ rtol: entry.tolerance.std_rel!, atol: 1e-12 });
  const features = [32, 64, 128].filter((feature) =>
    Object.values(attrs.params).some(({ shape }) => shape[0] === feature),
  );
  const inputChannels = attrs.params['encoder.stages.0.0.convs.0.conv.weight']!.shape[1]!;
  const classes = attrs.params['decoder.seg_layers.0.weight']!.shape[0]!;
  const stages = new Set(Object.keys(attrs.params).flatMap((name) => /^encoder\.stages\.(\d+)/.exec(name)?.[1] ?? []))
    .size;
  while (features.length < stages) features.push(features.at(-1)! * 2);
  const network = networkOf('PlainConvUNet', { inputChannels, classes, features }, device);
  for (const [name, { shape, data }] of await stateDict(network)) {
    const expected = attrs.params[name];
    if (expected === undefined || expected.shape.join() !== shape.join())
      throw new VoxelgradError('shape', { what: name, expected: String(expected?.shape), got: String(shape) });
    // A sample of few values is far from its distribution: the official figures are themselves one draw.
    if (expected.expected_std === null || data.length < 2000) continue;
    const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
    const deviation = Math.sqrt(data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length);
    comparison.values(`deviation of ${name}`, [deviation], [expected.expected_std]);
  }
  network.dispose();
  return comparison;
}

async function checkZeroParameters(entry: ParityCase, device: Device): Promise<Comparison> {
  const { zero_params, all_params } = entry.attrs as { zero_params: string[]; all_params: string[] };
  const comparison = new Comparison(entry.tolerance as unknown as Tolerance);
  const network = networkOf(
    'ResidualEncoderUNet',
    { inputChannels: 1, classes: 3, features: [4, 8, 8], convsPerStage: [1, 2, 2], convsPerDecoderStage: [1, 1] },
    device,
  );
  const state = await stateDict(network);
  const missing = all_params.filter((name) => !state.has(name));
  if (missing.length > 0)
    throw new VoxelgradError('format', { what: 'parameters', expected: missing.join(', '), got: 'none of that name' });
  for (const name of zero_params)
    comparison.values(name, state.get(name)!.data, new Float32Array(state.get(name)!.data.length));
  network.dispose();
  return comparison;
}
