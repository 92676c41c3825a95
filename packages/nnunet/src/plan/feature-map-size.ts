/**
 * nnU-Net's stand-in for memory: the number of values that the convolutions of a network give for one patch (`compute_conv_feature_map_size` of
 * dynamic-network-architectures). Networks are trained with deep supervision, but counted without.
 */

export interface NetworkShape {
  readonly residual: boolean;
  readonly features: readonly number[];
  readonly strides: readonly (readonly number[])[];
  /** Convolutions of a plain stage, blocks of a residual one. */
  readonly perStage: readonly number[];
  readonly perDecoderStage: readonly number[];
  readonly classes: number;
}

export function featureMapSize(network: NetworkShape, patch: readonly number[]): number {
  const { features, strides, perStage, perDecoderStage, classes } = network;
  let size = patch;
  // A residual encoder begins with a convolution that has the features of its first stage.
  let total = network.residual ? features[0]! * voxels(patch) : 0;
  const sizes = strides.map((stride, stage) => {
    const before = size;
    size = size.map((extent, axis) => Math.floor(extent / stride[axis]!));
    const one = features[stage]! * voxels(size);
    if (!network.residual) total += perStage[stage]! * one;
    else {
      const shrinks = size.some((extent, axis) => extent !== before[axis]);
      const widens = features[stage] !== features[Math.max(0, stage - 1)];
      total += 2 * perStage[stage]! * one + (shrinks || widens ? one : 0);
    }
    return size;
  });
  for (let stage = features.length - 2; stage >= 0; stage--) {
    const convolutions = perDecoderStage[features.length - 2 - stage]! + 1;
    total += convolutions * features[stage]! * voxels(sizes[stage]!);
  }
  return total + classes * voxels(sizes[0]!);
}

const voxels = (size: readonly number[]): number => size.reduce((product, extent) => product * extent, 1);
