/**
 * Which axes are pooled, how often, and where kernels are flat: `get_pool_and_conv_props` of nnU-Net 2.8 (experiment_planning/…/network_topology.py).
 * An axis takes part in a pooling while its spacing is within a factor of two of the smallest one and its feature map stays large enough.
 */

export interface Topology {
  /** One for each stage; the first is all ones. */
  readonly strides: readonly (readonly number[])[];
  /** One for each stage. */
  readonly kernels: readonly (readonly number[])[];
  /** The patch, padded up to what the strides divide. */
  readonly patch: readonly number[];
  /** What each extent must be divisible by: 2 to the number of its poolings. */
  readonly divisors: readonly number[];
}

/** No feature map gets smaller than this along a pooled axis. */
const smallestFeatureMap = 4;

/** `spacing` in mm, `extents` in voxels (need not be whole). */
export function poolingTopology(spacing: readonly number[], extents: readonly number[]): Topology {
  const currentSpacing = [...spacing];
  const size = [...extents];
  const kernel = spacing.map(() => 1);
  const divisors = spacing.map(() => 1);
  const strides = [spacing.map(() => 1)];
  const kernels: number[][] = [];
  for (;;) {
    const pooled = axesToPool(currentSpacing, size);
    if (pooled.length === 0) break;
    // A kernel is 3 from the stage on at which its axis is about as fine as the finest.
    const finest = Math.min(...currentSpacing);
    for (const axis of kernel.keys()) if (currentSpacing[axis]! / finest < 2) kernel[axis] = 3;
    for (const axis of pooled) {
      currentSpacing[axis]! *= 2;
      divisors[axis]! *= 2;
      size[axis] = Math.ceil(size[axis]! / 2);
    }
    strides.push(spacing.map((_, axis) => (pooled.includes(axis) ? 2 : 1)));
    kernels.push([...kernel]);
  }
  kernels.push(spacing.map(() => 3));
  return { strides, kernels, patch: padToDivisors(extents, divisors), divisors };
}

function axesToPool(spacing: readonly number[], size: readonly number[]): number[] {
  const large = [...size.keys()].filter((axis) => size[axis]! >= 2 * smallestFeatureMap);
  const finest = Math.min(...large.map((axis) => spacing[axis]!));
  const fine = large.filter((axis) => spacing[axis]! / finest < 2);
  // A single axis is pooled only where it stays clear of the limit.
  const [only] = fine;
  return fine.length === 1 && size[only!]! < 3 * smallestFeatureMap ? [] : fine;
}

/** Each extent, made whole and divisible. */
export function padToDivisors(extents: readonly number[], divisors: readonly number[]): number[] {
  return extents.map((extent, axis) => {
    const rest = extent % divisors[axis]!;
    return Math.trunc(rest === 0 ? extent : extent + divisors[axis]! - rest);
  });
}
