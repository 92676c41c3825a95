/** The network that a configuration describes. */
import { VoxelgradError } from '@voxelgrad/tensor';
import { LEAKY_SLOPE, type UNetOptions } from '../networks/architecture.ts';
import { PlainConvUNet } from '../networks/plain-conv-unet.ts';
import { ResidualEncoderUNet } from '../networks/residual-encoder-unet.ts';
import type { NetworkPlacement, SegmentationNetwork } from '../networks/unet.ts';
import type { ArchitectureArguments, Configuration, NetworkPlan } from './plans.ts';

/** Throws 'option' for networks that voxelgrad does not have. */
export function networkOfConfiguration(
  { architecture }: Pick<Configuration, 'architecture'>,
  inputChannels: number,
  classes: number,
  placement: NetworkPlacement,
): SegmentationNetwork {
  const options = { ...networkOptions(architecture, inputChannels, classes), ...placement };
  return isResidual(architecture) ? new ResidualEncoderUNet(options) : new PlainConvUNet(options);
}

/** The architecture in voxelgrad's words. */
export function networkOptions(plan: NetworkPlan, inputChannels: number, classes: number): UNetOptions {
  const { arch_kwargs: args } = plan;
  const residual = isResidual(plan);
  const batch = String(args.norm_op).includes('BatchNorm');
  check('norm_op', args.norm_op, batch || String(args.norm_op).includes('InstanceNorm'), 'InstanceNorm or BatchNorm');
  check('norm_op_kwargs.affine', false, args.norm_op_kwargs?.affine !== false, 'true');
  check('dropout_op', args.dropout_op, (args.dropout_op ?? null) === null, 'null');
  return {
    inputChannels,
    classes,
    features: args.features_per_stage,
    kernels: args.kernel_sizes,
    strides: args.strides,
    convsPerStage: (residual ? args.n_blocks_per_stage : args.n_conv_per_stage) ?? [],
    convsPerDecoderStage: args.n_conv_per_stage_decoder,
    bias: args.conv_bias,
    epsilon: number('norm_op_kwargs.eps', args.norm_op_kwargs?.eps ?? 1e-5),
    slope: slopeOf(args),
    norm: batch ? 'batch' : 'instance',
    skipFusion: args.skip_fusion ?? 'concatenate',
  };
}

/** The configuration with batch norms instead, as nnUNetTrainerBN makes it; plans do not tell of it. */
export const withBatchNorm = (configuration: Configuration): Configuration => {
  const { architecture, patch_size } = configuration;
  const norm_op = `torch.nn.modules.batchnorm.BatchNorm${patch_size.length}d`;
  const arch_kwargs = { ...architecture.arch_kwargs, norm_op, norm_op_kwargs: { eps: 1e-5, affine: true } };
  return { ...configuration, architecture: { ...architecture, arch_kwargs } };
};

/** A ReLU is a LeakyReLU without its slope. */
function slopeOf({ nonlin, nonlin_kwargs: settings }: ArchitectureArguments): number {
  const name = String(nonlin).split('.').at(-1);
  check('nonlin', nonlin, name === 'LeakyReLU' || name === 'ReLU', 'LeakyReLU or ReLU');
  return name === 'ReLU' ? 0 : number('nonlin_kwargs.negative_slope', settings?.negative_slope ?? LEAKY_SLOPE);
}

/** Whether the network's encoder is a residual one. */
export function isResidual({ network_class_name }: NetworkPlan): boolean {
  const name = network_class_name.split('.').at(-1)!;
  check('network_class_name', network_class_name, networkNames.includes(name), networkNames.join(' or '));
  return name === 'ResidualEncoderUNet';
}

const networkNames: readonly string[] = ['PlainConvUNet', 'ResidualEncoderUNet'];

function number(key: string, value: unknown): number {
  check(key, value, typeof value === 'number' && Number.isFinite(value), 'a number');
  return value as number;
}

function check(key: string, got: unknown, holds: boolean, expected: string): void {
  if (!holds)
    throw new VoxelgradError('option', { what: `architecture of the plans: ${key}`, expected, got: String(got) });
}
