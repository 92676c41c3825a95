/**
 * `plans.json` in nnU-Net's own words: what the planner decided, for every configuration. The keys are the file's, so that a plan read, changed and
 * written again is still one that the official code reads.
 */
import type { IntensityProperties } from '../fingerprint/fingerprint.ts';
import type { SkipFusion } from '../networks/architecture.ts';

export interface ResamplingArguments {
  readonly is_seg: boolean;
  /** Order of the spline: 0 nearest, 1 linear, 3 cubic. */
  readonly order?: number;
  /** The same along an axis that is resampled by itself. */
  readonly order_z?: number;
  /** Whether the coarsest axis is resampled by itself; null: where it is more than three times as coarse as the finest. */
  readonly force_separate_z?: boolean | null;
}

export interface ArchitectureArguments {
  readonly n_stages: number;
  readonly features_per_stage: readonly number[];
  readonly conv_op: string;
  readonly kernel_sizes: readonly (readonly number[])[];
  readonly strides: readonly (readonly number[])[];
  /** Of a plain encoder. */
  readonly n_conv_per_stage?: readonly number[];
  /** Of a residual encoder. */
  readonly n_blocks_per_stage?: readonly number[];
  readonly n_conv_per_stage_decoder: readonly number[];
  readonly conv_bias: boolean;
  readonly norm_op: string;
  readonly norm_op_kwargs: { readonly eps?: number; readonly affine?: boolean } | null;
  readonly dropout_op: string | null;
  readonly dropout_op_kwargs: Readonly<Record<string, unknown>> | null;
  readonly nonlin: string;
  readonly nonlin_kwargs: { readonly inplace?: boolean; readonly negative_slope?: number } | null;
  /**
   * A key of voxelgrad's own: 'add' adds the encoder's outputs to the decoder instead of concatenating them. The official nnU-Net refuses plans that have it.
   */
  readonly skip_fusion?: SkipFusion;
}

export interface NetworkPlan {
  /** A Python class: `dynamic_network_architectures.architectures.unet.PlainConvUNet`. */
  readonly network_class_name: string;
  readonly arch_kwargs: ArchitectureArguments;
  readonly _kw_requires_import: readonly string[];
}

export interface Configuration {
  /** The folder of the preprocessed cases, below that of the data set. */
  readonly data_identifier: string;
  readonly preprocessor_name: string;
  readonly batch_size: number;
  /** [z, y, x], or [y, x] of a 2-D configuration, in voxels. */
  readonly patch_size: readonly number[];
  readonly median_image_size_in_voxels: readonly number[];
  /** mm; two values of a 2-D configuration. */
  readonly spacing: readonly number[];
  /** By channel: ZScoreNormalization, CTNormalization, …. */
  readonly normalization_schemes: readonly string[];
  /** By channel: only voxels inside the nonzero mask are normalised. */
  readonly use_mask_for_norm: readonly boolean[];
  readonly resampling_fn_data: string;
  readonly resampling_fn_seg: string;
  readonly resampling_fn_data_kwargs: ResamplingArguments;
  readonly resampling_fn_seg_kwargs: ResamplingArguments;
  readonly resampling_fn_probabilities: string;
  readonly resampling_fn_probabilities_kwargs: ResamplingArguments;
  readonly architecture: NetworkPlan;
  /** Dice over the whole batch instead of each sample. */
  readonly batch_dice: boolean;
  /**
   * A key of voxelgrad's own: cases get one more channel, which is 1 where no image is 0, else 0. The official nnU-Net does not know it, and finds such a
   * network to have a channel too many.
   */
  readonly foreground_mask_channel?: boolean;
  readonly inherits_from?: string;
  /** Cascade: the configuration whose predictions are further input channels. */
  readonly previous_stage?: string;
  readonly next_stage?: string | readonly string[];
}

/** A configuration as it stands in the file: what it lacks is that of another. */
export type PlannedConfiguration = Configuration | (Partial<Configuration> & { readonly inherits_from: string });

export interface Plans {
  readonly dataset_name: string;
  readonly plans_name: string;
  readonly original_median_spacing_after_transp: readonly number[];
  readonly original_median_shape_after_transp: readonly number[];
  readonly image_reader_writer: string;
  /** Image axis of each array axis: [1, 0, 2] brings the second one to the front. */
  readonly transpose_forward: readonly number[];
  readonly transpose_backward: readonly number[];
  readonly configurations: Readonly<Record<string, PlannedConfiguration>>;
  readonly experiment_planner_used: string;
  readonly label_manager: string;
  readonly foreground_intensity_properties_per_channel: Readonly<Record<string, IntensityProperties>>;
}

/** The text of a plans file, laid out as Python's `json.dump(indent=4)` lays it out. */
export const formatPlans = (plans: Plans): string => JSON.stringify(plans, null, 4);
