/** Whole networks with given weights: outputs, loss, gradients; how parameters start. */
import { deepSupervision, diceAndCrossEntropy, loadStateDict, type NamedArray, stateDict } from '@voxelgrad/nn';
import { officialNames, ResidualEncoderUNet, type SegmentationNetwork } from '@voxelgrad/nnunet';
import { type Device, noGrad, permute, type Tensor, tidy, VoxelgradError } from '@voxelgrad/tensor';
import { featureMapSize, type NetworkShape } from '../../../packages/nnunet/src/plan/feature-map-size.ts';
import { Attributes } from '../attributes.ts';
import { type CaseTensors, golden, type ParityCase, readTensors } from '../cases.ts';
import { Comparison, exactly, type Tolerance } from '../compare.ts';
import { networkFromWeights, networkOf, optionsOf } from './architecture.ts';
import { channelsFirst, channelsLast } from './channels.ts';
import { targetsOf } from './losses.ts';
import { load } from './ops.ts';

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

/** Each kind of case by its op; others are networks by the names of their classes. */
export async function checkNetwork(entry: ParityCase, device: Device): Promise<Comparison> {
  const attrs = new Attributes(entry.attrs);
  const check =
    entry.op === 'InitWeights_He'
      ? checkInitialization
      : entry.op === 'ResidualEncoderUNet.initialize'
        ? checkZeroParameters
        : checkPass;
  const comparison = await check(entry, attrs, device);
  attrs.checkAllRead();
  return comparison;
}

const LOSSES = {
  'DeepSupervisionWrapper(DC_and_CE_loss batch_dice False)': () => diceAndCrossEntropy({ batchDice: false }),
  'DeepSupervisionWrapper(DC_and_CE_loss batch_dice True)': () => diceAndCrossEntropy({ batchDice: true }),
};

async function checkPass(entry: ParityCase, attrs: Attributes, device: Device): Promise<Comparison> {
  const { rtol, atol, loss_rtol } = entry.tolerance as { rtol: number; atol: number; loss_rtol: number };
  const tensors = await readTensors(entry);
  const comparison = new Comparison({ rtol, atol });
  attrs.describes('network_class_name', `dynamic_network_architectures.architectures.unet.${entry.op}`);
  const network = networkOf(entry.op, optionsOf(attrs, attrs.nested('arch_kwargs')), device);
  const images = golden(tensors, 'x');
  attrs.describes('dim', images.shape.length - 2);
  comparison.values('number of parameters', [network.parameterCount], [attrs.number('param_count')], exactly);
  const patch = images.shape.slice(2);
  const size = attrs.number('compute_conv_feature_map_size');
  comparison.values('feature map size', [featureMapSize(shapeOf(network), patch)], [size], exactly);
  checkNames(
    network.namedParameters().map(([name]) => name),
    attrs,
    comparison,
  );
  loadStateDict(network, weightsOf(tensors, 'sd.'));
  const x = channelsLast(load(images, device));
  const outputs = network.forward(x);
  const compare = async (name: string, output: Tensor): Promise<void> =>
    comparison.values(name, await output.data(), golden(tensors, name).data as Float32Array);
  for (const [i, output] of outputs.entries()) await compare(`out${i}`, channelsFirst(output));
  await compare('out_no_ds', channelsFirst(noGrad(() => network.predict(x))));
  const criterion = deepSupervision(attrs.choice('loss', LOSSES)(), attrs.numbers('ds_weights'));
  const loss = tidy(() => criterion(outputs, targetsOf(tensors, device)));
  loss.backward();
  comparison.values('loss', await loss.data(), golden(tensors, 'loss').data as Float32Array, {
    rtol: loss_rtol,
    atol: 0,
  });
  const parameters = new Map(network.namedParameters());
  for (const [key, expected] of tensors) {
    if (!key.startsWith('grad.')) continue;
    const parameter = parameters.get(key.slice('grad.'.length));
    if (parameter === undefined)
      throw new VoxelgradError('format', {
        what: key,
        expected: 'a parameter of the network',
        got: 'none of that name',
      });
    const got =
      parameter.gradient === undefined
        ? new Float32Array(parameter.size)
        : await noGrad(() => inTorchLayout(parameter.gradient!)).data();
    comparison.values(key, got, expected.data as Float32Array);
  }
  for (const output of [...outputs, loss]) output.dispose();
  network.dispose();
  return comparison;
}

const shapeOf = (network: SegmentationNetwork): NetworkShape => ({
  ...network.architecture,
  residual: network instanceof ResidualEncoderUNet,
  perStage: network.architecture.convsPerStage,
  perDecoderStage: network.architecture.convsPerDecoderStage,
});

/** All names of the official state dict, in its order, and which of them repeat others. */
function checkNames(own: readonly string[], attrs: Attributes, comparison: Comparison): void {
  const official = officialNames(own);
  comparison.json('names', official, attrs.texts('state_dict_keys'));
  const repeated = official.filter((name) => !own.includes(name));
  comparison.json('repeated names', repeated.sort(), attrs.nested('aliases').readKeys().sort());
}

/** The standard deviation of each tensor against the official formula, in units of the allowed relative error. */
async function checkInitialization(entry: ParityCase, attrs: Attributes, device: Device): Promise<Comparison> {
  const comparison = new Comparison({ rtol: entry.tolerance.std_rel!, atol: 1e-12 });
  attrs.describes('neg_slope', 0.01);
  const expected = entry.attrs.params as Record<string, { shape: number[]; expected_std: number | null }>;
  const names = attrs.nested('params').readKeys();
  const { name, options } = networkFromWeights(new Map(names.map((name) => [name, expected[name]!.shape])));
  const network = networkOf(name, options, device);
  const state = await stateDict(network);
  comparison.json('names', [...state.keys()].sort(), names.sort());
  for (const [name, { shape, data }] of state) {
    const { shape: expectedShape, expected_std } = expected[name] ?? {};
    comparison.json(`shape of ${name}`, [...shape], expectedShape);
    // A sample of few values is far from its distribution: the official figures are themselves one draw.
    if (expected_std == null || data.length < 2000) continue;
    const mean = data.reduce((sum, value) => sum + value, 0) / data.length;
    const deviation = Math.sqrt(data.reduce((sum, value) => sum + (value - mean) ** 2, 0) / data.length);
    comparison.values(`deviation of ${name}`, [deviation], [expected_std]);
  }
  network.dispose();
  return comparison;
}

async function checkZeroParameters(entry: ParityCase, attrs: Attributes, device: Device): Promise<Comparison> {
  const comparison = new Comparison(entry.tolerance as unknown as Tolerance);
  const names = attrs.texts('all_params');
  const { name, options } = networkFromWeights(new Map(names.map((name) => [name, undefined])));
  const network = networkOf(name, options, device);
  const state = await stateDict(network);
  comparison.json('names', [...state.keys()].sort(), names.sort());
  for (const name of attrs.texts('zero_params')) {
    const values = state.get(name)?.data ?? [];
    comparison.values(name, values, new Float32Array(values.length));
  }
  network.dispose();
  return comparison;
}
