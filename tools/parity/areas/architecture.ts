/** Networks as cases describe them: by the official constructor's arguments, or by nothing but the names and shapes of their weights. */
import { PlainConvUNet, ResidualEncoderUNet, type SegmentationNetwork, type UNetOptions } from '@voxelgrad/nnunet';
import { type Device, VoxelgradError } from '@voxelgrad/tensor';
import type { Attributes } from '../attributes.ts';

const NETWORKS = { PlainConvUNet, ResidualEncoderUNet };

/** A network by the name of the official class. Throws 'option' for others. */
export function networkOf(name: string, options: UNetOptions, device: Device): SegmentationNetwork {
  if (!Object.hasOwn(NETWORKS, name))
    throw new VoxelgradError('option', { what: 'a network', expected: Object.keys(NETWORKS).join(' or '), got: name });
  return new NETWORKS[name as keyof typeof NETWORKS]({ ...options, device });
}

/** The official constructor's arguments. */
export function optionsOf(attrs: Attributes, args: Attributes): UNetOptions {
  const features = args.numbers('features_per_stage');
  args.describes('n_stages', features.length);
  const norm = args.has('norm_op_kwargs') ? args.nested('norm_op_kwargs') : undefined;
  norm?.describes('affine', true);
  return {
    inputChannels: attrs.number('input_channels'),
    classes: attrs.number('num_classes'),
    features,
    kernels: args.lists('kernel_sizes') as number[][],
    strides: args.lists('strides') as number[][],
    convsPerStage: args.numbers(args.has('n_blocks_per_stage') ? 'n_blocks_per_stage' : 'n_conv_per_stage'),
    convsPerDecoderStage: args.numbers('n_conv_per_stage_decoder'),
    bias: args.boolean('conv_bias', false),
    ...(norm !== undefined && { epsilon: norm.number('eps', 1e-5) }),
  };
}

/** What names and, where they are known, shapes of weights (PyTorch's layout) tell of their network. */
export function networkFromWeights(shapes: ReadonlyMap<string, readonly number[] | undefined>): {
  readonly name: keyof typeof NETWORKS;
  readonly options: UNetOptions;
} {
  const names = [...shapes.keys()];
  const residual = names.some((name) => name.startsWith('encoder.stem.'));
  const count = (pattern: RegExp): number => new Set(names.flatMap((name) => pattern.exec(name)?.[1] ?? [])).size;
  const stages = [...Array(count(/^encoder\.stages\.(\d+)\./)).keys()];
  const lastConv = (stage: number): string =>
    residual ? `encoder.stages.${stage}.blocks.0.conv1.conv.weight` : `encoder.stages.${stage}.0.convs.0.conv.weight`;
  const features: number[] = [];
  for (const stage of stages) {
    // Without shapes any widths do that need a projection where there is one.
    const projected = names.includes(`encoder.stages.${stage}.blocks.0.skip.1.norm.weight`);
    features.push(shapes.get(lastConv(stage))?.[0] ?? (features.at(-1) ?? 4) * (projected ? 2 : 1));
  }
  const first = shapes.get(residual ? 'encoder.stem.convs.0.conv.weight' : lastConv(0));
  const head = shapes.get('decoder.seg_layers.0.weight');
  return {
    name: residual ? 'ResidualEncoderUNet' : 'PlainConvUNet',
    options: {
      inputChannels: first?.[1] ?? 1,
      classes: head?.[0] ?? 2,
      features,
      convsPerStage: stages.map((stage) =>
        count(new RegExp(`^encoder\\.stages\\.${stage}\\.${residual ? 'blocks' : '0\\.convs'}\\.(\\d+)`)),
      ),
      convsPerDecoderStage: stages
        .slice(1)
        .map((_, stage) => count(new RegExp(`^decoder\\.stages\\.${stage}\\.convs\\.(\\d+)`))),
      bias: names.includes('decoder.stages.0.convs.0.conv.bias'),
    },
  };
}
