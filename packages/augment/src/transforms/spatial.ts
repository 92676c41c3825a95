/**
 * Rotation and scaling (batchgeneratorsv2 v0.3.5, SpatialTransform as nnU-Net's trainer configures it). Cuts the final patch out of the larger one
 * that was sampled: by interpolation where a sample was rotated or scaled, else by cropping its middle.
 */
import { cast, reshape, sampleGrid, shift, type Tensor, type Triple, tidy } from '@voxelgrad/tensor';
import type { HostRandom } from '../random/host-random.ts';
import { outsideLabel } from '../sampling/read-patches.ts';
import { markOutside, sampleLabels } from './label-sampling.ts';
import type { Range } from './multiplier.ts';
import { type Affine, affineMatrix, samplingGrid } from './sampling-grid.ts';
import type { Patches } from './transform.ts';

export interface SpatialSettings {
  readonly rotationProbability: number;
  /** Angles are uniform between minus and plus this, in radians. */
  readonly rotation: number;
  /** Chance of each axis of a rotated sample; 1 by default. */
  readonly axisProbability?: number;
  readonly scalingProbability: number;
  /** Larger factors make objects smaller. */
  readonly scaling: Range;
  /** Each axis has a factor of its own; by default they have one. */
  readonly scaleAxesApart?: boolean;
  /** Leaves the depth alone: for 2-D patches and "dummy 2-D" augmentation. */
  readonly inPlane: boolean;
  /** How labels are interpolated: each label for itself as nnU-Net does, or by taking the nearest voxel, which is faster with many labels. */
  readonly labelMode: 'per label' | 'nearest';
  /** How images are interpolated; 'linear' by default. */
  readonly imageMode?: 'linear' | 'nearest';
}

/** nnU-Net's settings for patches that are about as deep as wide. */
export const spatialDefaults: SpatialSettings = {
  rotationProbability: 0.2,
  rotation: Math.PI / 6,
  scalingProbability: 0.2,
  scaling: [0.7, 1.4],
  inPlane: false,
  labelMode: 'per label',
};

/** The matrix of one sample, or undefined if it is neither rotated nor scaled. */
export function drawAffine(random: HostRandom, settings: SpatialSettings): Affine | undefined {
  const { rotation, scaling, inPlane, axisProbability = 1, scaleAxesApart = false } = settings;
  const rotates = random.chance(settings.rotationProbability);
  const scales = random.chance(settings.scalingProbability);
  if (!rotates && !scales) return undefined;
  const turned = (): boolean => axisProbability === 1 || random.chance(axisProbability);
  const angle = (): number => (rotates && turned() ? random.uniform(-rotation, rotation) : 0);
  const angles: Triple = inPlane ? [angle(), 0, 0] : [angle(), angle(), angle()];
  const factor = (): number => (scales ? random.uniform(...scaling) : 1);
  const common = factor();
  const [height, width] = scaleAxesApart ? [factor(), factor()] : [common, common];
  return affineMatrix(angles, [inPlane ? 1 : common, height, width]);
}

export interface SpatialParameters {
  /** One for each sample. */
  readonly affines: readonly Affine[];
  /** The patch to cut. */
  readonly size: Triple;
  readonly inPlane?: boolean;
  readonly labelMode?: SpatialSettings['labelMode'];
  readonly imageMode?: SpatialSettings['imageMode'];
  /** The labels that occur, in ascending order; needed for 'per label'. */
  readonly labels: readonly number[];
  /** Those that occur in what the stage before found. */
  readonly previousLabels?: readonly number[];
}

/** Patches of `size` voxels around the middle of larger ones, rotated and scaled. Outside images are 0 and labels −1. */
export function applySpatial({ image, label, previous }: Patches, parameters: SpatialParameters): Patches {
  const { affines, size, labels, previousLabels = [], inPlane = false } = parameters;
  const { labelMode = 'per label', imageMode = 'linear' } = parameters;
  const space = label.shape.slice(1) as unknown as Triple;
  return tidy(() => {
    const grid = samplingGrid(affines, size, space, image.device);
    const sampled = (label: Tensor, present: readonly number[]): Tensor =>
      labelMode === 'nearest'
        ? nearestLabels(label, grid)
        : markOutside(sampleLabels(label, grid, present), affines, space, inPlane);
    return {
      image: sampleGrid(image, grid, { mode: imageMode }),
      label: sampled(label, labels),
      ...(previous === undefined ? {} : { previous: sampled(previous, previousLabels) }),
    };
  });
}

/** Outside is 0 to the sampler, so labels are shifted until −1 is 0. */
function nearestLabels(label: Tensor, grid: Tensor): Tensor {
  const shifted = shift(cast(reshape(label, [...label.shape, 1]), 'f32'), -outsideLabel);
  const sampled = sampleGrid(shifted, grid, { mode: 'nearest' });
  return reshape(cast(shift(sampled, outsideLabel), 'i32'), grid.shape.slice(0, 4));
}
