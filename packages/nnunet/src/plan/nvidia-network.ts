/**
 * Networks as NVIDIA's nnU-Net plans them (DeepLearningExamples, PyTorch/Segmentation/nnUNet, `get_unet_params` and `build_nnunet`): a given depth and least
 * feature map instead of as many poolings as fit, and filters that may be given. Its DynUNet computes what a PlainConvUNet does: the biases that this has and
 * that has not are undone by the norms behind them.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import { architectureArguments, plainConvUNetClass } from './architecture.ts';
import type { Configuration } from './plans.ts';
import { baseFeatures, mostFeatures, type NvidiaNetwork } from './presets.ts';
import { padToDivisors, type Topology } from './topology.ts';

/** Which axes are pooled: those that are at most twice as coarse as the finest, while they are long enough. */
export function nvidiaTopology(
  spacing: readonly number[],
  extents: readonly number[],
  { depth = 5, smallestFeatureMap = 4 }: NvidiaNetwork = {},
): Topology {
  let [current, size] = [spacing, extents];
  const strides: number[][] = [];
  const kernels: number[][] = [];
  while (strides.length < depth) {
    const finest = Math.min(...current);
    const fine = current.map((value) => value / finest <= 2);
    const stride = size.map((extent, axis) => (fine[axis]! && extent >= 2 * smallestFeatureMap ? 2 : 1));
    if (stride.every((step) => step === 1)) break;
    strides.push(stride);
    kernels.push(fine.map((isFine) => (isFine ? 3 : 1)));
    size = size.map((extent, axis) => extent / stride[axis]!);
    current = current.map((value, axis) => value * stride[axis]!);
  }
  const divisors = spacing.map((_, axis) => strides.reduce((product, stride) => product * stride[axis]!, 1));
  const patch = padToDivisors(extents, divisors);
  // A patch that was made larger may be pooled once more.
  if (patch.some((extent, axis) => extent !== extents[axis]))
    return nvidiaTopology(spacing, patch, { depth, smallestFeatureMap });
  return {
    strides: [spacing.map(() => 1), ...strides],
    kernels: [...kernels, spacing.map(() => 3)],
    patch,
    divisors,
  };
}

/** The configuration with such a network. Throws 'option' where the filters are not as many as the stages, or nothing can be pooled. */
export function withNvidiaNetwork(configuration: Configuration, network: NvidiaNetwork): Configuration {
  const { patch_size: planned, spacing } = configuration;
  const dimension = planned.length === 2 ? '2d' : '3d';
  const extents = dimension === '3d' ? (network.patch ?? planned) : planned;
  const { strides, kernels, patch } = nvidiaTopology(spacing, extents, network);
  const stages = strides.length;
  const features =
    network.features ??
    Array.from({ length: stages }, (_, i) => Math.min(mostFeatures[dimension], baseFeatures * 2 ** i));
  if (features.length !== stages || stages < 2)
    throw new VoxelgradError('option', {
      what: `filters of a network for a patch of ${patch.join(' × ')}`,
      expected: stages < 2 ? 'a patch that can be pooled' : `${stages}, one for each stage`,
      got: String(features.length),
      help: 'change depth, least feature map, patch or filters until they fit each other',
    });
  return {
    ...configuration,
    // 2 images, as NVIDIA trains in 3-D; slices are as many as fit.
    batch_size: dimension === '3d' ? 2 : configuration.batch_size,
    patch_size: patch,
    batch_dice: true,
    ...(network.foregroundMask === true ? { foreground_mask_channel: true } : {}),
    architecture: {
      network_class_name: plainConvUNetClass,
      arch_kwargs: architectureArguments(spacing.length, {
        features_per_stage: features,
        kernel_sizes: kernels,
        strides,
        n_conv_per_stage: features.map(() => 2),
        n_conv_per_stage_decoder: features.slice(1).map(() => 2),
      }),
      _kw_requires_import: ['conv_op', 'norm_op', 'dropout_op', 'nonlin'],
    },
  };
}
