/** Targets for the outputs of a network at several resolutions (batchgeneratorsv2, DownsampleSegForDSTransform). */
import { nearestTarget } from '@voxelgrad/nn';
import { roundHalfEven, type Tensor, type Triple, tidy } from '@voxelgrad/tensor';

/** `target [n, d, h, w]` or `[n, d, h, w, r]` at each scale (shares of the resolution along depth, height and width), by the nearest voxel. */
export function applyDeepSupervision(target: Tensor, scales: readonly Triple[]): Tensor[] {
  const at = (scale: Triple): Tensor =>
    nearestTarget(
      target,
      scale.map((share, axis) => roundHalfEven(target.shape[axis + 1]! * share)),
    );
  return scales.map((scale) => tidy(() => at(scale)));
}

/** 1 over the product of the strides up to each stage but the last, as nnU-Net's trainer has it. */
export function deepSupervisionScales(strides: readonly Triple[]): Triple[] {
  return strides.slice(0, -1).map((_, stage) => {
    const share = (axis: 0 | 1 | 2): number =>
      1 / strides.slice(0, stage + 1).reduce((product, stride) => product * stride[axis], 1);
    return [share(0), share(1), share(2)];
  });
}
