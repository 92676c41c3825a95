/**
 * From a fingerprint to plans: nnU-Net 2.8's ExperimentPlanner and its residual-encoder presets, to the digit
 * (experiment_planning/experiment_planners/default_experiment_planner.py).
 */
import { type DatasetDescription, imageReaderOf } from '@voxelgrad/io/datasets';
import { roundHalfEven, VoxelgradError } from '@voxelgrad/tensor';
import type { DatasetFingerprint } from '../fingerprint/fingerprint.ts';
import { defaultPreprocessor, type PlanningContext, planConfiguration } from './configuration.ts';
import { normalizationOf, usesMask } from './normalization.ts';
import { withNvidiaNetwork } from './nvidia-network.ts';
import type { Configuration, PlannedConfiguration, Plans } from './plans.ts';
import { type NvidiaNetwork, type PlannerName, type PlannerPreset, plannerPresets } from './presets.ts';
import { fullResolutionSpacing, inOrder, medianOf, resampledShape, transposeFor } from './target-spacing.ts';

export type MemoryTargets = Readonly<Record<'2d' | '3d', number>>;

export interface PlannerOptions {
  readonly planner?: PlannerName;
  /** Memory in GB on nnU-Net's scale, for all configurations or by dimension; that of the planner by default. */
  readonly memory?: number | MemoryTargets;
  /** Bytes that one tensor may have: a GPU's largest buffer. No limit by default, as in nnU-Net. */
  readonly largestTensor?: number;
  /** Name of the plans, and of the folders of preprocessed data. */
  readonly plansName?: string;
  readonly preprocessorName?: string;
  /** Of NVIDIA's planners: changes of their networks. */
  readonly network?: NvidiaNetwork;
  /** [z, y, x] in mm, instead of the one that the fingerprint suggests; for all configurations but 2-D's third axis. */
  readonly targetSpacing?: readonly number[];
}

/** `datasetName`: Dataset004_Hippocampus. Throws 'option' where no network fits into the memory. */
export function planExperiment(
  datasetName: string,
  description: DatasetDescription,
  fingerprint: DatasetFingerprint,
  options: PlannerOptions = {},
): Plans {
  const preset: PlannerPreset = plannerPresets[options.planner ?? 'ExperimentPlanner'];
  if (preset.nvidia === undefined && options.network !== undefined)
    throw new VoxelgradError('option', {
      what: `depth, filters, patch and the like for ${preset.name}`,
      expected: "one of NVIDIA's planners",
      got: preset.name,
    });
  const nvidia = preset.nvidia && { ...preset.nvidia, ...options.network };
  const plansName = options.plansName ?? preset.plansName;
  const { labels } = description;
  const memory = options.memory ?? preset.memory;
  const normalization = description.channelNames.map(normalizationOf);
  const context: PlanningContext = {
    preset,
    memory: typeof memory === 'number' ? { '2d': memory, '3d': memory } : memory,
    largestTensor: options.largestTensor ?? Number.POSITIVE_INFINITY,
    labelEntries: labels.classes.length + 1 + (labels.ignore === undefined ? 0 : 1),
    normalization,
    useMask: usesMask(normalization, fingerprint.median_relative_size_after_cropping),
    preprocessorName: options.preprocessorName ?? defaultPreprocessor,
  };
  const target = checkSpacing(options.targetSpacing) ?? fullResolutionSpacing(fingerprint);
  const { forward, backward } = transposeFor(target);
  const shapes = fingerprint.shapes_after_crop.map((shape, i) =>
    resampledShape(shape, fingerprint.spacings[i]!, target),
  );
  const spacing = inOrder(target, forward);
  const medianShape = inOrder(medianOf(shapes), forward);
  const cases = description.numTraining ?? shapes.length;
  const voxelsInDataset = product(medianShape) * cases;
  // 2-D and full resolution need the same data from all planners, which so share a folder.
  const sharesData = nvidia === undefined ? preset.residual : nvidia.foregroundMask !== true;
  const identifier = (name: string): string =>
    `${sharesData && name !== '3d_lowres' ? plannerPresets.ExperimentPlanner.plansName : plansName}_${name}`;

  const configurations: Record<string, PlannedConfiguration> = {
    '2d': {
      ...planConfiguration(context, {
        dataIdentifier: identifier('2d'),
        spacing: spacing.slice(1),
        medianShape: medianShape.slice(1),
        voxelsInDataset,
      }),
      batch_dice: true,
    },
  };
  if (medianShape[0] !== 1) {
    const request = { dataIdentifier: identifier('3d_fullres'), spacing, medianShape, voxelsInDataset };
    const fullResolution = planConfiguration(context, request);
    const low =
      nvidia === undefined
        ? planLowResolution(context, fullResolution, medianShape, cases, identifier('3d_lowres'))
        : undefined;
    if (low !== undefined)
      configurations['3d_lowres'] = { ...low, batch_dice: false, next_stage: '3d_cascade_fullres' };
    configurations['3d_fullres'] = { ...fullResolution, batch_dice: low !== undefined };
    if (low !== undefined)
      configurations['3d_cascade_fullres'] = { inherits_from: '3d_fullres', previous_stage: '3d_lowres' };
  }
  return {
    dataset_name: datasetName,
    plans_name: plansName,
    original_median_spacing_after_transp: inOrder(medianOf(fingerprint.spacings), forward),
    original_median_shape_after_transp: inOrder(medianOf(fingerprint.shapes_after_crop), forward).map(roundHalfEven),
    image_reader_writer: imageReaderOf(description, fingerprint.shapes_after_crop),
    transpose_forward: forward,
    transpose_backward: backward,
    configurations:
      nvidia === undefined
        ? configurations
        : Object.fromEntries(
            Object.entries(configurations).map(([name, entry]) => [
              name,
              withNvidiaNetwork(entry as Configuration, nvidia),
            ]),
          ),
    experiment_planner_used: preset.name,
    label_manager: 'LabelManager',
    foreground_intensity_properties_per_channel: fingerprint.foreground_intensity_properties_per_channel,
  };
}

