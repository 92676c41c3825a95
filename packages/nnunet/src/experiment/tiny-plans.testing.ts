/** Plans of networks so small that tests train them in seconds. */
import type { Configuration, Plans } from '../plan/plans.ts';

export function tinyPlans(datasetName: string, { cascade = false } = {}): Plans {
  const stages = {
    '3d_lowres': { ...configuration('3d_lowres', 3), spacing: [2, 2, 2], next_stage: '3d_cascade_fullres' },
    '3d_cascade_fullres': { inherits_from: '3d_fullres', previous_stage: '3d_lowres' },
  };
  return {
    dataset_name: datasetName,
    plans_name: 'nnUNetPlans',
    original_median_spacing_after_transp: [1, 1, 1],
    original_median_shape_after_transp: [12, 12, 12],
    image_reader_writer: 'SimpleITKIO',
    transpose_forward: [0, 1, 2],
    transpose_backward: [0, 1, 2],
    configurations: {
      '2d': configuration('2d', 2),
      '3d_fullres': configuration('3d_fullres', 3),
      ...(cascade ? stages : {}),
    },
    experiment_planner_used: 'ExperimentPlanner',
    label_manager: 'LabelManager',
    foreground_intensity_properties_per_channel: {
      0: { max: 2, mean: 0, median: 0, min: -2, percentile_00_5: -2, percentile_99_5: 2, std: 1 },
    },
  };
}

function configuration(name: string, dimensions: 2 | 3): Configuration {
  const each = <Value>(value: Value): Value[] => new Array<Value>(dimensions).fill(value);
  const resampling = { is_seg: false, order: 3, order_z: 0, force_separate_z: null };
  return {
    data_identifier: `nnUNetPlans_${name}`,
    preprocessor_name: 'DefaultPreprocessor',
    batch_size: 2,
    patch_size: each(8),
    median_image_size_in_voxels: each(12),
    spacing: each(1),
    normalization_schemes: ['ZScoreNormalization'],
    use_mask_for_norm: [false],
    resampling_fn_data: 'resample_data_or_seg_to_shape',
    resampling_fn_seg: 'resample_data_or_seg_to_shape',
    resampling_fn_data_kwargs: resampling,
    resampling_fn_seg_kwargs: { ...resampling, is_seg: true, order: 1 },
    resampling_fn_probabilities: 'resample_data_or_seg_to_shape',
    resampling_fn_probabilities_kwargs: { ...resampling, order: 1 },
    architecture: {
      network_class_name: 'dynamic_network_architectures.architectures.unet.PlainConvUNet',
      arch_kwargs: {
        n_stages: 2,
        features_per_stage: [4, 8],
        conv_op: `torch.nn.modules.conv.Conv${dimensions}d`,
        kernel_sizes: [each(3), each(3)],
        strides: [each(1), each(2)],
        n_conv_per_stage: [1, 1],
        n_conv_per_stage_decoder: [1],
        conv_bias: true,
        norm_op: `torch.nn.modules.instancenorm.InstanceNorm${dimensions}d`,
        norm_op_kwargs: { eps: 1e-5, affine: true },
        dropout_op: null,
        dropout_op_kwargs: null,
        nonlin: 'torch.nn.LeakyReLU',
        nonlin_kwargs: { inplace: true },
      },
      _kw_requires_import: ['conv_op', 'norm_op', 'dropout_op', 'nonlin'],
    },
    batch_dice: true,
  };
}
