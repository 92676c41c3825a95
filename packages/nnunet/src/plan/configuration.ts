/**
 * One configuration: the largest patch whose network fits into the memory, and a batch size for what is left (`get_plans_for_configuration` of nnU-Net
 * 2.8's planners).
 */
import { roundHalfEven, VoxelgradError } from '@voxelgrad/tensor';
import { networkPlan, networkShape, sizeOf } from './architecture.ts';
import type { NormalizationScheme } from './normalization.ts';
import type { Configuration, ResamplingArguments } from './plans.ts';
import { type PlannerPreset, referenceBatch, smallestBatch } from './presets.ts';
import { poolingTopology, type Topology } from './topology.ts';

export interface PlanningContext {
  readonly preset: PlannerPreset;
  /** Memory to plan for in GB, on the scale of the presets. */
  readonly memory: Readonly<Record<'2d' | '3d', number>>;
  /** No tensor of a batch may be larger than this many bytes: the limit of one buffer on a GPU. */
  readonly largestTensor: number;
  /** Entries of `labels` in dataset.json, with background and ignore label. */
  readonly labelEntries: number;
  readonly normalization: readonly NormalizationScheme[];
  readonly useMask: readonly boolean[];
  readonly preprocessorName: string;
}

export interface ConfigurationRequest {
  readonly dataIdentifier: string;
  /** mm, after transposing. */
  readonly spacing: readonly number[];
  /** Median shape of the resampled cases; need not be whole. */
  readonly medianShape: readonly number[];
  /** Of all resampled cases together. */
  readonly voxelsInDataset: number;
}

/** Larger than any memory holds: the extent of a cube that has the volume of the first patch. */
const firstExtent = { '2d': 2048, '3d': 256 } as const;

export function planConfiguration(
  context: PlanningContext,
  { dataIdentifier, spacing, medianShape, voxelsInDataset }: ConfigurationRequest,
): Omit<Configuration, 'batch_dice'> {
  const { preset, labelEntries } = context;
  const dimension = spacing.length === 2 ? '2d' : '3d';
  const reference = reference2dOr3d(preset, dimension) * (context.memory[dimension] / preset.memory);
  const topology = fitIntoMemory(
    context,
    firstTopology(spacing, medianShape, dimension),
    spacing,
    medianShape,
    reference,
  );
  const estimate = sizeOf(preset, topology, labelEntries);
  const fitting = Math.min(
    roundHalfEven((reference / estimate) * referenceBatch[dimension]),
    roundHalfEven((voxelsInDataset * preset.largestShare) / voxels(topology.patch)),
  );
  return {
    data_identifier: dataIdentifier,
    preprocessor_name: context.preprocessorName,
    batch_size: Math.max(
      smallestBatch,
      Math.min(fitting, Math.floor(context.largestTensor / largestTensor(context, topology))),
    ),
    patch_size: topology.patch,
    median_image_size_in_voxels: medianShape,
    spacing,
    normalization_schemes: context.normalization,
    use_mask_for_norm: context.useMask,
    resampling_fn_data: defaultResampling,
    resampling_fn_seg: defaultResampling,
    resampling_fn_data_kwargs: resamplingArguments(false, 3),
    resampling_fn_seg_kwargs: resamplingArguments(true, 1),
    resampling_fn_probabilities: defaultResampling,
    resampling_fn_probabilities_kwargs: resamplingArguments(false, 1),
    architecture: networkPlan(preset, topology, labelEntries),
  };
}

export const defaultPreprocessor = 'DefaultPreprocessor';

export const defaultResampling = 'resample_data_or_seg_to_shape';

const resamplingArguments = (isSegmentation: boolean, order: number): ResamplingArguments => ({
  is_seg: isSegmentation,
  order,
  order_z: 0,
  force_separate_z: null,
});

const reference2dOr3d = (preset: PlannerPreset, dimension: '2d' | '3d'): number =>
  dimension === '2d' ? preset.reference2d : preset.reference3d;

/** A patch of the same extent in mm along every axis, but no larger than the median case. */
function firstTopology(spacing: readonly number[], medianShape: readonly number[], dimension: '2d' | '3d'): Topology {
  const perVoxel = spacing.map((value) => 1 / value);
  const volume = firstExtent[dimension] ** spacing.length;
  const extent = (volume / voxels(perVoxel)) ** (1 / spacing.length);
  return poolingTopology(
    spacing,
    perVoxel.map((value, axis) => Math.min(roundHalfEven(value * extent), medianShape[axis]!)),
  );
}

function fitIntoMemory(
  context: PlanningContext,
  first: Topology,
  spacing: readonly number[],
  medianShape: readonly number[],
  reference: number,
): Topology {
  const { preset } = context;
  // The plain planner corrects for references that stand for more than the smallest batch, the residual ones do not.
  const dimension = spacing.length === 2 ? '2d' : '3d';
  const correction = preset.residual ? 1 : smallestBatch / referenceBatch[dimension];
  const tooLarge = (topology: Topology): boolean =>
    sizeOf(preset, topology, context.labelEntries) * correction > reference ||
    smallestBatch * largestTensor(context, topology) > context.largestTensor;
  if (first.strides.length < 2)
    throw new VoxelgradError('dataset', {
      what: 'planning',
      expected: 'images of which a network can pool at least one axis: 12 voxels along one, or 8 along two',
      got: `a median shape of ${medianShape.join(' × ')}`,
    });
  let topology = first;
  while (tooLarge(topology)) {
    const axis = largestShare(topology.patch, medianShape);
    // Two steps, since the step itself depends on the patch: a smaller patch may be pooled less often, and may then be reduced by less.
    const step = poolingTopology(spacing, reduced(topology.patch, axis, topology.divisors[axis]!)).divisors[axis]!;
    const patch = reduced(topology.patch, axis, step);
    topology = poolingTopology(spacing, patch);
    if (patch[axis]! < 1 || topology.strides.length < 2)
      throw new VoxelgradError('option', {
        what: `a plan for ${context.memory[dimension]} GB`,
        expected: 'memory for the smallest patch',
        got: `none for a patch of ${patch.join(' × ')}`,
        help: 'give a larger memory target, or a larger target spacing',
      });
  }
  return topology;
}

/** The axis along which the patch covers most of the median case; the last of equal ones. */
function largestShare(patch: readonly number[], medianShape: readonly number[]): number {
  const shares = patch.map((extent, axis) => extent / medianShape[axis]!);
  return shares.lastIndexOf(Math.max(...shares));
}

const reduced = (patch: readonly number[], axis: number, by: number): number[] =>
  patch.map((extent, i) => (i === axis ? extent - by : extent));

/** Bytes of the largest activation for one sample: the joined inputs of the decoder's last stage, in f32. */
const largestTensor = ({ preset, labelEntries }: PlanningContext, topology: Topology): number =>
  2 * networkShape(preset, topology, labelEntries).features[0]! * voxels(topology.patch) * 4;

const voxels = (extents: readonly number[]): number => extents.reduce((product, extent) => product * extent, 1);
