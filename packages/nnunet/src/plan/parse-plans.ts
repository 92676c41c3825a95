/**
 * Reads plans that any version of nnU-Net v2 wrote, or someone by hand. Plans of before version 2.4 describe networks in other words and are converted,
 * as `ConfigurationManager` of nnU-Net 2.8 does (utilities/plans_handling/plans_handler.py). What voxelgrad does not know is kept as it is.
 */
import { VoxelgradError } from '@voxelgrad/tensor';
import { readIntensityProperties } from '../fingerprint/fingerprint.ts';
import { JsonReader } from '../json/json-reader.ts';
import { skipFusions } from '../networks/architecture.ts';
import { architectureArguments, plainConvUNetClass, residualEncoderUNetClass } from './architecture.ts';
import type { ArchitectureArguments, Configuration, PlannedConfiguration, Plans } from './plans.ts';

/** Throws 'format' for what is no plan. */
export function parsePlans(text: string, file = 'plans.json'): Plans {
  const json = JsonReader.parse(text, file);
  const oldName = 'foreground_intensity_properties_by_modality';
  const properties = json.at(json.has(oldName) ? oldName : 'foreground_intensity_properties_per_channel');
  const configurations = json.at('configurations');
  const { [oldName]: _, ...rest } = json.raw as Record<string, unknown>;
  const plans: Plans = {
    ...rest,
    dataset_name: json.at('dataset_name').text(),
    plans_name: json.at('plans_name').text(),
    original_median_spacing_after_transp: json.at('original_median_spacing_after_transp').numbers(),
    original_median_shape_after_transp: json.at('original_median_shape_after_transp').numbers(),
    image_reader_writer: json.at('image_reader_writer').text(),
    transpose_forward: permutation(json.at('transpose_forward')),
    transpose_backward: permutation(json.at('transpose_backward')),
    configurations: Object.fromEntries(
      configurations.keys().map((name) => [name, readConfiguration(configurations.at(name))]),
    ),
    experiment_planner_used: json.at('experiment_planner_used').text(),
    label_manager: json.at('label_manager').text(),
    foreground_intensity_properties_per_channel: Object.fromEntries(
      properties.keys().map((channel) => [channel, readIntensityProperties(properties.at(channel))]),
    ),
  };
  for (const name of Object.keys(plans.configurations)) checkConfiguration(plans, name, file);
  return plans;
}

/** A configuration with all that it inherits. Throws 'option' for one that the plans do not have. */
export function configurationOf(plans: Plans, name: string): Configuration {
  return resolve(plans, name, []) as Configuration;
}

function resolve(plans: Plans, name: string, visited: readonly string[]): Partial<Configuration> {
  const entry = Object.hasOwn(plans.configurations, name) ? plans.configurations[name] : undefined;
  if (entry === undefined)
    throw new VoxelgradError('option', {
      what: `configuration of ${plans.plans_name}`,
      expected: Object.keys(plans.configurations).join(', '),
      got: name,
    });
  if (visited.includes(name))
    throw new VoxelgradError('format', {
      what: `configuration ${name} of ${plans.plans_name}`,
      expected: 'no circle of configurations that inherit from each other',
      got: [...visited, name].join(' from '),
    });
  if (entry.inherits_from === undefined) return entry;
  return { ...resolve(plans, entry.inherits_from, [...visited, name]), ...entry };
}

function permutation(json: JsonReader): number[] {
  const axes = json.counts();
  if (axes.length !== 3 || ![0, 1, 2].every((axis) => axes.includes(axis)))
    throw json.unexpected('the axes 0, 1 and 2 in some order');
  return axes;
}

/** Only keys that the configurations of others may overwrite are read here; the whole is checked once it is put together. */
function readConfiguration(json: JsonReader): PlannedConfiguration {
  json.keys();
  const entry = json.raw as PlannedConfiguration & Record<string, unknown>;
  return json.has('UNet_class_name') ? fromOldFormat(json, entry) : entry;
}

