/** The part of a configuration that describes its network, as the official planners write it. */
import { featureMapSize, type NetworkShape } from './feature-map-size.ts';
import type { ArchitectureArguments, NetworkPlan } from './plans.ts';
import { baseFeatures, mostFeatures, type PlannerPreset, perDecoderStageOf, perStageOf } from './presets.ts';
import type { Topology } from './topology.ts';

export const plainConvUNetClass = 'dynamic_network_architectures.architectures.unet.PlainConvUNet';
export const residualEncoderUNetClass = 'dynamic_network_architectures.architectures.unet.ResidualEncoderUNet';

/** Features of the network that a topology makes, in 2-D or 3-D. */
export function networkShape(preset: PlannerPreset, topology: Topology, classes: number): NetworkShape {
  const stages = topology.strides.length;
  const most = mostFeatures[topology.patch.length === 2 ? '2d' : '3d'];
  return {
    residual: preset.residual,
    features: Array.from({ length: stages }, (_, stage) => Math.min(most, baseFeatures * 2 ** stage)),
    strides: topology.strides,
    perStage: perStageOf(preset, stages),
    perDecoderStage: perDecoderStageOf(preset, stages),
    classes,
  };
}

export const sizeOf = (preset: PlannerPreset, topology: Topology, classes: number): number =>
  featureMapSize(networkShape(preset, topology, classes), topology.patch);

export function networkPlan(preset: PlannerPreset, topology: Topology, classes: number): NetworkPlan {
  const shape = networkShape(preset, topology, classes);
  return {
    network_class_name: preset.residual ? residualEncoderUNetClass : plainConvUNetClass,
    arch_kwargs: architectureArguments(topology.patch.length, {
      features_per_stage: shape.features,
      kernel_sizes: topology.kernels,
      strides: topology.strides,
      [preset.residual ? 'n_blocks_per_stage' : 'n_conv_per_stage']: shape.perStage,
      n_conv_per_stage_decoder: shape.perDecoderStage,
    }),
    _kw_requires_import: ['conv_op', 'norm_op', 'dropout_op', 'nonlin'],
  };
}

type Stages = Pick<
  ArchitectureArguments,
  | 'features_per_stage'
  | 'kernel_sizes'
  | 'strides'
  | 'n_conv_per_stage'
  | 'n_blocks_per_stage'
  | 'n_conv_per_stage_decoder'
>;

/** What is the same in all of nnU-Net's networks, around what differs. The order of the keys is the official one. */
export function architectureArguments(dimension: number, stages: Stages): ArchitectureArguments {
  const { n_conv_per_stage_decoder, features_per_stage, ...encoder } = stages;
  return {
    n_stages: features_per_stage.length,
    features_per_stage,
    conv_op: `torch.nn.modules.conv.Conv${dimension}d`,
    ...encoder,
    n_conv_per_stage_decoder,
    conv_bias: true,
    norm_op: `torch.nn.modules.instancenorm.InstanceNorm${dimension}d`,
    norm_op_kwargs: { eps: 1e-5, affine: true },
    dropout_op: null,
    dropout_op_kwargs: null,
    nonlin: 'torch.nn.LeakyReLU',
    nonlin_kwargs: { inplace: true },
  };
}