/** A patch that shows less than this share of a case sees too little of its surroundings. */
const smallestView = 0.25;
const spacingStep = 1.03;

/** Coarser and coarser cases until a patch shows enough of one. Undefined where full resolution shows enough, or all but enough. */
function planLowResolution(
  context: PlanningContext,
  fullResolution: Omit<Configuration, 'batch_dice'>,
  medianShape: readonly number[],
  cases: number,
  dataIdentifier: string,
): Omit<Configuration, 'batch_dice'> | undefined {
  let spacing = [...fullResolution.spacing];
  let patch = fullResolution.patch_size;
  let medianVoxels = product(medianShape);
  let plan: Omit<Configuration, 'batch_dice'> | undefined;
  while (product(patch) / medianVoxels < smallestView) {
    // Fine axes are made coarser by themselves until they are within a factor of two of the coarsest.
    const coarsest = Math.max(...spacing);
    const isFine = spacing.map((value) => coarsest / value > 2);
    spacing = spacing.map((value, axis) => (isFine.includes(true) && !isFine[axis] ? value : value * spacingStep));
    const shape = spacing.map((value, axis) => (fullResolution.spacing[axis]! / value) * medianShape[axis]!);
    medianVoxels = product(shape);
    plan = planConfiguration(context, {
      dataIdentifier,
      spacing,
      medianShape: shape.map(roundHalfEven),
      voxelsInDataset: medianVoxels * cases,
    });
    patch = plan.patch_size;
  }
  return product(medianShape) / medianVoxels < 2 ? undefined : plan;
}

function checkSpacing(spacing: readonly number[] | undefined): readonly number[] | undefined {
  if (spacing !== undefined && (spacing.length !== 3 || !spacing.every((value) => value > 0)))
    throw new VoxelgradError('option', {
      what: 'target spacing',
      expected: 'three numbers above 0: z, y and x in mm',
      got: spacing.join(', '),
    });
  return spacing;
}

const product = (values: readonly number[]): number => values.reduce((result, value) => result * value, 1);