/** Everything a configuration must have, after inheritance. */
function checkConfiguration(plans: Plans, name: string, file: string): void {
  const json = JsonReader.of(configurationOf(plans, name), `${file}: configurations.${name}`);
  for (const key of ['data_identifier', 'preprocessor_name', 'resampling_fn_data', 'resampling_fn_seg'])
    json.at(key).text();
  json.at('batch_size').count(1);
  const dimension = json.at('patch_size').counts(1).length;
  json.at('spacing').numbers(dimension);
  if (dimension !== 2 && dimension !== 3) throw json.at('patch_size').unexpected('two or three extents');
  const schemes = json.at('normalization_schemes').texts();
  if (json.at('use_mask_for_norm').items().length !== schemes.length)
    throw json.at('use_mask_for_norm').unexpected(`true or false for each of ${schemes.length} channels`);
  for (const item of json.at('use_mask_for_norm').items()) item.boolean();
  json.at('batch_dice').boolean();
  if (json.has('foreground_mask_channel')) json.at('foreground_mask_channel').boolean();
  checkArchitecture(json.at('architecture'), dimension);
}

function checkArchitecture(json: JsonReader, dimension: number): void {
  json.at('network_class_name').text();
  const args = json.at('arch_kwargs');
  const stages = args.at('n_stages').count(1);
  const listed = (key: string, length: number): JsonReader[] => {
    const items = args.at(key).items();
    if (items.length !== length) throw args.at(key).unexpected(`${length} entries`);
    return items;
  };
  for (const item of listed('features_per_stage', stages)) item.count(1);
  for (const key of ['kernel_sizes', 'strides'])
    for (const item of listed(key, stages))
      if (item.counts(1).length !== dimension) throw item.unexpected(`${dimension} extents`);
  const perStage = args.has('n_blocks_per_stage') ? 'n_blocks_per_stage' : 'n_conv_per_stage';
  for (const item of listed(perStage, stages)) item.count(1);
  for (const item of listed('n_conv_per_stage_decoder', stages - 1)) item.count(1);
  if (args.has('skip_fusion') && !(skipFusions as readonly string[]).includes(args.at('skip_fusion').text()))
    throw args.at('skip_fusion').unexpected(skipFusions.join(' or '));
}

const oldKeys = [
  'UNet_class_name',
  'UNet_base_num_features',
  'unet_max_num_features',
  'n_conv_per_stage_encoder',
  'n_conv_per_stage_decoder',
  'num_pool_per_axis',
  'pool_op_kernel_sizes',
  'conv_kernel_sizes',
];

function fromOldFormat(json: JsonReader, entry: PlannedConfiguration & Record<string, unknown>): PlannedConfiguration {
  const className = json.at('UNet_class_name').text();
  if (className !== 'PlainConvUNet' && className !== 'ResidualEncoderUNet')
    throw json.at('UNet_class_name').unexpected('PlainConvUNet or ResidualEncoderUNet');
  const perStage = json.at('n_conv_per_stage_encoder').counts(1);
  const [base, most] = [json.at('UNet_base_num_features').count(1), json.at('unet_max_num_features').count(1)];
  const extents = (key: string): number[][] =>
    json
      .at(key)
      .items()
      .map((item) => item.counts(1));
  const plain = className === 'PlainConvUNet';
  const stages: ArchitectureArguments = architectureArguments(json.at('patch_size').items().length, {
    features_per_stage: perStage.map((_, stage) => Math.min(most, base * 2 ** stage)),
    kernel_sizes: extents('conv_kernel_sizes'),
    strides: extents('pool_op_kernel_sizes'),
    [plain ? 'n_conv_per_stage' : 'n_blocks_per_stage']: perStage,
    n_conv_per_stage_decoder: json.at('n_conv_per_stage_decoder').counts(1),
  });
  const kept = Object.entries(entry).filter(([key]) => !oldKeys.includes(key));
  return {
    ...(Object.fromEntries(kept) as Omit<Configuration, 'architecture'>),
    architecture: {
      network_class_name: plain ? plainConvUNetClass : residualEncoderUNetClass,
      arch_kwargs: stages,
      _kw_requires_import: ['conv_op', 'norm_op', 'dropout_op', 'nonlin'],
    },
  };
}
