/**
 * How much each voxel of a window counts where windows overlap.
 *
 * `gaussian` is nnU-Net's `compute_gaussian`: a unit impulse at the patch's centre (extent // 2) under `scipy.ndimage.gaussian_filter` (sigma
 * = extent / 8, cut off at 4 sigma), scaled to a maximum of 10, zeros raised to the smallest value above zero. nnU-Net stores it in f16, where
 * the corners underflow; this one is f32. `average` weighs all voxels alike. `max` keeps the largest value instead of a weighted mean.
 */
export type Blend = 'gaussian' | 'average' | 'max';

export interface GaussianOptions {
  /** Standard deviation as a share of the patch's extent. */
  readonly sigmaScale?: number;
  /** The value at the centre. */
  readonly maximum?: number;
}

/** Weight of every voxel of a window, in row-major order of `patch`. */
export function windowWeights(blend: Blend, patch: readonly number[]): Float32Array {
  return blend === 'gaussian'
    ? gaussianImportance(patch)
    : new Float32Array(patch.reduce((product, extent) => product * extent, 1)).fill(1);
}

export function gaussianImportance(patch: readonly number[], options: GaussianOptions = {}): Float32Array {
  const { sigmaScale = 1 / 8, maximum = 10 } = options;
  let values = Float64Array.of(maximum);
  for (const extent of patch) {
    const line = gaussianLine(extent, extent * sigmaScale);
    values = Float64Array.from({ length: values.length * extent }, (_, i) => {
      return values[Math.floor(i / extent)]! * line[i % extent]!;
    });
  }
  return raiseZeros(Float32Array.from(values));
}

/** The filter's answer to an impulse at extent // 2, scaled to 1 there: the kernel's normalisation cancels. */
function gaussianLine(extent: number, sigma: number): Float64Array {
  const centre = Math.floor(extent / 2);
  const radius = Math.floor(4 * sigma + 0.5);
  return Float64Array.from({ length: extent }, (_, i) => {
    const distance = Math.abs(i - centre);
    return distance > radius ? 0 : Math.exp(-0.5 * (distance / sigma) ** 2);
  });
}

/** A window that has the last word on a voxel must not have the weight 0 there. */
function raiseZeros(values: Float32Array): Float32Array {
  const smallest = values.reduce(
    (least, value) => (value > 0 && value < least ? value : least),
    Number.POSITIVE_INFINITY,
  );
  return values.map((value) => (value === 0 ? smallest : value));
}
